"""A trained network from its run directory."""

import json
import shutil
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from config_texts import Load
from msgspec.structs import replace
from trainings import bare_runs

from mnistcli.artifacts import restore_network
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import DataError, MnistcliError, RunError
from mnistcli.evaluation import Subject, evaluate_network, write_evaluation
from mnistcli.model import build_network
from mnistcli.recognition import load_lite_model
from mnistcli.runs import RunDirectory
from mnistcli.training import prepare, train

TEXT = """
layers:
  - Flatten
  - Dense: {units: 10}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer:
  SGD:
    learning_rate: {PiecewiseConstantDecay: {boundaries: [50%], values: [0.1, 50.0]}}
    use_ema: true
    ema_momentum: 0.5
epochs: 2
batch_size: 200
data: {dataset: digits, normalize: centered}
"""


@pytest.fixture(scope="module")
def trained(
    load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> RunDirectory:
    """A run that is best after its first epoch, and whose last weights are averages."""
    path = tmp_path_factory.mktemp("run") / "run"
    with bare_runs():
        return train(prepare(load_text(TEXT), digits), path).run


@pytest.fixture
def run(trained: RunDirectory, tmp_path: Path) -> RunDirectory:
    """A copy that a test may damage."""
    shutil.copytree(trained.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def test_best_and_last_have_the_metrics_of_their_epochs(
    trained: RunDirectory, load_text: Load, digits: Dataset
) -> None:
    validation = prepare(load_text(TEXT), digits).splits.validation
    _, first, second = trained.read_metrics()
    assert first["val_accuracy"] > second["val_accuracy"]

    for checkpoint, row in (("best", first), ("last", second)):
        network = restore_network(trained, checkpoint)  # type: ignore[arg-type]
        metrics = EvaluationLoop(network).evaluate(validation.images, validation.labels)
        assert metrics["accuracy"] == row["val_accuracy"]
        assert metrics["loss"] == pytest.approx(row["val_loss"], rel=1e-5)


def test_after_training_in_16_bits_litert_answers_in_float32(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    text = TEXT.replace("{units: 10}", "{units: 64}\n  - Dense: {units: 10}")
    file = load_text(text.replace("50.0", "0.1") + "precision: mixed_bfloat16\n")
    with mock.patch("mnistcli.cli.figures.write_run_figures"):
        run = train(prepare(file, digits), tmp_path / "run").run
    answers, halves = (
        EvaluationLoop(restore_network(run, in_float32=in_float32)).predict(digits.test_images)
        for in_float32 in (True, False)
    )
    compute_outputs = load_lite_model(run.lite_model)

    np.testing.assert_allclose(compute_outputs(digits.test_images), answers, rtol=1e-4, atol=1e-3)
    assert np.abs(halves - answers).max() > 0.01, "the model was trained in 16 bits"


def test_an_evaluation_is_written(trained: RunDirectory, digits: Dataset) -> None:
    loop = EvaluationLoop(restore_network(trained))
    evaluation, _ = evaluate_network(loop, digits.test)
    written = json.loads(trained.evaluation.read_text())

    assert evaluation.images == 359
    assert evaluation.accuracy == written["accuracy"]
    predicted = loop.predict(digits.test_images).argmax(axis=1)
    assert evaluation.errors == int(np.sum(predicted != digits.test_labels))
    before = trained.evaluation.read_bytes()
    path = write_evaluation(trained, evaluation, Subject(data="other/own set.npz"))
    assert path.name == "evaluation-data-own-set.json"
    document = {"data": "other/own set.npz", "checkpoint": "best"} | evaluation.to_json()
    assert json.loads(path.read_text()) == document
    assert trained.evaluation.read_bytes() == before


def test_a_label_that_the_run_does_not_know_is_an_error(load_text: Load, digits: Dataset) -> None:
    network = build_network(load_text(TEXT.replace("units: 10", "units: 9")), 9)

    with pytest.raises(DataError, match=r"has the label 9\n  expected labels from 0 to 8"):
        evaluate_network(EvaluationLoop(network), digits.test)


@pytest.mark.parametrize("checkpoint", ["best", "last"])
def test_a_run_without_a_checkpoint_is_an_error(run: RunDirectory, checkpoint: str) -> None:
    shutil.rmtree(run.checkpoints)

    with pytest.raises(RunError, match=r"has no checkpoint .*\n  expected a run that finished"):
        restore_network(run, checkpoint)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        '{"status": "completed"}',
        '{"dataset": null}',
        '{"dataset": []}',
        '{"dataset": {"num_classes": 10}}',
        '{"dataset": {"num_classes": "ten", "pixel_scale": 1, "pixel_offset": 0}}',
    ],
)
def test_a_damaged_record_is_an_error(run: RunDirectory, record: str) -> None:
    run.record.write_text(record)

    with pytest.raises(RunError, match=r"run\.json"):
        restore_network(run)


def test_a_damaged_checkpoint_is_an_error(run: RunDirectory) -> None:
    run.best_checkpoint.write_bytes(run.best_checkpoint.read_bytes()[:-100])

    with pytest.raises(RunError, match=r"best\.npz is damaged"):
        restore_network(run)


@pytest.mark.parametrize("config", [None, "", "layers: [Flatten]\n", "layers: {"])
def test_a_damaged_config_is_an_error(run: RunDirectory, config: str | None) -> None:
    run.config.unlink()
    if config is not None:
        run.config.write_text(config)

    with pytest.raises(MnistcliError, match=r"config\.yaml"):
        restore_network(run)


def test_a_checkpoint_of_another_config_is_an_error(run: RunDirectory) -> None:
    run.config.write_text(
        run.config.read_text().replace("- Dense:", "- BatchNormalization\n- Dense:")
    )
    # A run of an older version, which kept no config in its record.
    run.write_record(replace(run.read_record(), config=None))

    with pytest.raises(RunError, match="is of another network"):
        restore_network(run)
