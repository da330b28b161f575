"""Real small trainings: what they leave on disk, and that they can be had again."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import pytest
from commands import invoke
from config_texts import Load
from trainings import (
    DENSE,
    IDLE,
    TEXT,
    Recorder,
    Stopper,
    Trained,
    assert_same_training,
)

from mnistcli.artifacts import restore_network
from mnistcli.config import load_config
from mnistcli.data import Dataset, split_validation
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import InterruptedTrainingError, RunError
from mnistcli.recognition import read_calibration
from mnistcli.runs import RunDirectory
from mnistcli.scores import read_predictions
from mnistcli.training import (
    TrainingObserver,
    prepare,
    resume,
    train,
)
from mnistcli.training.monitor import monitor_best

pytestmark = pytest.mark.usefixtures("bare_runs")


class Ender(TrainingObserver):
    """Interrupts a training before its first step."""

    def epoch_started(self, epoch: int) -> None:
        raise KeyboardInterrupt


def test_the_files_of_a_run(trained: Trained) -> None:
    run = trained.run

    files = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert files == {
        ".lock",
        "config.yaml",
        "run.json",
        "metrics.jsonl",
        "model.keras",
        "model.tflite",
        "calibration.npz",
        "evaluation.json",
        "predictions.npz",
        "samples.npz",
        "checkpoints/best.npz",
        "checkpoints/epoch-0002.npz",
        "checkpoints/epoch-0003.npz",
    }


def test_a_row_of_metrics_for_each_epoch(trained: Trained) -> None:
    rows = trained.run.read_metrics()

    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    for row in rows:
        assert list(row) == [
            "epoch",
            "loss",
            "accuracy",
            "top_2",
            "val_loss",
            "val_accuracy",
            "val_top_2",
            "learning_rate",
            "seconds",
            "images_per_second",
        ]
        assert 0 <= row["accuracy"] <= row["top_2"] <= 1
        assert 0 <= row["val_accuracy"] <= row["val_top_2"] <= 1
    assert rows[0]["accuracy"] < 0.3
    assert rows[0]["seconds"] == 0
    assert rows[3]["val_accuracy"] > 0.8
    assert rows[3]["loss"] < rows[1]["loss"] < rows[0]["loss"]
    # 1,238 images in 13 steps an epoch: a cosine from 0.01 to 0 over 39 of them.
    rates = [0.005 * (1 + np.cos(np.pi * epoch / 3)) for epoch in range(4)]
    assert [row["learning_rate"] for row in rows] == pytest.approx(rates, abs=1e-8)
    assert rows[3]["images_per_second"] == pytest.approx(1238 / rows[3]["seconds"], rel=0.01)


def test_what_the_observer_is_told(trained: Trained) -> None:
    rows = trained.run.read_metrics()[1:]
    best = [
        row["val_accuracy"] > max([r["val_accuracy"] for r in rows[:i]], default=-1)
        for i, row in enumerate(rows)
    ]
    expected: list[tuple[Any, ...]] = [
        ("epoch_finished", 0, False),
        ("training_started", 1, 3, 1238),
    ]
    for epoch, is_best in enumerate(best, 1):
        expected += [("epoch_started", epoch), ("epoch_finished", epoch, is_best)]

    assert trained.recorder.calls == [*expected, ("training_finished",)]


def test_the_record_of_a_run(trained: Trained, digits: Dataset) -> None:
    record = trained.run.read_record()

    assert record == trained.result.record
    assert (record.status, record.seed) == ("completed", 7)
    assert record.finished and record.started < record.finished
    assert record.dataset.sha256 == digits.sha256
    data = record.dataset
    assert (data.training_images, data.validation_images, data.test_images) == (1238, 200, 359)
    assert record.config == trained.run.config.read_text()
    evaluation = json.loads(trained.run.evaluation.read_text())
    assert (evaluation["data"], evaluation["checkpoint"]) == ("test", "best")
    assert evaluation["images"] == 359
    assert record.metrics
    assert record.metrics["test_accuracy"] == evaluation["accuracy"]
    assert (record.parameters, [layer.kind for layer in record.layers[-2:]]) == (
        sum(layer.parameters for layer in record.layers),
        ["Dropout", "Dense"],
    )
    best = max(trained.run.read_metrics()[1:], key=lambda row: row["val_accuracy"])
    assert record.metrics["best_epoch"] == best["epoch"]
    assert record.metrics["val_accuracy"] == best["val_accuracy"]


def test_the_predictions_of_a_run_are_those_of_its_model(trained: Trained, digits: Dataset) -> None:
    predictions = read_predictions(trained.run)

    assert predictions and trained.result.record.metrics
    assert np.array_equal(predictions.test.labels, digits.test_labels)
    assert np.array_equal(
        predictions.test.probabilities, trained.result.probabilities.astype(np.float32)
    )
    metrics = trained.result.record.metrics
    assert predictions.test.is_right.mean() == metrics["test_accuracy"]
    assert predictions.validation.is_right.mean() == pytest.approx(metrics["val_accuracy"])
    held_out = split_validation(digits, 200, 0).validation
    assert np.array_equal(predictions.validation.labels, held_out.labels)


def test_the_resolved_config_trains_the_identical_run_again(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    run = train(prepare(load_config(trained.run.config), digits), tmp_path / "again").run

    assert run.config.read_text() == trained.run.config.read_text()
    assert_same_training(run, trained.run)


def test_another_seed_trains_another_run(
    trained: Trained, load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "other")
    with pytest.raises(InterruptedTrainingError):
        train(prepare(load_text(TEXT, "seed=8"), digits), run.path, [Ender()])

    assert run.read_metrics()[0]["loss"] != trained.run.read_metrics()[0]["loss"]


def test_a_failed_run_says_so(load_text: Load, digits: Dataset, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(ZeroDivisionError):
        train(prepare(load_text(IDLE), digits), run.path, [Stopper(1, ZeroDivisionError())])

    assert run.read_record().status == "failed"


def test_the_saved_model_needs_nothing_beside_it(trained: Trained, digits: Dataset) -> None:
    network = restore_network(trained.run)
    model = keras.models.load_model(trained.run.model)

    images = digits.test_images[..., np.newaxis].astype(np.float32)
    probabilities = np.asarray(model(images, training=False))

    expected = EvaluationLoop(network).predict(digits.test_images)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)
    accuracy = (probabilities.argmax(axis=1) == digits.test_labels).mean()
    assert accuracy == pytest.approx(trained.result.evaluation.accuracy)


def test_training_stops_early_and_says_so(load_text: Load, digits: Dataset, tmp_path: Path) -> None:
    file = load_text(IDLE, "checkpoint.every_epochs=2", "checkpoint.keep=5")
    recorder = Recorder(tmp_path / "run", tmp_path / "killed")
    run = train(prepare(file, digits), tmp_path / "run", [recorder]).run

    stopped = ("stopped_early", 3, "val_accuracy has not improved for 2 epochs")
    assert recorder.calls[-2:] == [stopped, ("training_finished",)]
    assert [row["epoch"] for row in run.read_metrics()] == [0, 1, 2, 3]
    # The last epoch has its checkpoint, though it is no second one.
    assert [checkpoint.epoch for checkpoint in run.list_checkpoints()] == [0, 2, 3]
    metrics = run.read_record().metrics
    assert metrics and metrics["best_epoch"] == 1
    assert run.read_record().stop_reason == stopped[2]

    # Interrupted in its last second, it does not train on.
    run.write_record(msgspec.structs.replace(run.read_record(), status="interrupted"))
    recorder = Recorder()
    resume(run, prepare(load_config(run.config), digits), [recorder])
    assert recorder.calls == [("training_started", 4, 9, 1294), stopped, ("training_finished",)]
    assert run.read_record().metrics == metrics


def test_an_observer_can_end_a_training_after_an_epoch(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    class Pruner(TrainingObserver):
        def epoch_finished(self, row: dict[str, Any], is_best: bool) -> str | None:
            return f"pruned at {row['val_accuracy']:.0f}" if row["epoch"] == 1 else None

    file = load_text(IDLE, "epochs=4", "checkpoint.every_epochs=3", "early_stopping=null")
    before, after = Recorder(), Recorder()
    result = train(prepare(file, digits), tmp_path / "run", [before, Pruner(), after])

    assert before.calls == after.calls
    assert before.calls[-2:] == [("stopped_early", 1, "pruned at 0"), ("training_finished",)]
    record = result.run.read_record()
    assert (record.status, record.stop_reason) == ("completed", "pruned at 0")
    assert [row["epoch"] for row in result.run.read_metrics()] == [0, 1]
    assert [checkpoint.epoch for checkpoint in result.run.list_checkpoints()] == [0, 1]
    assert result.run.model.exists()

    # What ended one training does not end the next.
    result = resume(result.run, prepare(file, digits))
    assert [row["epoch"] for row in result.run.read_metrics()] == [0, 1, 2, 3, 4]
    assert result.run.read_record().stop_reason is None


def test_the_best_epoch_is_the_one_that_is_saved(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    """A learning rate that explodes after the first epoch."""
    text = IDLE.replace(
        "learning_rate: 0.0",
        "learning_rate: {PiecewiseConstantDecay: {boundaries: [1], values: [0.1, 1e5]}}",
    )
    file = load_text(text, "epochs=3", "checkpoint={best: val_loss, keep: 1}")
    result = train(prepare(file, digits), tmp_path / "run")

    losses = [row["val_loss"] for row in result.run.read_metrics()[1:]]
    assert result.best_epoch == 1 + losses.index(min(losses)) == 1
    assert losses[2] > 100 * losses[0]
    best, last = (restore_network(result.run, which) for which in ("best", "last"))
    validation = prepare(file, digits).splits.validation
    measured = [
        EvaluationLoop(network).evaluate(validation.images, validation.labels)["loss"]
        for network in (best, last)
    ]
    assert measured == pytest.approx([losses[0], losses[2]], rel=1e-5)
    assert [checkpoint.epoch for checkpoint in result.run.list_checkpoints()] == [3]


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (
            "1e38",
            "the loss became NaN or infinite in epoch 1, at step 2 of 2, with a learning rate",
        ),
        ("1e20", "the validation loss became NaN or infinite in epoch 1, at step 1 of 1"),
    ],
)
def test_a_training_that_diverges_stops_and_says_so(
    load_text: Load, digits: Dataset, tmp_path: Path, rate: str, told: str
) -> None:
    size = "700" if rate == "1e38" else "1294"
    text = IDLE.replace("0.0", rate).replace("700", size)
    run = RunDirectory(tmp_path / "run")
    # Weights of 1e20 twice over overflow float32, but only after the step that makes them.
    layers = "layers=[{Dense: {units: 10}}, {Dense: {units: 10, activation: softmax}}]"

    with pytest.raises(RunError, match=told) as caught:
        train(prepare(load_text(text, layers), digits), run.path)

    assert "optimizer.SGD.learning_rate=" in str(caught.value)
    assert str(run.checkpoint(0)) in str(caught.value)
    record = run.read_record()
    assert (record.status, record.error) == ("failed", str(caught.value))
    assert [row["epoch"] for row in run.read_metrics()] == [0]
    assert [path.name for path in run.checkpoints.iterdir()] == ["epoch-0000.npz"]


def test_the_fallback_becomes_the_data_set_of_the_run(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    text = f"""
layers:
{DENSE}
epochs: 1
batch_size: 2000
data: {{dataset: mnist, fallback: digits, validation: 6000}}
"""
    stand_in = dataclasses.replace(digits, fallback_reason="no MNIST here")
    run = train(prepare(load_text(text), stand_in), tmp_path / "run").run

    config = load_config(run.config).config
    assert (config.data.dataset, config.data.fallback) == ("digits", None)
    assert config.data.validation == 0.1  # the share that 6,000 are of MNIST
    assert config.batch_size == 1438
    record = run.read_record().dataset
    assert (record.name, record.fallback_reason) == ("digits", "no MNIST here")
    again = train(prepare(load_config(run.config), digits), tmp_path / "again").run
    assert_same_training(again, run)


def test_a_run_directory_that_exists_is_left_alone(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="exists already"):
        train(prepare(load_text(IDLE), digits), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_without_a_name_the_run_goes_under_runs(
    load_text: Load, digits: Dataset, runs_dir: Path
) -> None:
    for _ in range(2):
        with pytest.raises(InterruptedTrainingError):
            train(prepare(load_text(IDLE, "name=idle"), digits), observers=[Ender()])

    names = sorted(path.name for path in runs_dir.iterdir())
    assert len(names) == 2
    assert all(name.startswith("idle-") for name in names)


def test_without_validation_images_all_are_trained_on_and_the_last_epoch_is_best(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    text = f"layers:\n{DENSE}epochs: 2\ndata: {{dataset: digits, validation: 0}}\n"
    for best in ("val_accuracy", "val_loss"):
        preparation = prepare(load_text(text, f"checkpoint.best={best}"), digits)
        assert monitor_best(preparation.file.config, preparation.network).column == "epoch"
    result = train(preparation, tmp_path / "run")

    assert result.best_epoch == 2
    rows = result.run.read_metrics()
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert not any(name.startswith("val_") for row in rows for name in row)
    record = result.run.read_record()
    assert record.dataset.training_images == len(digits.train_labels)
    assert record.metrics
    assert record.metrics["best_epoch"] == 2
    assert read_calibration(result.run).temperature > 0
    with pytest.raises(RunError, match="has no validation images"):
        raise invoke("evaluate", result.run.path, "--split", "validation") or AssertionError


def test_false_negatives_are_better_when_fewer(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    text = (
        f"layers:\n{DENSE}epochs: 3\nmetrics: [FalseNegatives]\ndata: {{dataset: digits}}\n"
        "checkpoint: {best: val_false_negatives}\n"
        "early_stopping: {monitor: val_false_negatives, patience: 1}\n"
    )
    result = train(prepare(load_text(text), digits), tmp_path / "run")
    rows = result.run.read_metrics()[1:]
    counts = [row["val_false_negatives"] for row in rows]
    assert counts == sorted(counts, reverse=True), "each epoch has fewer"
    assert result.best_epoch == 3
