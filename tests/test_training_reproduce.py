"""Runs that are trained again, and compared with what they recorded."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from trainings import Stopper, Trained

from mnistcli.config import load_config
from mnistcli.data import Dataset
from mnistcli.errors import InterruptedTrainingError, RunError, StopSignal
from mnistcli.runs import RunDirectory
from mnistcli.training import Difference, prepare, reproduce


@pytest.fixture
def changed(trained: Trained, tmp_path: Path) -> RunDirectory:
    """A run of two epochs that another version trained, a little differently in the second."""
    shutil.copytree(trained.run.path, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    rows = run.read_metrics()[:3]
    rows[2]["val_loss"] = 0.5
    run.write_metrics(rows)
    record = run.read_record()
    versions = record.versions | {"tensorflow": "2.0"}
    changes = {"versions": versions, "threads": 7, "metrics": None}
    run.write_record(record.model_copy(update=changes))
    return run


def test_the_first_difference_and_what_could_explain_it(
    trained: Trained, changed: RunDirectory, digits: Dataset
) -> None:
    preparation = prepare(load_config(changed.config), digits)

    found = reproduce(changed, preparation)

    assert not found.is_identical
    assert (found.epochs[0], found.epochs[1], found.test) == ([], [], None)
    val_loss = trained.run.read_metrics()[2]["val_loss"]
    assert found.epochs[2] == [Difference("val_loss", 0.5, val_loss)]
    tensorflow, threads = found.environment
    assert tensorflow.startswith("tensorflow 2.0, now 2.")
    assert threads == f"threads 7, now {preparation.threads.count}"
    assert found.to_json()["epochs"][2]["differences"] == {
        "val_loss": {"recorded": 0.5, "now": val_loss}
    }


def test_a_run_without_epochs_has_nothing_to_compare(
    changed: RunDirectory, digits: Dataset
) -> None:
    changed.write_metrics([])

    with pytest.raises(RunError, match="has no epochs to compare with"):
        reproduce(changed, prepare(load_config(changed.config), digits))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StopSignal(signal.SIGTERM), InterruptedTrainingError),
        (RunError("the loss became NaN", "the last good checkpoint is FOLDER"), RunError),
    ],
)
def test_a_reproduction_that_ends_early_names_no_folder_that_is_gone(
    changed: RunDirectory,
    digits: Dataset,
    error: BaseException,
    kind: type[RunError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if isinstance(error, RunError):
        error.args = (str(error).replace("FOLDER", f"{tmp_path}/mnistcli-x/run/a.npz"),)

    with pytest.raises(kind, match="is as it was") as caught:
        reproduce(changed, prepare(changed.read_config(), digits), Stopper(1, error))

    assert "mnistcli-" not in str(caught.value).replace("mnistcli-x", "")
    assert "train --resume" not in str(caught.value)
    assert caught.value.exit_code == (143 if kind is InterruptedTrainingError else 1)
