"""Runs that were cut short, and go on as if they had not been."""

import dataclasses
import shutil
import signal
from pathlib import Path

import pytest
from conftest import LoadText
from trainings import (
    IDLE,
    TEXT,
    Recorder,
    Stopper,
    Trained,
    assert_same_training,
    rows_without_times,
)

from mnistcli.config import load_config
from mnistcli.data import Dataset
from mnistcli.errors import InterruptedTrainingError, RunError, StopSignal
from mnistcli.runs import RunDirectory, open_run_directory
from mnistcli.training import (
    TrainingObserver,
    prepare,
    resume,
    train,
)


class RecordReader(TrainingObserver):
    """Reads run.json while the run goes on."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    def epoch_started(self, epoch: int) -> None:
        self.record = self.run.read_record()


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
