"""model.tflite gives what model.keras gives."""

from pathlib import Path

import numpy as np
import pytest
from config_texts import Load, shipped_configs

from mnistcli.artifacts import ExportError, export_litert
from mnistcli.config import ConfigFile, load_config
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import RunError
from mnistcli.model import build_network
from mnistcli.recognition import load_lite_model
from mnistcli.runs import Artifact
from mnistcli.training import prepare, train

IMAGES = np.random.default_rng(0).integers(0, 256, (250, 28, 28)).astype(np.uint8)
IMAGES[:, :4] = 0


def configs_with_all_layers() -> list[ConfigFile]:
    """Shipped configs, each with a kind of layer or activation that those before it lack."""

    def kinds_of(file: ConfigFile) -> set[tuple[str, str | None]]:
        layers = [*file.config.layers, *file.config.augment]
        return {(layer.name, str(layer.arguments.get("activation"))) for layer in layers}

    files = [load_config(path) for path in shipped_configs()]
    found: set[tuple[str, str | None]] = set()
    chosen = []
    for file in sorted(files, key=lambda file: len(kinds_of(file)), reverse=True):
        if not kinds_of(file) <= found:
            found |= kinds_of(file)
            chosen.append(file)
    return chosen


@pytest.mark.parametrize("file", configs_with_all_layers(), ids=lambda file: file.config.name)
def test_probabilities_are_those_of_keras(file: ConfigFile, tmp_path: Path) -> None:
    network = build_network(file, 10)
    path = tmp_path / "model.tflite"
    path.write_bytes(export_litert(network, IMAGES))

    by_lite = load_lite_model(path)(IMAGES)

    by_keras = EvaluationLoop(network).predict(IMAGES)
    assert by_lite.shape == (250, 10)
    assert np.abs(by_lite - by_keras).max() < 1e-4


# A recurrent layer is unrolled, and takes as long to convert as it has steps.
LAYERS = {
    "784 pixels": "[{Input: {shape: [784]}}, {Dense: {units: 10, activation: softmax}}]",
    "rows": "[{Input: {shape: [28, 28]}}, {LSTM: {units: 3}}, "
    "{Dense: {units: 10, activation: softmax}}]",
    "cells": "[{Reshape: {target_shape: [4, 196]}}, "
    "{RNN: {cell: {StackedRNNCells: {cells: [{LSTMCell: {units: 2}}, {GRUCell: {units: 3}}]}}}}, "
    "{Dense: {units: 10, activation: softmax}}]",
    "both ways": "[{Reshape: {target_shape: [4, 196]}}, {Bidirectional: {layer: {GRU: "
    "{units: 2}}}}, {Dense: {units: 10, activation: softmax}}]",
    "random layers inside": "[{RandomRotation: {factor: 0.1}}, "
    "{GaussianNoise: {stddev: 0.9}}, Flatten, "
    "{Dense: {units: 10, activation: softmax}}]",
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS.keys())
def test_layers_that_need_care_are_converted(layers: str, load_text: Load, tmp_path: Path) -> None:
    network = build_network(load_text(f"layers: {layers}"), 10)
    path = tmp_path / "model.tflite"
    path.write_bytes(export_litert(network, IMAGES))
    by_lite = load_lite_model(path)(IMAGES)
    assert np.abs(by_lite - EvaluationLoop(network).predict(IMAGES)).max() < 1e-4


def test_a_network_that_cannot_be_converted_says_why(load_text: Load) -> None:
    text = """
layers:
  - Flatten
  - CategoryEncoding: {num_tokens: 2, output_mode: multi_hot}
  - Dense: {units: 10, activation: softmax}
"""
    reason = "^LiteRT cannot run it: it needs an operation that LiteRT does not have$"
    with pytest.raises(ExportError, match=reason):
        export_litert(build_network(load_text(text), 10), IMAGES)


def test_an_export_that_fails_ends_no_run(load_text: Load, digits: Dataset, tmp_path: Path) -> None:
    text = """
layers:
  - Flatten
  - CategoryEncoding: {num_tokens: 2, output_mode: multi_hot}
  - Dense: {units: 10, activation: softmax}
epochs: 1
data: {dataset: digits}
"""
    result = train(prepare(load_text(text), digits), tmp_path / "run")
    record = result.run.read_record()
    assert record.status == "completed"
    assert record.artifacts["model.tflite"] == Artifact(
        problem="LiteRT cannot run it: it needs an operation that LiteRT does not have"
    )
    assert not result.run.lite_model.exists() and result.run.model.is_file()
    assert result.evaluation.is_at_chance  # it sees which classes there are, and no digit


def test_a_file_that_answers_otherwise_is_not_kept(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    """LiteRT's converter loses the mask of a Bidirectional layer that returns sequences."""
    text = """
layers:
  - Reshape: {target_shape: [7, 112]}
  - Masking
  - Bidirectional: {layer: {GRU: {units: 5, return_sequences: true}}}
  - GlobalAveragePooling1D
  - Dense: {units: 10, activation: softmax}
optimizer: {Adam: {learning_rate: 1e-2}}
epochs: 1
data: {dataset: digits}
"""
    run = train(prepare(load_text(text), digits), tmp_path / "run").run

    problem = run.read_record().artifacts["model.tflite"].problem
    assert problem and problem.startswith(
        "LiteRT gives other outputs than Keras: they differ by 0."
    )
    assert not run.lite_model.exists()


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x20\x00\x00\x00TFL3" + bytes(100)])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"model\.tflite is damaged"):
        load_lite_model(path)
