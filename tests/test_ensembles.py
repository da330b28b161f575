"""A run that averages others gives the average of what they give, whatever they are made of."""

import hashlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from config_texts import Load
from run_records import make_record
from trainings import bare_runs

from mnistcli.artifacts import restore_network
from mnistcli.cli.recognizer import open_recognizer
from mnistcli.config import ConfigFile, load_config
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop
from mnistcli.ensembles import MemberRun, open_members
from mnistcli.ensembles.choose import Average
from mnistcli.ensembles.compose import compose
from mnistcli.ensembles.ensemble import make_ensemble
from mnistcli.errors import RunError
from mnistcli.model import Network, build_network
from mnistcli.recognition import OutputKind, read_calibration, to_probabilities
from mnistcli.runs import RunDirectory
from mnistcli.training import prepare, train

COMMON = """
optimizer: {Adam: {learning_rate: 1e-2}}
epochs: 1
batch_size: 100
"""
# A graph whose Dense takes pixels one by one, penalties, averages of a batch, a frozen layer.
CONVOLUTION = """
layers:
  - Dense: {units: 2, name: same, inputs: [input]}
  - Conv2D: {filters: 4, kernel_size: 5, strides: 3, kernel_regularizer: {L2: {l2: 0.01}}}
  - BatchNormalization: {momentum: 0.5, trainable: false}
  - ReLU
  - BatchNormalization: {momentum: 0.5}
  - ActivityRegularization: {l2: 1e-4}
  - Flatten
  - Dropout: {rate: 0.2}
  - Dense: {units: 10, activation: softmax}
data: {dataset: digits, validation: 200}
"""
# Logits, another normalization, fewer validation images, a layer in a layer that has a state.
DENSE = """
layers:
  - Dense: {units: 12, activation: relu, name: same}
  - SpectralNormalization: {layer: {Dense: {units: 12, kernel_regularizer: {L1: {l1: 0.1}}}}}
  - Dense: {units: 10}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
data: {dataset: digits, validation: 150, normalize: standard}
"""
# Another shape of image, a name for it, scores, and half precision.
ROWS = """
layers:
  - Input: {shape: [28, 28], name: pixels}
  - LSTM: {units: 6, name: same}
  - Flatten: {inputs: [pixels]}
  - Dense: {units: 6, name: columns}
  - Add: {inputs: [same, columns]}
  - Dense: {units: 10, activation: tanh}
loss: mse
precision: mixed_bfloat16
data: {dataset: digits, validation: 0.1}
"""
# Inputs by name, an Average of its own, and names as long as may be.
ROW, VIEW = "row".ljust(64, "s"), "view".ljust(64, "s")
ATTENTION = f"""
layers:
  - Input: {{shape: [784]}}
  - Reshape: {{target_shape: [28, 28], name: {ROW}}}
  - MultiHeadAttention:
      num_heads: 1
      key_dim: 4
      name: {VIEW}
      inputs: {{query: {ROW}, value: {ROW}}}
  - Average: {{inputs: [{ROW}, {VIEW}]}}
  - Flatten
  - Dense: {{units: 10, activation: softmax, name: end}}
data: {{dataset: digits, validation: 200, normalize: centered}}
"""
TEXTS = {
    "convolution": CONVOLUTION,
    "convolution 2": CONVOLUTION + "seed: 1\n",
    "dense": DENSE,
    "rows": ROWS,
    "attention": ATTENTION,
}
WEIGHTS = [2, 1, 1]  # of the ensemble of the first three, rows and attention


@pytest.fixture(scope="module")
def members(
    load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, RunDirectory]:
    folder = tmp_path_factory.mktemp("members")
    with bare_runs():
        return {
            name: train(prepare(load_text(COMMON + text), digits), folder / name).run
            for name, text in TEXTS.items()
        }


