"""The formats of model files: how each is written, and how its runtime runs it."""

from collections.abc import Mapping
from types import MappingProxyType

from mnistcli.artifacts.formats.base import (
    ExportError,
    ModelFormat,
    Source,
    largest_difference,
    write_model,
)
from mnistcli.artifacts.formats.litert import LITERT, LITERT_INT8, export_litert
from mnistcli.artifacts.formats.onnx import ONNX
from mnistcli.artifacts.formats.saved_model import SAVED_MODEL

MODEL_FORMATS: Mapping[str, ModelFormat] = MappingProxyType(
    {"onnx": ONNX, "saved_model": SAVED_MODEL, "litert": LITERT, "litert-int8": LITERT_INT8}
)

__all__ = [
    "MODEL_FORMATS",
    "ExportError",
    "ModelFormat",
    "Source",
    "export_litert",
    "largest_difference",
    "write_model",
]
