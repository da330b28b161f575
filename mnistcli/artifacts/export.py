"""A network as a LiteRT file, which runs without TensorFlow."""

import tempfile
from pathlib import Path

import keras
import numpy as np

from mnistcli.errors import RunError
from mnistcli.model.construct import explain
from mnistcli.model.network import Network
from mnistcli.recognition import load_lite_model

TOLERANCE = 1e-4


class ConversionError(Exception):
    """LiteRT has no equal of a part of the network; the message is one line."""


def convert_to_lite(network: Network) -> bytes:
    """Return the contents of a .tflite file that turns images into probabilities.

    It takes float32 pixels 0 to 255 (batch, 28, 28, 1), any number of them.

    Raises:
        ConversionError: it cannot be converted, or gives other probabilities then.
    """
    model = network.model
    if network.ends_in_logits:
        model = keras.Sequential([model, keras.layers.Softmax()])
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.tflite"
        try:
            model.export(path, format="litert", verbose=False)
        except Exception as error:  # the converter's errors have no common class
            raise ConversionError(explain(error)) from None
        _check_equal(path, model)
        return path.read_bytes()


def _check_equal(path: Path, model: keras.Model) -> None:
    """Raise `ConversionError` unless LiteRT runs a file, and as Keras does.

    What has no equal in LiteRT is converted to calls of TensorFlow, which it cannot run.
    """
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28)).astype(np.uint8)
    try:
        by_lite = load_lite_model(path)(images)
    except RunError:
        raise ConversionError("a layer has no equal in LiteRT") from None
    by_keras = keras.ops.convert_to_numpy(model(images[..., np.newaxis].astype(np.float32)))
    if by_lite.shape != by_keras.shape or not np.abs(by_lite - by_keras).max() < TOLERANCE:
        raise ConversionError("LiteRT gives other probabilities than Keras")
