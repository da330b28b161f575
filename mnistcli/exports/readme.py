"""The README.md beside an export."""

from collections.abc import Sequence

from mnistcli.exports.formats import FORMATS, TENSORBOARD, ExportFormat
from mnistcli.exports.result import ModelExport
from mnistcli.numbers import format_percent
from mnistcli.recognition import OutputKind
from mnistcli.runs import RunDirectory

EXAMPLE = "example.png"
_OUTPUTS = {
    OutputKind.PROBABILITIES: "the probability of each class; they sum to 1",
    OutputKind.INDEPENDENT: "a probability of each class by itself; they need not sum to 1",
    OutputKind.LOGITS: "a logit of each class, of which a softmax makes probabilities",
    OutputKind.SCORES: "a score of each class; the largest is the answer",
}


def describe_model(
    run: RunDirectory,
    export_format: ExportFormat,
    kind: OutputKind,
    temperature: float,
    export: ModelExport,
    notes: Sequence[str],
) -> str:
    """Return the text for a model.

    Args:
        kind: of its outputs.
        temperature: of the run's calibration.
        notes: sentences about this model.
    """
    data, check = run.read_record().dataset, export.check
    ink, ground = ("white", "black") if data.dark_background else ("black", "white")
    placement = ", placed as in MNIST: in the middle" if data.framing == "mnist" else ""
    facts = {
        "Input": f"float32 of shape (N, 28, 28, 1): N grey pictures of 28x28 pixels, 0 for black "
        f"to 255 for white; {ink} ink on {ground}{placement}.",
        "Normalization": f"inside; the first layer computes pixel * {data.pixel_scale:.6g} + "
        f"{data.pixel_offset:.6g}. Do nothing outside.",
        "Output": f"float32 of shape (N, {data.num_classes}): {_OUTPUTS[kind]}.",
        "Classes": f"column i is class i, from 0 to {data.num_classes - 1}.",
        "Temperature": f"{temperature:.4g}. With it the confidence is close to the accuracy: "
        f"{_calibration(kind, temperature)}.",
    }
    checks = {
        "accuracy": format_percent(check.accuracy, decimals=2),
        "accuracy of the Keras model": format_percent(check.keras_accuracy, decimals=2),
        "accuracy lost": f"{100 * check.accuracy_lost:.2f} points",
        f"largest difference{_unit(kind)}": f"{check.largest_difference:.2g}",
        "size": f"{export.bytes:,} bytes",
    }
    return _join(
        f"# {run.name} as {export_format.title}",
        f"`{export_format.file}` is the network of the run `{run.name}`, trained on {data.name}.",
        *notes,
        "\n".join(f"- **{name}**: {fact}" for name, fact in facts.items()),
        "## Checks",
        f"{check.runtime} on the {check.images:,} test images, compared with Keras:",
        "\n".join(["| | |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in checks.items())]),
        "## Use",
        _code(_lines(export_format, kind, temperature)),
        f"This reads `{EXAMPLE}`, the first test image, and prints its class and the confidence.",
    )


def describe_events(run: RunDirectory, parts: Sequence[str]) -> str:
    """Return the text for the metrics of a run.

    Args:
        parts: "train", and "validation" if there is any.
    """
    export_format = FORMATS[TENSORBOARD]
    facts = {
        "Curves": f"{' and '.join(f'`{part}`' for part in parts)}, with the names of Keras' own "
        "callback, such as `epoch_loss`. Those of one name lie over each other.",
        "Step": "the epoch; 0 is the untrained network.",
        "Time": "when the run began, and the seconds of all epochs since.",
        "Checks": "TensorBoard's own reader gives each number of `metrics.jsonl`, in float32.",
    }
    return _join(
        f"# {run.name} as {export_format.title}",
        f"These are the metrics of the run `{run.name}`.",
        "\n".join(f"- **{name}**: {fact}" for name, fact in facts.items()),
        "## Use",
        "    tensorboard --logdir .",
        "Or in Python:",
        _code([*export_format.imports, "", *export_format.lines]),
    )


def _join(*paragraphs: str) -> str:
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _unit(kind: OutputKind) -> str:
    is_share = kind in (OutputKind.PROBABILITIES, OutputKind.INDEPENDENT)
    return "" if is_share else ", of the largest one"


def _calibration(kind: OutputKind, temperature: float) -> str:
    if kind in (OutputKind.PROBABILITIES, OutputKind.INDEPENDENT):
        return f"raise the outputs to the power 1/{temperature:.4g}, and divide them by their sum"
    return f"divide the outputs by {temperature:.4g} before the softmax"


def _lines(export_format: ExportFormat, kind: OutputKind, temperature: float) -> list[str]:
    if kind in (OutputKind.PROBABILITIES, OutputKind.INDEPENDENT):
        shares = f"outputs ** (1 / {temperature:.4g})"
    else:
        shares = f"np.exp((outputs - outputs.max()) / {temperature:.4g})"
    return [
        "import numpy as np",
        *export_format.imports,
        "from PIL import Image",
        "",
        f'picture = Image.open("{EXAMPLE}").convert("L").resize((28, 28))',
        "pixels = np.asarray(picture, np.float32).reshape(1, 28, 28, 1)",
        *export_format.lines,
        f"shares = {shares}",
        "print(outputs.argmax(), shares.max() / shares.sum())",
    ]


def _code(lines: Sequence[str]) -> str:
    return "\n".join(["```python", *lines, "```"])
