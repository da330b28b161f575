"""The process that leads the workers of a sweep; threads stand for processes here."""

import threading
from collections import Counter
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import pytest

from mnistcli.data import Dataset
from mnistcli.errors import RunError
from mnistcli.sweeps import load_plan
from mnistcli.sweeps.finish import plan_confirmations
from mnistcli.sweeps.folder import SweepFolder, new_sweep_folder
from mnistcli.sweeps.storage import Journal
from mnistcli.sweeps.study import SweepStudy
from mnistcli.sweeps.trial import State
from mnistcli.sweeps.trials import Sweep, SweepObserver
from mnistcli.sweeps.workers import Leader, Reporter, Task, share_cores

CONFIG = "layers: [{Dense: {units: 10, activation: softmax}}]\ndata: {dataset: digits}\n"


class FakeProcess:
    exitcode = -9

    def join(self, timeout: float | None = None) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Workers:
    """Starts workers that tell a value at once, but for some trials in which they die or fail."""

    def __init__(self, folder: SweepFolder, dying: dict[int, int], failing: int = -1) -> None:
        self.folder, self.dying, self.failing = folder, Counter(dying), failing
        self.tasks: list[Task] = []
        self.lock = threading.Lock()

    def start(self, place: int) -> tuple[Any, Connection]:
        ours, theirs = Pipe()
        threading.Thread(target=self.serve, args=(theirs,), daemon=True).start()
        return FakeProcess(), ours

    def serve(self, connection: Connection) -> None:
        with suppress(EOFError, OSError):  # the leading thread has ended
            self.work(connection)

    def work(self, connection: Connection) -> None:
        study = SweepStudy(load_plan(self.folder.sweep, {}, ()), Journal(self.folder.journal))
        reporter = Reporter(connection)
        while task := connection.recv():
            with self.lock:
                self.tasks.append(task)
                self.dying[task.number] -= 1
            if self.dying[task.number] >= 0:
                connection.close()
                return
            if task.number == self.failing:
                connection.send(("error", "the disk is full"))
                return
            value = task.number / 10 + (task.seed or 0)
            if task.seed is None:
                reporter.trial_finished(study.begin(task.number).complete(value, 1.0))
            else:
                trial = study.trial(task.number)
                reporter.confirmation_finished(trial, task.seed, value)
            connection.send(("done",))


def lead(tmp_path: Path, dying: dict[int, int], failing: int = -1) -> tuple[Any, Workers, Any]:
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "s.yaml").write_text(
        "config: small.yaml\nsearch: {batch_size: 'int(8, 64)'}\ntrials: 6\n"
        "confirm: {best: 2, seeds: 2}\n"
    )
    plan = load_plan(tmp_path / "s.yaml", {}, ())
    with new_sweep_folder(plan, tmp_path / "sweep", print) as folder:
        study = SweepStudy(plan, Journal(folder.journal), higher_is_better=True)
        study.begin()  # and a kill
        no_data = cast("Dataset", None)
        sweep = Sweep(plan, folder, study, no_data, SweepObserver(), lambda _: None)
        workers = Workers(folder, dying, failing)
        with Leader(sweep, workers.start, 3) as leader:
            leader.run_trials()
            return study, workers, leader.confirm(plan_confirmations(plan, study.rank()))


def test_each_trial_is_done_once_though_workers_die(tmp_path: Path) -> None:
    study, workers, confirmations = lead(tmp_path, dying={1: 1, 4: 9})

    states = [trial.state for trial in study.trials()]
    assert states == [State.COMPLETED] * 4 + [State.FAILED, State.COMPLETED]
    assert "status -9" in study.trials()[4].reason
    counts = Counter(task.number for task in workers.tasks if task.seed is None)
    assert counts == {0: 1, 1: 2, 2: 1, 3: 1, 4: 2, 5: 1}
    assert confirmations == {5: [1.5, 2.5], 3: [1.3, 2.3]}


def test_an_error_of_a_worker_ends_the_sweep(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the disk is full"):
        lead(tmp_path, dying={}, failing=3)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_cores_are_shared(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 1, 7}, raising=False)

    shares = share_cores(count)

    assert len(shares) == count
    assert all(shares)
    assert {core for share in shares for core in share} == {1, 3, 7}
