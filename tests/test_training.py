"""Real small trainings: what they leave on disk, and that they can be had again."""

import dataclasses
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import LoadText

from mnistcli.config import ConfigFile, load_config
from mnistcli.data import Dataset, load_dataset
from mnistcli.engine import EpochProgress, EvaluationLoop
from mnistcli.errors import ConfigError, InterruptedTrainingError, RunError, StopSignal
from mnistcli.inference import restore_network
from mnistcli.runs import RunDirectory, open_run_directory
from mnistcli.training import (
    TrainingObserver,
    TrainingResult,
    prepare,
    resume,
    train,
    try_one_step,
)

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
# All that has a state: dropout, augmentation, moving averages, a schedule.
TEXT = f"""
layers:
  - Conv2D: {{filters: 8, kernel_size: 5, strides: 3}}
  - BatchNormalization
  - ReLU
  - Flatten
  - Dropout: {{rate: 0.2}}
{DENSE}
optimizer:
  Adam:
    learning_rate: {{CosineDecay: {{initial_learning_rate: 1e-2, decay_steps: 100%}}}}
    use_ema: true
    ema_momentum: 0.9
metrics: [{{SparseTopKCategoricalAccuracy: {{k: 2, name: top_2}}}}]
epochs: 3
batch_size: 100
seed: 7
data: {{dataset: digits, validation: 200, normalize: standard}}
augment: [{{RandomTranslation: {{height_factor: 0.1, width_factor: 0.1}}}}]
early_stopping: {{patience: 3}}
"""
# Learns nothing, so that validation never improves on the first epoch.
IDLE = f"""
layers:
{DENSE}
optimizer: {{SGD: {{learning_rate: 0.0}}}}
epochs: 9
batch_size: 700
data: {{dataset: digits}}
early_stopping: {{monitor: val_accuracy, patience: 2}}
"""


class Recorder(TrainingObserver):
    """Keeps what it is told, and copies the run as a kill after epoch 2 would leave it."""

    def __init__(self, run: Path | None = None, copy: Path | None = None) -> None:
        self.run, self.copy = run, copy
        self.calls: list[tuple[Any, ...]] = []

    def training_started(self, first_epoch: int, epochs: int, images: int) -> None:
        self.calls.append(("training_started", first_epoch, epochs, images))

    def epoch_started(self, epoch: int) -> None:
        self.calls.append(("epoch_started", epoch))

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> None:
        self.calls.append(("epoch_finished", row["epoch"], is_best))
        if self.run and self.copy and row["epoch"] == 2:
            shutil.copytree(self.run, self.copy)

    def stopped_early(self, epoch: int, reason: str) -> None:
        self.calls.append(("stopped_early", epoch, reason))

    def training_finished(self) -> None:
        self.calls.append(("training_finished",))


@dataclasses.dataclass
class Trained:
    """A completed run, what its observer was told, and its state during epoch 2."""

    result: TrainingResult
    recorder: Recorder
    killed: RunDirectory

    @property
    def run(self) -> RunDirectory:
        return self.result.run


