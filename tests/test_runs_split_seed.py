"""Which images are held out: those of `data.split_seed`, or, in older runs, those of `seed`."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import invoke
from config_texts import Load
from trainings import TEXT, Recorder, Trained, assert_same_training, bare_runs

from mnistcli.data import Dataset, split_validation
from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory, plan_continuation
from mnistcli.training import prepare, resume, train


def test_the_images_held_out_depend_on_split_seed_alone(load_text: Load, digits: Dataset) -> None:
    def held_out(*overrides: str) -> np.ndarray:
        return prepare(load_text(TEXT, *overrides), digits).splits.validation.images

    default = held_out("seed=3")
    np.testing.assert_array_equal(default, held_out("seed=0"))
    np.testing.assert_array_equal(default, split_validation(digits, 200, 0).validation.images)
    other = held_out("data.split_seed=3")
    assert not np.array_equal(default, other)
    np.testing.assert_array_equal(other, split_validation(digits, 200, 3).validation.images)


@pytest.fixture(scope="module")
def trained(load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run as an older version made it of seed 3, but for what its config says."""
    folder = tmp_path_factory.mktemp("trained")
    recorder = Recorder(folder / "run", folder / "killed")
    file = load_text(TEXT, "seed=3", "data.split_seed=3")
    with bare_runs():
        result = train(prepare(file, digits), folder / "run", [recorder])
    return Trained(result, recorder, RunDirectory(folder / "killed"))


def make_older(run: RunDirectory, folder: Path) -> RunDirectory:
    """Copy a run without its `split_seed`, as versions before 0.4 wrote it."""
    older = RunDirectory(shutil.copytree(run.path, folder))
    config, count = re.subn(r"  split_seed: 3\n", "", older.config.read_text())
    assert count == 1
    older.config.write_text(config)
    older.write_record(msgspec.structs.replace(older.read_record(), config=config))
    return older


@pytest.mark.usefixtures("bare_runs")
def test_an_older_run_is_evaluated_on_the_images_of_its_seed(
    trained: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = make_older(trained.run, tmp_path / "older")
    arguments = ("evaluate", run.path, "--split", "validation", "--json")

    assert invoke(*arguments) is None

    told = json.loads(capfd.readouterr().out)
    best = trained.run.read_metrics()[trained.result.best_epoch]
    assert told["accuracy"] == best["val_accuracy"]
    assert told["loss"] == pytest.approx(best["val_loss"], rel=1e-4)


@pytest.mark.usefixtures("bare_runs")
def test_an_older_run_goes_on_with_the_images_of_its_seed(
    trained: Trained, digits: Dataset, tmp_path: Path
) -> None:
    run = make_older(trained.killed, tmp_path / "older")

    resume(run, prepare(plan_continuation(run).file, digits))

    assert_same_training(run, trained.run)
    assert run.read_config().config.data.split_seed == 3


def test_an_older_run_keeps_its_images(trained: Trained, tmp_path: Path) -> None:
    run = make_older(trained.run, tmp_path / "older")
    assert plan_continuation(run).is_finished
    assert plan_continuation(run, ["data.split_seed=3"]).is_finished
    with pytest.raises(RunError, match=r"data\.split_seed: 3 -> 0"):
        plan_continuation(run, ["data.split_seed=0"])
