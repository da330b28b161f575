"""What there is to know of each format before TensorFlow starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from mnistcli.errors import RunError


@dataclass(frozen=True)
class ExportFormat:
    """A format.

    Attributes:
        title: what it is, for people.
        file: the file or folder that holds the model; "" for the metrics.
        runtime: the distribution that reads it.
        packages: what must be installed, beside what mnistcli needs, as Python imports it.
        extra: the extra of mnistcli that installs them.
        imports: the lines of Python that import the runtime.
        lines: the lines of Python that make `outputs` (1, C) of `pixels` (1, 28, 28, 1) float32.
        note: what else its users must know.
    """

    title: str
    file: str
    runtime: str
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    packages: tuple[str, ...] = ()
    extra: str = ""
    note: str = ""


LITERT_INT8 = "litert-int8"
TENSORBOARD = "tensorboard"
_LITERT_IMPORTS = ("from ai_edge_litert.interpreter import Interpreter",)
_LITERT_LINES = (
    'model = Interpreter("model.tflite").get_signature_runner()',
    "(name,) = model.get_input_details()",
    "(outputs,) = model(**{name: pixels}).values()",
)
FORMATS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        "onnx": ExportFormat(
            title="ONNX",
            file="model.onnx",
            runtime="onnxruntime",
            packages=("onnxruntime", "tf2onnx", "onnx"),
            extra="onnx",
            imports=("import onnxruntime",),
            lines=(
                'model = onnxruntime.InferenceSession("model.onnx")',
                "(outputs,) = model.run(None, {model.get_inputs()[0].name: pixels})",
            ),
        ),
        "saved_model": ExportFormat(
            title="a TensorFlow SavedModel",
            file="model",
            runtime="tensorflow",
            imports=("import tensorflow as tf",),
            lines=(
                'model = tf.saved_model.load("model")',
                "outputs = model.serve(pixels).numpy()",
            ),
        ),
        "litert": ExportFormat(
            title="LiteRT",
            file="model.tflite",
            runtime="ai-edge-litert",
            imports=_LITERT_IMPORTS,
            lines=_LITERT_LINES,
        ),
        LITERT_INT8: ExportFormat(
            title="LiteRT with 8-bit integers",
            file="model.tflite",
            runtime="ai-edge-litert",
            imports=_LITERT_IMPORTS,
            lines=_LITERT_LINES,
            note=(
                "Weights, and what layers give, are 8-bit integers; weights have a scale for each "
                "channel. Input and output are float32, so this file can take the place of the "
                "float model.tflite in a program."
            ),
        ),
        TENSORBOARD: ExportFormat(
            title="event files of TensorBoard",
            file="",
            runtime="tensorboard",
            packages=("tensorboard",),
            extra="tensorboard",
            imports=(
                "from tensorboard.backend.event_processing.event_accumulator import "
                "EventAccumulator",
            ),
            lines=(
                'for event in EventAccumulator("train").Reload().Scalars("epoch_loss"):',
                "    print(event.step, event.value)",
            ),
        ),
    }
)


def check_packages(name: str) -> None:
    """Raise `RunError` if a format's runtime is not installed."""
    needs = FORMATS[name]
    missing = [package for package in needs.packages if not _is_installed(package)]
    if missing:
        raise RunError(
            f"the format {name} needs packages that are not installed: {', '.join(missing)}",
            f"install them: pip install 'mnistcli[{needs.extra}]'",
        )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False
