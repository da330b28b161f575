"""Whatever a network ends in, every command gives the same answers, and probabilities."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import invoke
from config_texts import Load

from mnistcli.cli.recognizer import open_recognizer
from mnistcli.data import Dataset, split_validation
from mnistcli.errors import ConfigError
from mnistcli.model import build_network
from mnistcli.recognition import OutputKind, to_probabilities
from mnistcli.training import prepare, train

DENSE = "{Dense: {units: 10}}"
# The last layers, the loss, and what the outputs are.
ENDS = {
    "softmax": ("{Dense: {units: 10, activation: softmax}}", "sparse_categorical_crossentropy"),
    "logits": (DENSE, "{SparseCategoricalCrossentropy: {from_logits: true}}"),
    "log-softmax": (
        "{Dense: {units: 10, activation: log_softmax}}",
        "{CategoricalCrossentropy: {from_logits: true}}",
    ),
    "log-softmax, hinge": (
        "{Dense: {units: 10, activation: log_softmax}}",
        "categorical_hinge",
    ),
    "sigmoid, squared error": ("{Dense: {units: 10, activation: sigmoid}}", "mse"),
    "sigmoid": ("{Dense: {units: 10, activation: sigmoid}}", "binary_crossentropy"),
    "squared hinge": (DENSE, "squared_hinge"),
    "hinge": (DENSE, "hinge"),
    "tanh": ("{Dense: {units: 10, activation: tanh}}", "mse"),
    "linear": (DENSE, "mse"),
    "cosine": (DENSE, "cosine_similarity"),
    "zeros at first": ("{Dense: {units: 10, kernel_initializer: zeros}}", "hinge"),
    "zeros at first, tanh": (
        "{Dense: {units: 10, kernel_initializer: zeros, activation: tanh}}",
        "squared_hinge",
    ),
    "normalized by zeros at first": (
        f"{DENSE}, {{BatchNormalization: {{gamma_initializer: zeros}}}}",
        "hinge",
    ),
    "tiny scores": (f"{DENSE}, {{Rescaling: {{scale: 1e-6}}}}", "cosine_similarity"),
    "an activation layer": (f"{DENSE}, {{Activation: {{activation: softmax}}}}", "kld"),
    "dropout behind logits": (
        f"{DENSE}, {{Dropout: {{rate: 0.1}}}}",
        "{CategoricalCrossentropy: {from_logits: true}}",
    ),
}
KINDS = {
    "softmax": OutputKind.PROBABILITIES,
    "an activation layer": OutputKind.PROBABILITIES,
    "logits": OutputKind.LOGITS,
    "log-softmax": OutputKind.LOGITS,
    "log-softmax, hinge": OutputKind.LOGITS,
    "dropout behind logits": OutputKind.LOGITS,
    "sigmoid": OutputKind.INDEPENDENT,
    "sigmoid, squared error": OutputKind.INDEPENDENT,
}


def config_text(end: str) -> str:
    layers, loss = ENDS[end]
    return f"""
