"""What each format makes of a network's layers, built and not trained."""

from pathlib import Path

import numpy as np
import pytest
from config_texts import Load

from mnistcli.artifacts.formats import MODEL_FORMATS, ExportError, Source, write_model
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop
from mnistcli.model import build_network
from mnistcli.runs import RunDirectory

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
# Layers that converters treat in ways of their own.
HELD = {
    "gelu": f"  - Conv2D: {{filters: 4, kernel_size: 5, activation: gelu}}\n  - Flatten\n{DENSE}",
    "784 pixels": f"  - Input: {{shape: [784]}}\n{DENSE}",
    "augmentation": f"  - RandomContrast: {{factor: 0.9}}\n  - Flatten\n{DENSE}",
    "attention": (
        "  - Reshape: {target_shape: [28, 28], name: a}\n"
        "  - MultiHeadAttention:\n"
        "      {inputs: {query: a, value: a}, num_heads: 2, key_dim: 4, name: b}\n"
        f"  - Add: {{inputs: [a, b]}}\n  - LayerNormalization\n  - Flatten\n{DENSE}"
    ),
    "recurrence": f"  - Reshape: {{target_shape: [28, 28]}}\n  - LSTM: {{units: 4}}\n{DENSE}",
}
BUCKETS = "  - Discretization: {bin_boundaries: [0.2, 0.5], name: buckets}\n"
LANCZOS = "  - Resizing: {height: 14, width: 14, interpolation: lanczos3, name: smaller}\n"
BRANCHES = f"""\
  - Conv2D: {{filters: 4, kernel_size: 3, padding: same, name: left}}
{BUCKETS.replace("{", "{inputs: input, ")}
  - Concatenate: {{inputs: [left, buckets]}}
  - Flatten
"""
# What has no place in a format, and the layer that is to be named.
REFUSED = (
    ("onnx", f"  - Flatten\n{BUCKETS}{DENSE}", "Discretization 'buckets'"),
    ("onnx", f"{BRANCHES}{DENSE}", "Discretization 'buckets'"),
    ("litert-int8", f"{LANCZOS}  - Flatten\n{DENSE}", "Resizing 'smaller'"),
)


def make_source(load_text: Load, layers: str, folder: Path, digits: Dataset) -> Source:
    """A network that was not trained, with a run directory that holds no model."""
    network = build_network(load_text(f"layers:\n{layers}data: {{dataset: digits}}"), 10)
    return Source(RunDirectory(folder), network, digits.train_images[:20])


@pytest.mark.parametrize(
    ("name", "layers"),
    [*(("onnx", layers) for layers in HELD), ("saved_model", "augmentation")],
)
def test_a_format_gives_what_keras_gives(
    name: str, layers: str, load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    source = make_source(load_text, HELD[layers], tmp_path, digits)
    images = digits.test_images[:150]  # more than a batch

    outputs = write_model(MODEL_FORMATS[name], source, tmp_path / "model")(images)

    expected = EvaluationLoop(source.network).predict(images)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@pytest.mark.parametrize(("name", "layers", "layer"), REFUSED)
def test_a_layer_that_a_format_cannot_hold_is_named(
    name: str, layers: str, layer: str, load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    source = make_source(load_text, layers, tmp_path, digits)

    with pytest.raises(ExportError, match=f"cannot hold the layer {layer}: ") as error:
        write_model(MODEL_FORMATS[name], source, tmp_path / "model.tflite")

    assert str(tmp_path) not in str(error.value)
    assert "\n" not in str(error.value)
