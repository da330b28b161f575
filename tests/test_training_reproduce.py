"""Runs that are trained again, and compared with what they recorded."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace
from trainings import Stopper, Trained

from mnistcli.config import load_config
from mnistcli.data import Dataset
from mnistcli.errors import InterruptedTrainingError, RunError, StopSignal
from mnistcli.runs import RunDirectory
from mnistcli.training import Difference, TrainingObserver, prepare, reproduce

pytestmark = pytest.mark.usefixtures("bare_runs")


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
    run.write_record(replace(record, **changes))
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
    assert threads == f"threads 7, now {preparation.runtime.threads}"
    assert found.to_json()["epochs"][2]["differences"] == {
        "val_loss": {"recorded": 0.5, "now": val_loss}
    }


def test_a_run_without_epochs_has_nothing_to_compare(
    changed: RunDirectory, digits: Dataset
) -> None:
    changed.write_metrics([])

    with pytest.raises(RunError, match="has no epochs to compare with"):
        reproduce(changed, prepare(load_config(changed.config), digits))


class Failing(TrainingObserver):
    """Raises an error that names a file in the folder of the reproduction."""

    def __init__(self, parent: Path) -> None:
        self.parent = parent

    def epoch_started(self, epoch: int) -> None:
        (folder,) = self.parent.glob("mnistcli-*")
        checkpoint = folder / "run" / "checkpoints" / "epoch-0000.npz"
        raise RunError("it diverged", "try less", f"the last good checkpoint is {checkpoint}")


@pytest.mark.parametrize("kind", [InterruptedTrainingError, RunError])
def test_a_reproduction_that_ends_early_names_no_folder_that_is_gone(
    changed: RunDirectory,
    digits: Dataset,
    kind: type[InterruptedTrainingError] | type[RunError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent = tmp_path / "temporary"
    parent.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(parent))
    observer = Failing(parent) if kind is RunError else Stopper(1, StopSignal(signal.SIGTERM))

    with pytest.raises(kind, match="is as it was") as caught:
        reproduce(changed, prepare(changed.read_config(), digits), [observer])

    assert list(parent.iterdir()) == []
    assert str(parent) not in str(caught.value)
    if kind is RunError:
        assert caught.value.args[:2] == ("it diverged", "try less")
    else:
        assert caught.value.exit_code == 128 + signal.SIGTERM
        assert f"begin again with: mnistcli reproduce {changed.path}" in str(caught.value)
