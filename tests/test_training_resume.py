"""Runs that were cut short, and go on as if they had not been."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from commands import PATIENCE_SECONDS, command_environment
from config_texts import Load
from trainings import (
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
from mnistcli.execution import ONEDNN_SETTING
from mnistcli.runs import (
    RunDirectory,
    open_run_directory,
    plan_continuation,
)
from mnistcli.training import (
    Preparation,
    TrainingObserver,
    prepare,
    resume,
    train,
)

pytestmark = pytest.mark.usefixtures("bare_runs")


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
    assert run.read_record().status == "running"
    assert [checkpoint.epoch for checkpoint in run.list_checkpoints()] == [0, 1]
    with run.metrics.open("a") as file:
        file.write('{"epoch": 3, "lo')

    recorder = Recorder()
    result = resume(run, prepare(load_config(run.config), digits), [recorder])

    assert_same_training(run, trained.run)
    assert recorder.calls[0] == ("training_started", 2, 3, 1238)
    assert result.record.status == run.read_record().status == "completed"
    assert run.read_record().started == trained.run.read_record().started


@pytest.mark.parametrize(
    ("error", "number"),
    [(StopSignal(signal.SIGTERM), signal.SIGTERM), (KeyboardInterrupt(), signal.SIGINT)],
)
def test_an_interrupted_run_says_so_and_goes_on(
    trained: Trained,
    load_text: Load,
    digits: Dataset,
    tmp_path: Path,
    error: BaseException,
    number: int,
) -> None:
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(InterruptedTrainingError, match=r"mnistcli train --resume .*run") as caught:
        train(prepare(load_text(TEXT), digits), run.path, [Stopper(2, error)])

    assert caught.value.exit_code == 128 + number
    assert run.read_record().status == "interrupted"
    assert run.read_record().finished
    latest = run.list_checkpoints()[-1]
    assert latest.epoch == 1 and latest.step > 0
    assert f"in epoch 2 after step {latest.step} of 13" in str(caught.value)
    assert rows_without_times(run) == rows_without_times(trained.run)[:2]
    if number == signal.SIGTERM:
        reader = RecordReader(run)
        resume(run, prepare(load_config(run.config), digits), [reader])
        assert_same_training(run, trained.run)
        assert (reader.record.status, reader.record.finished) == ("running", None)
        (entry,) = run.read_record().resumed
        assert (entry.epoch, entry.step, entry.differences) == (1, latest.step, [])


def test_a_killed_run_goes_on_with_other_kernels_than_these(trained: Trained) -> None:
    """The test of a killed run, in a process that has Eigen's kernels for oneDNN's, or oneDNN's."""
    kernels = {"oneDNN": "Eigen"}.get(trained.run.read_record().kernels or "", "oneDNN")
    code = (
        "import pytest, sys\n"
        "from mnistcli.model.backend import cpu_kernels\n"
        f"assert cpu_kernels() in ({kernels!r}, 'unknown'), cpu_kernels()\n"
        "sys.exit(pytest.main(sys.argv[1:]))\n"
    )
    test = f"{__file__}::{test_a_killed_run_goes_on_as_if_nothing_had_happened.__name__}"
    done = subprocess.run(
        [sys.executable, "-c", code, "-p", "no:xdist", "-o", "addopts=", test],
        env=command_environment(**{ONEDNN_SETTING: str(int(kernels == "oneDNN"))}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


class Notes(TrainingObserver):
    """Keeps what it is told of a resumed run."""

    notices: list[str]

    def resumed(self, epoch: int, step: int, notices: list[str]) -> None:
        self.place, self.notices = (epoch, step), notices


@pytest.fixture
def cut(trained: Trained, tmp_path: Path) -> RunDirectory:
    """A completed run that says it was killed."""
    shutil.copytree(trained.run.path, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    run.write_record(msgspec.structs.replace(run.read_record(), status="running"))
    return run


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_run_on_a_gpu_is_not_promised_to_be_the_same(cut: RunDirectory, digits: Dataset) -> None:
    preparation = prepare(load_config(cut.config), digits)
    runtime = dataclasses.replace(preparation.runtime, device="NVIDIA H100", kernels="CUDA")
    notes = Notes()

    resume(cut, dataclasses.replace(preparation, runtime=runtime), [notes])

    *differences, order = notes.notices
    assert any("device CPU, now NVIDIA H100" in each for each in differences)
    assert order == "the last bits may differ: a GPU adds numbers in no fixed order"


def test_a_damaged_checkpoint_is_named_and_the_one_before_taken(
    trained: Trained, cut: RunDirectory, digits: Dataset
) -> None:
    flip_a_bit(cut.checkpoint(3))
    notes = Notes()

    resume(cut, prepare(load_config(cut.config), digits), [notes])

    assert notes.place == (2, 0)
    (notice,) = notes.notices
    assert notice.startswith(f"the checkpoint {cut.checkpoint(3)} is damaged: ")
    assert_same_training(cut, trained.run)


def test_a_damaged_best_checkpoint_is_made_again(
    trained: Trained, cut: RunDirectory, digits: Dataset
) -> None:
    best = trained.result.best_epoch
    assert best in (2, 3)
    cut.best_checkpoint.write_bytes(b"")
    notes = Notes()

    resume(cut, prepare(load_config(cut.config), digits), [notes])

    assert notes.place == (best, 0)
    assert notes.notices[0].startswith(f"the checkpoint {cut.best_checkpoint} is damaged: ")
    assert notes.notices[-1] == f"it was made again from epoch-{best:04d}.npz"
    assert_same_training(cut, trained.run)


def test_without_a_good_checkpoint_all_that_is_damaged_is_named(
    cut: RunDirectory, digits: Dataset
) -> None:
    for epoch in (2, 3):
        flip_a_bit(cut.checkpoint(epoch))
    before = {path: path.read_bytes() for path in cut.path.rglob("*.*") if path.name != ".lock"}

    with pytest.raises(RunError, match=r"no good checkpoint to go on from\n") as caught:
        resume(cut, prepare(load_config(cut.config), digits))

    for epoch in (2, 3):
        assert f"{cut.checkpoint(epoch)} is damaged" in str(caught.value)
    assert f"start again with: mnistcli train {cut.config}" in str(caught.value)
    for path, content in before.items():
        assert path.read_bytes() == content


def test_checkpoints_that_are_gone_are_no_fresh_start(cut: RunDirectory, digits: Dataset) -> None:
    shutil.rmtree(cut.checkpoints)
    cut.checkpoints.mkdir()

    with pytest.raises(RunError, match="checkpoints holds no checkpoint"):
        resume(cut, prepare(load_config(cut.config), digits))


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(
    trained: Trained, cut: RunDirectory, digits: Dataset
) -> None:
    shutil.rmtree(cut.checkpoints)
    cut.checkpoints.mkdir()
    cut.write_metrics(cut.read_metrics()[:1])
    notes = Notes()

    resume(cut, prepare(load_config(cut.config), digits), [notes])

    assert notes.notices == ["the run was cut short before its first checkpoint: it begins anew"]
    assert_same_training(cut, trained.run)


def test_metrics_that_are_lost_come_back_from_the_checkpoint(
    trained: Trained, cut: RunDirectory, digits: Dataset
) -> None:
    cut.metrics.unlink()

    resume(cut, prepare(load_config(cut.config), digits))

    assert cut.metrics.read_bytes() == trained.run.metrics.read_bytes()


def test_more_epochs_are_those_that_a_longer_run_would_have_had(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    text = TEXT.replace("{CosineDecay: {initial_learning_rate: 1e-2, decay_steps: 100%}}", "1e-2")
    longer = train(prepare(load_text(text, "epochs=2"), digits), tmp_path / "longer").run
    run = train(prepare(load_text(text, "epochs=1"), digits), tmp_path / "run").run

    resume(run, prepare(plan_continuation(run, ["epochs=2"]).file, digits))

    assert_same_training(run, longer)
    assert run.config.read_text() == longer.config.read_text()
    assert plan_continuation(run).is_finished


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("batch_size=64", "batch_size: 100 -> 64"),
        ("seed=8", "seed: 7 -> 8"),
        ("layers.4.Dropout.rate=0.3", "layers.4.Dropout.rate: 0.2 -> 0.3"),
        ("augment=[]", "augment.0.RandomTranslation.height_factor: 0.1 -> none"),
        ("checkpoint.best=val_loss", "checkpoint.best: val_accuracy -> val_loss"),
        (
            "epochs=9",
            "optimizer.Adam.learning_rate.CosineDecay.decay_steps: a share of 3 epochs -> "
            "of 9 epochs",
        ),
    ],
)
def test_a_change_that_makes_another_run_is_refused(
    trained: Trained, override: str, told: str
) -> None:
    with pytest.raises(RunError, match=r"cannot go on with other settings") as caught:
        plan_continuation(trained.run, [override])
    assert f"\n  {told}\n" in str(caught.value)


@pytest.mark.parametrize(
    "override",
    [
        "early_stopping=null",
        "early_stopping.patience=9",
        "checkpoint.keep=5",
        "checkpoint.every_seconds=10",
        "threads=1",
        "data.dataset=elsewhere",
    ],
)
def test_a_change_of_no_number_is_allowed(trained: Trained, override: str) -> None:
    assert not plan_continuation(trained.run, [override]).is_finished


def test_fewer_epochs_than_there_were_are_refused(cut: RunDirectory) -> None:
    config = cut.config.read_text().replace("100%", "39")
    cut.config.write_text(config)
    cut.write_record(msgspec.structs.replace(cut.read_record(), config=config))

    with pytest.raises(RunError, match="has 3 epochs behind it already"):
        plan_continuation(cut, ["epochs=2"])


def test_a_run_is_not_resumed_on_other_data(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(trained.killed.path, tmp_path / "run")
    other = dataclasses.replace(digits, sha256=digits.sha256 | {"train_labels": "0" * 64})
    run = RunDirectory(tmp_path / "run")

    with pytest.raises(RunError, match="was trained on other data than scikit-learn's"):
        resume(run, prepare(load_config(run.config), other))


class Mover(TrainingObserver):
    """Calls something after epoch 1."""

    def __init__(self, move: Callable[[], object]) -> None:
        self.move = move

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> None:
        if row["epoch"] == 1:
            self.move()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_that_was_renamed_stops_and_leaves_alone_what_took_its_place(
    trained: Trained, load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    place, moved = tmp_path / "run", RunDirectory(tmp_path / "moved")
    before: dict[Path, bytes] = {}

    def move() -> None:
        place.rename(moved.path)
        shutil.copytree(trained.run.path, place)
        before.update(contents(place))

    with pytest.raises(RunError, match=r"run is no longer the run that is trained: .*\n  nothing"):
        train(prepare(load_text(TEXT), digits), place, [Mover(move)])

    assert contents(place) == before
    assert moved.read_record().status == "running"
    resume(moved, prepare(moved.read_config(), digits))
    assert_same_training(moved, trained.run)


def test_a_run_that_was_removed_stops(load_text: Load, digits: Dataset, tmp_path: Path) -> None:
    mover = Mover(lambda: shutil.rmtree(tmp_path / "run"))

    with pytest.raises(RunError, match="it was renamed, removed or replaced"):
        train(prepare(load_text(TEXT), digits), tmp_path / "run", [mover])

    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def preparation(trained: Trained, digits: Dataset) -> Preparation:
    """For trainings that do not begin."""
    return prepare(trained.run.read_config(), digits)


@pytest.mark.parametrize(
    "damage",
    [
        {"rows": None},
        {"rows": [{"epoch": 0}]},
        {"rows": {"epoch": 0}},
        {"rows": 3},
        {"unfinished": {}, "rows": []},
        {"unfinished": {"step": "x"}},
        {"unfinished": {"steps": 3}},
        {"unfinished": None},
        {"seconds": "long"},
        {"seconds": None},
    ],
)
def test_a_checkpoint_with_other_progress_is_damaged(
    damage: dict[str, Any], cut: RunDirectory, preparation: Preparation
) -> None:
    for path in cut.checkpoints.iterdir():
        with np.load(path) as arrays:
            content = dict(arrays)
        progress = json.loads(content["progress"].tobytes()) | damage
        content["progress"] = np.frombuffer(json.dumps(progress).encode(), np.uint8)
        np.savez(path, **content)

    with pytest.raises(RunError, match="no good checkpoint to go on from"):
        resume(cut, preparation)
