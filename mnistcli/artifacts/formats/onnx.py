"""ONNX, by Keras' exporter over tf2onnx, and run by ONNX Runtime."""

import logging
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mnistcli.artifacts.formats.base import ModelFormat, Source, for_inference, in_batches
from mnistcli.model import IMAGE_SHAPE
from mnistcli.model.backend import keras
from mnistcli.recognition import ComputeOutputs

_ERRORS_ONLY = 3  # of ONNX Runtime's log


def _convert(model: keras.Model, path: Path, _: Source) -> None:
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # its errors are raised as well
    _add_operations()
    inference_model = for_inference(model)
    inference_model(np.zeros((1, *IMAGE_SHAPE), np.float32))  # the exporter wants one that ran
    inference_model.export(path, format="onnx", verbose=False)


@cache
def _add_operations() -> None:
    """Teach tf2onnx what it lacks: Erfc, of which TensorFlow makes GELU."""
    from tf2onnx.handler import tf_op

    @tf_op("Erfc")
    class _Erfc:
        @classmethod
        def version_9(cls, graph: Any, node: Any, **_: Any) -> None:
            dtype, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
            one = graph.make_const(f"{node.name}/one", np.ones((), np.float32))
            erf = graph.make_node("Erf", node.input[:1], shapes=[shape], dtypes=[dtype])
            graph.remove_node(node.name)
            difference = [one.output[0], erf.output[0]]
            graph.make_node("Sub", difference, outputs=node.output, shapes=[shape], dtypes=[dtype])


def _load(path: Path) -> ComputeOutputs:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(path, options, providers)
    (pixels_input,) = session.get_inputs()
    return in_batches(lambda pixels: session.run(None, {pixels_input.name: pixels})[0])


ONNX = ModelFormat("ONNX", _convert, _load)