@pytest.fixture(scope="module")
def trained(
    load_text: LoadText, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    recorder = Recorder(folder / "run", folder / "killed")
    result = train(prepare(load_text(TEXT), digits), folder / "run", recorder)
    return Trained(result, recorder, RunDirectory(folder / "killed"))


def rows_without_times(run: RunDirectory) -> list[dict[str, Any]]:
    times = ("seconds", "images_per_second")
    return [{k: v for k, v in row.items() if k not in times} for row in run.read_metrics()]


def assert_same_training(run: RunDirectory, expected: RunDirectory) -> None:
    """Metrics, weights, optimizer, random generators and progress are equal to the last bit."""
    assert rows_without_times(run) == rows_without_times(expected)
    names = sorted(path.name for path in expected.checkpoints.iterdir())
    assert sorted(path.name for path in run.checkpoints.iterdir()) == names
    for name in names:
        with np.load(run.checkpoints / name) as one, np.load(expected.checkpoints / name) as two:
            assert one.files == two.files
            for key in one.files:
                np.testing.assert_array_equal(one[key], two[key], err_msg=f"{name} {key}")
    evaluations = [json.loads(each.evaluation.read_text()) for each in (run, expected)]
    assert evaluations[0] == evaluations[1]


def test_the_files_of_a_run(trained: Trained) -> None:
    run = trained.run

    files = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert files == {
        "config.yaml",
        "run.json",
        "metrics.jsonl",
        "model.keras",
        "evaluation.json",
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
    assert (record["status"], record["seed"]) == ("completed", 7)
    assert record["started"] < record["finished"]
    assert record["dataset"]["sha256"] == digits.sha256
    sizes = [record["dataset"][f"{split}_images"] for split in ("training", "validation", "test")]
    assert sizes == [1238, 200, 359]
    evaluation = json.loads(trained.run.evaluation.read_text())
    assert (evaluation["data"], evaluation["checkpoint"]) == ("test", "best")
    assert evaluation["images"] == 359
    assert record["metrics"]["test_accuracy"] == evaluation["accuracy"]
    best = max(trained.run.read_metrics()[1:], key=lambda row: row["val_accuracy"])
    assert record["metrics"]["best_epoch"] == best["epoch"]
    assert record["metrics"]["val_accuracy"] == best["val_accuracy"]


def test_the_resolved_config_trains_the_identical_run_again(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    run = train(prepare(load_config(trained.run.config), digits), tmp_path / "again").run

    assert run.config.read_text() == trained.run.config.read_text()
    assert_same_training(run, trained.run)


def test_another_seed_trains_another_run(
    trained: Trained, load_text: LoadText, digits: Dataset, tmp_path: Path
) -> None:
    file = load_text(TEXT, "seed=8", "epochs=1", "layers.4.Dropout.rate=0", "augment=[]")
    run = train(prepare(file, digits), tmp_path / "other").run

    assert run.read_metrics()[0]["loss"] != trained.run.read_metrics()[0]["loss"]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    """Killed after the row of epoch 2 and before its checkpoint; the row is trained again."""
    shutil.copytree(trained.killed.path, tmp_path / "run")
    run = open_run_directory(tmp_path / "run")
    assert run.read_record()["status"] == "running"
    assert [checkpoint.epoch for checkpoint in run.list_checkpoints()] == [1]
    with run.metrics.open("a") as file:
        file.write('{"epoch": 3, "lo')

    recorder = Recorder()
    result = resume(run, prepare(load_config(run.config), digits), recorder)

    assert_same_training(run, trained.run)
    assert recorder.calls[0] == ("training_started", 2, 3, 1238)
    assert result.record["status"] == run.read_record()["status"] == "completed"
    assert run.read_record()["started"] == trained.run.read_record()["started"]


class Stopper(TrainingObserver):
    """Raises something in the middle of an epoch."""

    def __init__(self, epoch: int, error: BaseException) -> None:
        self.stop_epoch, self.error = epoch, error

    def epoch_started(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_progressed(self, progress: EpochProgress) -> None:
        if self.epoch == self.stop_epoch and progress.images > 100:
            raise self.error


class RecordReader(TrainingObserver):
    """Reads run.json while the run goes on."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    def epoch_started(self, epoch: int) -> None:
        self.record = self.run.read_record()


@pytest.mark.parametrize(
    ("error", "number"),
    [(StopSignal(signal.SIGTERM), signal.SIGTERM), (KeyboardInterrupt(), signal.SIGINT)],
)
def test_an_interrupted_run_says_so_and_goes_on(
    trained: Trained,
    load_text: LoadText,
    digits: Dataset,
    tmp_path: Path,
    error: BaseException,
    number: int,
) -> None:
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(InterruptedTrainingError, match=r"mnistcli train --resume .*run") as caught:
        train(prepare(load_text(TEXT), digits), run.path, Stopper(2, error))

    assert caught.value.exit_code == 128 + number
    assert run.read_record()["status"] == "interrupted"
    assert run.read_record()["finished"]
    names = sorted(path.name for path in run.path.rglob("*"))
    assert names == [
        "best.npz",
        "checkpoints",
        "config.yaml",
        "epoch-0001.npz",
        "metrics.jsonl",
        "run.json",
    ]
    assert rows_without_times(run) == rows_without_times(trained.run)[:2]
    if number == signal.SIGTERM:
        reader = RecordReader(run)
        resume(run, prepare(load_config(run.config), digits), reader)
        assert_same_training(run, trained.run)
        assert (reader.record["status"], reader.record["finished"]) == ("running", None)


def test_a_run_without_a_checkpoint_cannot_go_on(
    load_text: LoadText, digits: Dataset, tmp_path: Path
) -> None:
    file = load_text(IDLE, "checkpoint.every_epochs=5")
    run = RunDirectory(tmp_path / "run")
    with pytest.raises(InterruptedTrainingError, match="no checkpoint was written yet"):
        train(prepare(file, digits), run.path, Stopper(2, KeyboardInterrupt()))

    with pytest.raises(RunError, match=r"has no checkpoint to go on from\n  start again with"):
        resume(run, prepare(load_config(run.config), digits))
    assert run.read_record()["status"] == "interrupted"


def test_a_failed_run_says_so(load_text: LoadText, digits: Dataset, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(ZeroDivisionError):
        train(prepare(load_text(IDLE), digits), run.path, Stopper(1, ZeroDivisionError()))

    assert run.read_record()["status"] == "failed"


def test_a_completed_run_is_not_resumed(trained: Trained, digits: Dataset) -> None:
    before = trained.run.metrics.read_bytes(), trained.run.record.read_bytes()

    with pytest.raises(RunError, match=r"is complete; there is nothing to resume"):
        resume(trained.run, prepare(load_config(trained.run.config), digits))

    assert (trained.run.metrics.read_bytes(), trained.run.record.read_bytes()) == before


def test_a_run_is_not_resumed_on_other_data(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(trained.killed.path, tmp_path / "run")
    other = dataclasses.replace(digits, sha256=digits.sha256 | {"train_labels": "0" * 64})
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(RunError, match="was trained on other data than scikit-learn's"):
        resume(run, prepare(load_config(run.config), other))


def test_the_saved_model_needs_nothing_beside_it(trained: Trained, digits: Dataset) -> None:
    network = restore_network(trained.run)
    model = keras.models.load_model(trained.run.model)

    images = digits.test_images[..., np.newaxis].astype(np.float32)
    probabilities = np.asarray(model(images, training=False))

    expected = EvaluationLoop(network).predict(digits.test_images)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)
    accuracy = (probabilities.argmax(axis=1) == digits.test_labels).mean()
    assert accuracy == pytest.approx(trained.result.evaluation.accuracy)


def test_training_stops_early_and_says_so(
    load_text: LoadText, digits: Dataset, tmp_path: Path
) -> None:
    file = load_text(IDLE, "checkpoint.every_epochs=2", "checkpoint.keep=5")
    recorder = Recorder(tmp_path / "run", tmp_path / "killed")
    run = train(prepare(file, digits), tmp_path / "run", recorder).run

    stopped = ("stopped_early", 3, "val_accuracy has not improved for 2 epochs")
    assert recorder.calls[-2:] == [stopped, ("training_finished",)]
    assert [row["epoch"] for row in run.read_metrics()] == [0, 1, 2, 3]
    # The last epoch has its checkpoint, though it is no second one.
    assert [checkpoint.epoch for checkpoint in run.list_checkpoints()] == [2, 3]
    metrics = run.read_record()["metrics"]
    assert metrics["best_epoch"] == 1

    # Interrupted in its last second, it does not train on.
    run.write_record(run.read_record() | {"status": "interrupted"})
    recorder = Recorder()
    resume(run, prepare(load_config(run.config), digits), recorder)
    assert recorder.calls == [("training_started", 4, 9, 1294), stopped, ("training_finished",)]
    assert run.read_record()["metrics"] == metrics


def test_the_best_epoch_is_the_one_that_is_saved(
    load_text: LoadText, digits: Dataset, tmp_path: Path
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


def test_a_training_that_diverges_is_recorded_as_json(
    load_text: LoadText, digits: Dataset, tmp_path: Path
) -> None:
    file = load_text(IDLE.replace("0.0", "1e38"), "epochs=2", "checkpoint.best=val_loss")
    run = train(prepare(file, digits), tmp_path / "run").run

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    for text in (*run.metrics.read_text().splitlines(), run.record.read_text()):
        json.loads(text, parse_constant=refuse)
    assert run.read_metrics()[-1]["val_loss"] is None
    assert run.read_record()["metrics"]["test_loss"] is None


def test_the_fallback_becomes_the_data_set_of_the_run(
    load_text: LoadText, digits: Dataset, tmp_path: Path
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
    record = run.read_record()["dataset"]
    assert (record["name"], record["fallback_reason"]) == ("digits", "no MNIST here")
    again = train(prepare(load_config(run.config), digits), tmp_path / "again").run
    assert_same_training(again, run)


def test_a_split_in_images_is_kept_for_a_fallback_of_one_s_own(load_text: LoadText) -> None:
    text = f"layers:\n{DENSE}data: {{dataset: ./nowhere, fallback: digits, validation: 100}}\n"
    dataset = load_dataset("./nowhere", "digits")

    preparation = prepare(load_text(text), dataset)

    assert preparation.file.config.data.validation == 100
    assert len(preparation.splits.validation) == 100


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("unit", lambda pixels, _: pixels / 255),
        ("centered", lambda pixels, _: pixels / 127.5 - 1),
        ("standard", lambda pixels, train: (pixels - train.mean()) / train.std()),
    ],
)
def test_pixels_are_normalized_by_the_training_images(
    load_text: LoadText,
    digits: Dataset,
    normalize: str,
    expected: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> None:
    text = f"layers:\n{DENSE}data: {{dataset: digits, normalize: {normalize}, validation: 700}}\n"
    preparation = prepare(load_text(text), digits)
    first = preparation.network.model.get_layer("normalize")

    train_images = preparation.splits.train.images.astype(np.float64)
    for images in (train_images, digits.test_images):
        got = np.asarray(first(images.astype(np.float32)))
        np.testing.assert_allclose(got, expected(images, train_images), rtol=1e-4, atol=1e-5)


def test_sizes_are_checked_against_the_data(load_text: LoadText, digits: Dataset) -> None:
    text = f"layers:\n{DENSE}batch_size: 1500\ndata:\n  dataset: ./own\n  validation: 1438\n"
    own = dataclasses.replace(digits, name="./own")

    with pytest.raises(ConfigError, match=r"small\.yaml:6:15: error: data\.validation: expected"):
        prepare(load_text(text), own)
    with pytest.raises(ConfigError, match=r"small\.yaml:3:13: error: batch_size: expected at m"):
        prepare(load_text(text, "data.validation=10"), own)
    assert len(prepare(load_text(text, "data.validation=1437", "batch_size=1"), own).splits.train)


def test_all_of_digits_but_one_can_be_held_out(load_text: LoadText, digits: Dataset) -> None:
    file = load_text(IDLE, "data.validation=1437", "batch_size=1")

    assert len(prepare(file, digits).splits.train) == 1


def test_a_run_directory_that_exists_is_left_alone(
    load_text: LoadText, digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="exists already"):
        train(prepare(load_text(IDLE), digits), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_writes_nothing(
    load_text: LoadText, digits: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs_dir.parent)

    dry_run = try_one_step(prepare(load_text(TEXT), digits))

    assert dry_run.steps_per_epoch == 13
    assert 0 < 3 * dry_run.seconds_per_epoch == pytest.approx(dry_run.seconds_in_all)
    assert list(runs_dir.parent.iterdir()) == []


def test_without_a_name_the_run_goes_under_runs(
    load_text: LoadText, digits: Dataset, runs_dir: Path
) -> None:
    def load_idle() -> ConfigFile:
        return load_text(IDLE, "epochs=1", "name=idle")

    results = [train(prepare(load_idle(), digits)) for _ in range(2)]

    names = sorted(path.name for path in runs_dir.iterdir())
    assert len(names) == 2
    assert all(name.startswith("idle-") for name in names)
    assert results[0].run.path.parent == runs_dir