@pytest.fixture(scope="module")
def ensemble(
    members: dict[str, RunDirectory], digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> RunDirectory:
    """The average of the first three members."""
    paths = [members[name].path for name in ("convolution", "convolution 2", "dense")]
    path = tmp_path_factory.mktemp("ensembles") / "ensemble"
    return make_ensemble(open_members(paths), digits, path=path).run


@pytest.fixture(scope="module")
def nested(
    ensemble: RunDirectory, members: dict[str, RunDirectory], digits: Dataset
) -> RunDirectory:
    """The average of that ensemble and of the other members, with weights."""
    paths = [ensemble.path, members["rows"].path, members["attention"].path]
    path = ensemble.path.with_name("nested")
    with pytest.MonkeyPatch.context() as patch:
        chosen = Average(WEIGHTS, 0.5, 1.0)
        patch.setattr("mnistcli.ensembles.ensemble.choose_members", lambda *_: chosen)
        return make_ensemble(open_members(paths), digits, most=4, path=path).run


def answer(run: RunDirectory, images: np.ndarray) -> np.ndarray:
    """What a run's model.keras says of images, as probabilities."""
    model = keras.models.load_model(run.model)
    outputs = np.asarray(model(images.reshape(-1, *model.input_shape[1:])))
    kind = OutputKind(run.read_record().outputs or "")
    has_scale = kind is not OutputKind.SCORES
    return to_probabilities(outputs, kind, 1 if has_scale else read_calibration(run).temperature)


@pytest.fixture(scope="module")
def expected(members: dict[str, RunDirectory], digits: Dataset) -> dict[str, np.ndarray]:
    """The averages of what the members say of the test images."""
    answers = {name: answer(run, digits.test_images) for name, run in members.items()}
    ensemble = np.mean([answers.pop(name) for name in [*answers][:3]], axis=0)
    nested = np.average([ensemble, *answers.values()], axis=0, weights=WEIGHTS)
    return {"ensemble": ensemble, "nested": nested}


@pytest.mark.parametrize(("name", "tolerance"), [("ensemble", 1e-5), ("nested", 5e-3)])
def test_an_ensemble_gives_the_average_of_its_members(
    name: str,
    tolerance: float,  # bfloat16 has 8 bits
    expected: dict[str, np.ndarray],
    digits: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    run = request.getfixturevalue(name)
    model = keras.models.load_model(run.model)
    assert model.input_shape == (None, 28, 28, 1)
    pixels = digits.test_images[..., np.newaxis]
    assert pixels.dtype == np.uint8

    by_keras = np.asarray(model(pixels))
    restored = EvaluationLoop(restore_network(run)).predict(digits.test_images)

    np.testing.assert_allclose(by_keras, expected[name], atol=tolerance)
    np.testing.assert_allclose(restored, by_keras, atol=tolerance)
    assert np.ptp(expected[name], axis=0).max() > 0.3, "it says something"


def test_litert_gives_the_same_where_it_has_all_operations(
    ensemble: RunDirectory, nested: RunDirectory, expected: dict[str, np.ndarray], digits: Dataset
) -> None:
    temperature = read_calibration(ensemble).temperature
    logits = np.log(expected["ensemble"]) / temperature
    calibrated = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    assert ensemble.lite_model.is_file()
    answers = open_recognizer(ensemble).classifier(digits.test_images)
    np.testing.assert_allclose(answers, calibrated, atol=1e-4)
    assert nested.lite_model.is_file() == (
        nested.read_record().artifacts["model.tflite"].problem is None
    )


@pytest.mark.parametrize("name", ["ensemble", "nested"])
def test_its_loss_is_that_of_its_answers_in_float32_without_penalties(
    name: str,
    expected: dict[str, np.ndarray],
    digits: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    run = request.getfixturevalue(name)
    evaluation = json.loads(run.evaluation.read_text())
    of_label = expected[name][np.arange(len(digits.test_labels)), digits.test_labels]

    assert evaluation["loss"] == pytest.approx(-np.log(of_label).mean(), rel=0.01)
    right = expected[name].argmax(axis=1) == digits.test_labels
    assert evaluation["accuracy"] == pytest.approx(right.mean(), abs=0.01)
    network = restore_network(run)
    assert sum(network.model.losses) == 0
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


def test_its_record_names_its_members(
    ensemble: RunDirectory, nested: RunDirectory, members: dict[str, RunDirectory]
) -> None:
    record = nested.read_record()
    runs = [ensemble, members["rows"], members["attention"]]

    assert [member.run for member in record.members] == [str(run.path.absolute()) for run in runs]
    assert [member.sha256 for member in record.members] == [
        hashlib.sha256(run.best_checkpoint.read_bytes()).hexdigest() for run in runs
    ]
    assert [member.weight for member in record.members] == WEIGHTS
    assert record.status == "completed" and record.outputs == "probabilities"
    assert record.config == nested.config.read_text()
    # It is measured by what no member was trained on: the smallest part held out.
    assert ensemble.read_record().dataset.validation_images == 150
    assert record.dataset.validation_images == 144
    assert record.dataset.training_images == 1438 - 144


@pytest.mark.usefixtures("bare_runs")
def test_its_config_trains_as_any_other(
    ensemble: RunDirectory, digits: Dataset, tmp_path: Path
) -> None:
    preparation = prepare(load_config(ensemble.config, ["epochs=1", "batch_size=200"]), digits)
    trained = train(preparation, tmp_path / "run")

    assert [row["epoch"] for row in trained.run.read_metrics()] == [0, 1]
    weights = [restore_network(run).model.count_params() for run in (ensemble, trained.run)]
    assert weights[0] == weights[1]
    assert trained.record.members == []


def untrained(
    file: ConfigFile, name: str, outputs: OutputKind = OutputKind.PROBABILITIES
) -> MemberRun:
    """A member for what needs no weights."""
    return MemberRun(RunDirectory(Path(name)), make_record(), file.config, outputs, 1.0)


def build_average(load_text: Load, *texts: str) -> Network:
    members = [untrained(load_text(text), f"run{i}") for i, text in enumerate(texts)]
    return build_network(compose(members, [1] * len(members), 200, "average").file, 10)


SOFTMAX = "layers: [{Dense: {units: 10, activation: softmax}}]\n"
DRAWINGS = "augment: [{RandomDrawings: {digits: 0.1, others: 0.1}}]\n"
ONE_HOT = "loss: categorical_crossentropy\n"


def test_members_that_were_shown_no_digits_make_an_ensemble_that_was(load_text: Load) -> None:
    text = SOFTMAX + DRAWINGS + ONE_HOT
    assert build_average(load_text, text, text).is_shown_others


def test_members_augmented_in_different_ways_make_an_ensemble_without(load_text: Load) -> None:
    network = build_average(load_text, SOFTMAX + DRAWINGS + ONE_HOT, SOFTMAX)
    assert network.augment == []


def test_the_mask_of_a_sequence_is_none_of_classes(load_text: Load) -> None:
    masked = load_text("layers: [Flatten, Masking, {Dense: {units: 10}}]\n")
    kinds = (OutputKind.LOGITS, OutputKind.SCORES)
    members = [untrained(masked, kind.value, kind) for kind in kinds]

    network = build_network(compose(members, [1, 1], 200, "average").file, 10)

    probabilities = np.asarray(network.model(np.zeros((2, 28, 28, 1)), training=False))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_an_ensemble_can_be_averaged_again_and_again(load_text: Load) -> None:
    """Each time its layers' names become longer."""
    file = load_text("layers: [{Dense: {units: 10, activation: softmax, name: layer}}]\n")
    for depth in range(9):
        pair = [untrained(file, f"run{depth}"), untrained(load_text(SOFTMAX), "other")]
        file = compose(pair, [1, 1], 200, "average").file
    assert build_network(file, 10).output_kind is OutputKind.PROBABILITIES


def test_a_member_that_gives_no_numbers_is_named(
    members: dict[str, RunDirectory], digits: Dataset, tmp_path: Path
) -> None:
    path = shutil.copytree(members["dense"].path, tmp_path / "other")
    checkpoint = path / "checkpoints" / "best.npz"
    with np.load(checkpoint) as file:
        arrays = dict(file)
    *_, name = (name for name in arrays if name.startswith("model/"))
    arrays[name] = np.full_like(arrays[name], np.nan)
    np.savez(checkpoint, **arrays)

    with pytest.raises(RunError, match="other gives outputs that are NaN or infinite"):
        make_ensemble(open_members([members["rows"].path, path]), digits, path=tmp_path / "run")


@pytest.mark.usefixtures("bare_runs")
def test_what_is_held_out_does_not_depend_on_who_is_chosen(
    members: dict[str, RunDirectory],
    digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 144, 150 and 200 validation images, all are measured by 144."""
    chosen = Average([0, 1, 1], 0.5, 1.0)
    monkeypatch.setattr("mnistcli.ensembles.ensemble.choose_members", lambda *_: chosen)
    paths = [members[name].path for name in ("rows", "dense", "attention")]

    made = make_ensemble(open_members(paths), digits, most=2, path=tmp_path / "run")

    assert made.record.dataset.validation_images == 144
    assert made.run.read_config().config.data.validation == 144
