"""TensorFlow's SavedModel."""

from pathlib import Path

from mnistcli.artifacts.formats.base import ModelFormat, Source, for_inference, in_batches
from mnistcli.model.backend import keras, tf
from mnistcli.recognition import ComputeOutputs


def _convert(model: keras.Model, path: Path, _: Source) -> None:
    for_inference(model).export(path, format="tf_saved_model", verbose=False)


def _load(path: Path) -> ComputeOutputs:
    loaded = tf.saved_model.load(str(path))
    return in_batches(lambda pixels: loaded.serve(tf.constant(pixels)))


SAVED_MODEL = ModelFormat("a SavedModel", _convert, _load)