layers: [{layers}]
loss: {loss}
optimizer: {{Adam: {{learning_rate: 3e-3}}}}
epochs: 3
data: {{dataset: digits}}
"""


@pytest.mark.parametrize("end", ENDS)
def test_what_a_network_puts_out(end: str, load_text: Load) -> None:
    kind = build_network(load_text(config_text(end)), 10).output_kind
    assert kind == KINDS.get(end, OutputKind.SCORES)


# One or two of each kind; softmax is what most other tests train.
TRAINED_ENDS = (
    *("an activation layer", "dropout behind logits", "log-softmax, hinge"),
    *("sigmoid, squared error", "sigmoid", "squared hinge", "tiny scores"),
)


@pytest.mark.parametrize("end", TRAINED_ENDS)
def test_all_agree_on_the_answer(
    end: str,
    load_text: Load,
    digits: Dataset,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnistcli.cli.figures.write_run_figures", lambda *_: [])
    result = train(prepare(load_text(config_text(end)), digits), tmp_path / "run")

    run = result.run
    validation = split_validation(digits, 0.1, 0).validation
    best = run.read_metrics()[result.best_epoch]
    assert best["accuracy"] > 0.5, "it learns"
    assert run.read_record().outputs == KINDS.get(end, OutputKind.SCORES)
    assert invoke("evaluate", run.path, "--split", "validation", "--json") is None
    evaluated = json.loads(capfd.readouterr().out)
    assert evaluated["accuracy"] == best["val_accuracy"]
    model = keras.models.load_model(run.model)
    outputs = model.predict(validation.images[..., None], verbose=0)
    probabilities = open_recognizer(run).classifier(validation.images)
    assert np.array_equal(probabilities.argmax(axis=1), outputs.argmax(axis=1))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert run.lite_model.is_file()
    run.lite_model.unlink()
    by_keras = open_recognizer(run).classifier(validation.images)
    np.testing.assert_allclose(by_keras, probabilities, atol=1e-3)
    # A temperature makes the confidence as high as the accuracy, whatever the outputs' scale.
    assert evaluated["expected_calibration_error"] < 0.15


# The last layers, the loss, and the layer that is named.
WRONG_ENDS = {
    "linear": (DENSE, "Dense"),
    "linear activation": (f"{DENSE}, {{Activation: {{activation: linear}}}}", "Activation"),
    "normalized": (f"{DENSE}, BatchNormalization", "BatchNormalization"),
    "dropout": (f"{DENSE}, {{Dropout: {{rate: 0.2}}}}", "Dropout"),
    "relu": ("{Dense: {units: 10, activation: relu}}", "Dense"),
    "pooled": (
        "{Conv2D: {filters: 10, kernel_size: 3, activation: relu}}, GlobalAveragePooling2D",
        "GlobalAveragePooling2D",
    ),
    "zeros at first": ("{Dense: {units: 10, kernel_initializer: zeros}}", "Dense"),
    "log-probabilities": ("{Dense: {units: 10, activation: log_softmax}}", "Dense"),
    "tanh": ("{Dense: {units: 10, activation: tanh}}", "Dense"),
}
LOSSES_OF_PROBABILITIES = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "kld",
    "{CategoricalGeneralizedCrossEntropy: {q: 0.7}}",
)


@pytest.mark.parametrize("loss", LOSSES_OF_PROBABILITIES)
@pytest.mark.parametrize("end", WRONG_ENDS)
def test_a_loss_of_probabilities_refuses_other_outputs(
    end: str, loss: str, load_text: Load
) -> None:
    layers, name = WRONG_ENDS[end]
    with pytest.raises(ConfigError) as error:
        build_network(load_text(f"layers: [{layers}]\nloss: {loss}\n"), 10)
    line = str(error.value).splitlines()[0]
    assert "expects probabilities, but the model puts out other numbers" in line
    column = f"layers: [{layers}]".rindex(name) + 1
    assert f"small.yaml:1:{column}: error: " in line


@pytest.mark.parametrize(
    "layers",
    [
        "{Dense: {units: 10, activation: softmax}}",
        "{Dense: {units: 10, activation: softmax}}, {Dropout: {rate: 0.2}}",
        "{Dense: {units: 10, activation: sigmoid}}",
        f"{DENSE}, Softmax",
    ],
)
def test_a_loss_of_logits_refuses_probabilities(layers: str, load_text: Load) -> None:
    text = f"layers: [{layers}]\nloss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}\n"
    with pytest.raises(ConfigError, match="expects logits, but the model puts out probabilities"):
        build_network(load_text(text), 10)


@pytest.mark.parametrize(
    "layers",
    [
        "{Dense: {units: 10, kernel_initializer: zeros}}",
        "{Dense: {units: 16, kernel_initializer: zeros, activation: relu}}, "
        "{Dense: {units: 10, use_bias: false}}",
    ],
)
def test_logits_that_begin_as_zeros_are_logits(layers: str, load_text: Load) -> None:
    text = f"layers: [{layers}]\nloss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}\n"
    assert build_network(load_text(text), 10).output_kind is OutputKind.LOGITS


@pytest.mark.parametrize("kind", OutputKind)
def test_the_order_is_kept_whatever_the_outputs_are_taken_for(kind: OutputKind) -> None:
    for row in ([-3.0, -1.0, -2.0], [5.0, 7.0, -6.0], [0.1, 0.7, 0.2], [1e-12, 3e-12, 0.0]):
        probabilities = to_probabilities(np.array([row], np.float32), kind)
        assert probabilities.argmax() == 1
    tiny = np.array([[1e-38, 1e-37, 0.0]], np.float32)  # sigmoids that are sure of nothing
    assert to_probabilities(tiny, OutputKind.INDEPENDENT).argmax() == 1
