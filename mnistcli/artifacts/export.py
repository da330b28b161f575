"""A network in the formats of other runtimes, each checked against the original."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.model import IMAGE_SHAPE, Network, count_steps, find_recurrent, unrolled
from mnistcli.model.backend import keras, tf
from mnistcli.model.construct import KERAS_ERRORS, explain
from mnistcli.recognition import load_lite_model
from mnistcli.runs import Artifact, RunDirectory, remove_file, write_whole

TOLERANCE = 1e-4  # of the largest output
HALF_TOLERANCE = 1e-2  # where weights have 11 bits
CHECKED_IMAGES = 4
UNROLLED_STEPS = 28  # a row of pixels each; more take long to convert


class ExportError(Exception):
    """A network cannot be had in a format; the message is one line."""


def export_litert(network: Network, half_precision: bool = False) -> bytes:
    """Return the contents of a .tflite file that gives what the network gives.

    It takes float32 pixels 0 to 255 (batch, 28, 28, 1), any number of them.

    Args:
        half_precision: keep the weights in float16, in half of the bytes.

    Raises:
        ExportError: it cannot be converted, does not run in LiteRT, or gives other outputs there.
    """
    model = network.model
    recurrent = [layer for layer in model.layers if find_recurrent(layer)]
    short_sequences = [layer for layer in recurrent if count_steps(layer) <= UNROLLED_STEPS]
    if model.input_shape[1:] != IMAGE_SHAPE:
        reshape = keras.layers.Reshape(model.input_shape[1:])
        model = keras.Sequential([keras.Input(IMAGE_SHAPE), reshape, model])
    settings: dict[str, Any] = {}
    if half_precision:
        settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
        settings["target_spec"] = {"supported_types": [tf.float16]}
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.tflite"
        try:
            with unrolled(short_sequences):
                model.export(path, format="litert", verbose=False, **settings)
        except Exception as error:  # the converter's errors have no common class
            raise ExportError(f"LiteRT's converter: {explain(error)}") from None
        _check_equal(path, model, HALF_TOLERANCE if half_precision else TOLERANCE)
        return path.read_bytes()


def export_keras(network: Network) -> bytes:
    """Return the contents of a .keras file, which `keras.models.load_model` reads.

    Raises:
        ExportError: Keras cannot save a layer.
    """
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.keras"
        try:
            network.model.save(path)
        except KERAS_ERRORS as error:
            raise ExportError(f"Keras cannot save it: {explain(error)}") from None
        return path.read_bytes()


# The model files of a run.
EXPORTERS: Mapping[str, Callable[[Network], bytes]] = {
    "model.keras": export_keras,
    "model.tflite": export_litert,
}


def write_model_files(run: RunDirectory, network: Network) -> dict[str, Artifact]:
    """Write a network in each format that can hold it.

    Returns:
        For each file its SHA-256, or the problem for which there is none.

    Raises:
        RunError: a file cannot be written.
    """
    artifacts = {}
    for name, export in EXPORTERS.items():
        try:
            content = export(network)
        except ExportError as error:
            artifacts[name] = Artifact(problem=str(error))
            remove_file(run.path / name)  # of an earlier best epoch
        else:
            write_whole(run.path / name, content)
            artifacts[name] = Artifact(sha256=hashlib.sha256(content).hexdigest())
    return artifacts


def _check_equal(path: Path, model: keras.Model, tolerance: float) -> None:
    """Raise `ExportError` unless LiteRT runs a file, and gives what Keras gives."""
    images = np.random.default_rng(0).integers(0, 256, (CHECKED_IMAGES, 28, 28)).astype(np.uint8)
    try:
        by_lite = load_lite_model(path)(images)
    except RunError as error:
        # What LiteRT does not have itself is converted to TensorFlow's own operations.
        reason = str(error).partition("\n")[0].partition(f"{path}")[2].lstrip(": ")
        if "Flex" in reason or "Select TensorFlow op" in reason:
            reason = "it needs an operation that LiteRT does not have"
        raise ExportError(f"LiteRT cannot run it: {reason}") from None
    pixels = images[..., np.newaxis].astype(np.float32)
    by_keras = keras.ops.convert_to_numpy(model(pixels, training=False))
    difference = _largest_difference(by_lite, by_keras)
    if not difference < tolerance:
        raise ExportError(f"LiteRT gives other outputs than Keras: they differ by {difference:.2g}")


def _largest_difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference as a share of the largest output, or of 1 if that is more."""
    if one.shape != other.shape:
        return float("inf")
    return float(np.abs(one - other).max() / max(1.0, float(np.abs(other).max())))
