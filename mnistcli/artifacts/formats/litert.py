"""LiteRT's .tflite files: float32, float16 and int8."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts.formats.base import (
    ExportError,
    ModelFormat,
    Source,
    in_batches,
    largest_difference,
    take_images,
)
from mnistcli.errors import RunError
from mnistcli.model import Network, count_steps, find_recurrent, unrolled
from mnistcli.model.backend import keras, tf
from mnistcli.model.construct import explain
from mnistcli.recognition import ComputeOutputs, load_lite_model
from mnistcli.runs import Artifact

TOLERANCE = 1e-4  # of the largest output
HALF_TOLERANCE = 1e-2  # where weights have 11 bits
UNROLLED_STEPS = 28  # a row of pixels each; more take long to convert


def export_litert(
    network: Network, images: NDArray[np.uint8], half_precision: bool = False
) -> bytes:
    """Return the contents of a .tflite file that gives what the network gives.

    It takes float32 pixels 0 to 255 (batch, 28, 28, 1), any number of them.

    Args:
        images: (N, 28, 28), such as the network was trained on; the file is checked by them.
        half_precision: keep the weights in float16, in half of the bytes.

    Raises:
        ExportError: it cannot be converted, does not run in LiteRT, or gives other outputs there.
    """
    settings: dict[str, Any] = {}
    if half_precision:
        settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
        settings["target_spec"] = {"supported_types": [tf.float16]}
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.tflite"
        try:
            _convert(network.model, path, **settings)
        except ExportError as error:
            raise ExportError(f"LiteRT's converter: {error}") from None
        tolerance = HALF_TOLERANCE if half_precision else TOLERANCE
        _check_equal(path, network.model, images, tolerance)
        return path.read_bytes()


def _convert(model: keras.Model, path: Path, **settings: Any) -> None:
    """Write a file.

    Raises:
        ExportError: it cannot be converted.
    """
    recurrent = [layer for layer in model.layers if find_recurrent(layer)]
    short_sequences = [layer for layer in recurrent if count_steps(layer) <= UNROLLED_STEPS]
    try:
        with unrolled(short_sequences):
            take_images(model).export(path, format="litert", verbose=False, **settings)
    except Exception as error:  # the converter's errors have no common class
        raise ExportError(_shorten(explain(error))) from None


def _convert_int8(model: keras.Model, path: Path, source: Source) -> None:
    """Write a file with weights in int8, a scale for each channel, and float32 at both ends."""

    def give_images() -> Iterator[list[NDArray[np.float32]]]:
        for image in source.images:
            yield [image[np.newaxis, ..., np.newaxis].astype(np.float32)]

    quantize = [tf.lite.Optimize.DEFAULT]
    _convert(model, path, optimizations=quantize, representative_dataset=give_images)


def _copy(model: keras.Model, path: Path, source: Source) -> None:
    """Copy a run's model.tflite, or make it where there is none.

    Raises:
        RunError: it is damaged.
    """
    run = source.run
    artifact = run.read_record().artifacts.get(run.lite_model.name, Artifact())
    if artifact.sha256 is None or not run.lite_model.exists():
        _convert(model, path)
        return
    load_lite_model(run.lite_model, artifact.sha256)
    shutil.copyfile(run.lite_model, path)


def _load(path: Path) -> ComputeOutputs:
    """Load a file that this process wrote.

    Raises:
        ExportError: LiteRT cannot run it.
    """
    try:
        return load_lite_model(path)
    except RunError as error:
        reason = str(error).partition("\n")[0].partition(f"{path}")[2].lstrip(": ")
        raise ExportError(f"LiteRT cannot run it: {_shorten(reason)}") from None


def _shorten(reason: str) -> str:
    # What LiteRT does not have itself is converted to TensorFlow's own operations.
    if "Flex" in reason or "Select TensorFlow op" in reason:
        return "it needs an operation that LiteRT does not have"
    return reason.partition("<unknown>")[0]  # a dump of the converter's stack follows


def _check_equal(
    path: Path, model: keras.Model, images: NDArray[np.uint8], tolerance: float
) -> None:
    """Raise `ExportError` unless LiteRT runs a file, and gives what Keras gives."""
    compute = in_batches(lambda pixels: take_images(model)(pixels, training=False))
    difference = largest_difference(_load(path)(images), compute(images))
    if not difference < tolerance:
        raise ExportError(f"LiteRT gives other outputs than Keras: they differ by {difference:.2g}")


LITERT = ModelFormat("LiteRT", _copy, _load)
LITERT_INT8 = ModelFormat("LiteRT in int8", _convert_int8, _load)
