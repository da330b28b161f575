"""ONNX, by Keras' exporter over tf2onnx, and run by ONNX Runtime."""

import logging
from pathlib import Path

from mnistcli.artifacts.formats.base import ModelFormat, Source, in_batches, take_images
from mnistcli.model.backend import keras
from mnistcli.recognition import ComputeOutputs

_ERRORS_ONLY = 3  # of ONNX Runtime's log


def _convert(model: keras.Model, path: Path, _: Source) -> None:
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # its errors are raised as well
    take_images(model).export(path, format="onnx", verbose=False)


def _load(path: Path) -> ComputeOutputs:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(path, options, providers)
    (pixels_input,) = session.get_inputs()
    return in_batches(lambda pixels: session.run(None, {pixels_input.name: pixels})[0])


ONNX = ModelFormat("ONNX", _convert, _load)
