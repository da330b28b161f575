"""model.tflite gives what model.keras gives."""

from pathlib import Path

import numpy as np
import pytest
from conftest import LoadText

from mnistcli.artifacts import ConversionError, convert_to_lite
from mnistcli.config import load_config
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import RunError
from mnistcli.model import build_network
from mnistcli.recognition import load_lite_model

CONFIGS = Path(__file__).parents[1] / "configs"
IMAGES = np.random.default_rng(0).integers(0, 256, (250, 28, 28)).astype(np.uint8)
IMAGES[:, :4] = 0


@pytest.mark.parametrize(
    "name", sorted(str(p.relative_to(CONFIGS)) for p in CONFIGS.rglob("*.yaml"))
)
def test_probabilities_are_those_of_keras(name: str, tmp_path: Path) -> None:
    network = build_network(load_config(CONFIGS / name), 10)
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_to_lite(network))

    by_lite = load_lite_model(path)(IMAGES)

    by_keras = EvaluationLoop(network).predict(IMAGES)
    assert by_lite.shape == (250, 10)
    assert np.abs(by_lite - by_keras).max() < 1e-4


def test_logits_become_probabilities(load_text: LoadText, tmp_path: Path) -> None:
    text = """
layers: [Dense: {units: 10}]
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
"""
    network = build_network(load_text(text), 10)
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_to_lite(network))
    probabilities = load_lite_model(path)(IMAGES[:3])
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.abs(probabilities - EvaluationLoop(network).predict(IMAGES[:3])).max() < 1e-4


def test_a_network_that_cannot_be_converted_says_why(load_text: LoadText) -> None:
    text = """
layers:
  - UnitNormalization
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""
    with pytest.raises(ConversionError, match=r"^[^\n]+$"):
        convert_to_lite(build_network(load_text(text), 10))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x20\x00\x00\x00TFL3" + bytes(100)])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"model\.tflite is damaged"):
        load_lite_model(path)
