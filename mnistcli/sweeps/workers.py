"""Several processes that train the trials of one sweep, and the one that leads them."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from mnistcli.config import ConfigFile
from mnistcli.errors import RunError
from mnistcli.sweeps.results import confirm_trial, plan_confirmations
from mnistcli.sweeps.study import Trial
from mnistcli.sweeps.trials import Sweep, SweepObserver, interruptible, needs_trial, run_trial

PATIENCE_SECONDS = 30.0  # for a worker to save where it is
MAXIMUM_DEATHS = 2  # of processes with the same task

# Starts the worker of a number; returns its process, and this end of its pipe.
StartWorker = Callable[[int], tuple[BaseProcess, Connection]]


@dataclass(frozen=True)
class Task:
    """A trial to train; with a seed, once more with that one."""

    number: int
    seed: int | None = None


class Reporter(SweepObserver):
    """Tells the leading process what a worker does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def noticed(self, notice: str) -> None:
        """Pass a notice on."""
        self.connection.send(("noticed", notice))

    def resumed(self, epoch: int, step: int, notices: list[str]) -> None:
        """Pass the notices on."""
        for notice in notices:
            self.noticed(notice)

    def trial_started(self, trial: Trial, config: ConfigFile | None) -> None:
        """Say which trial it is."""
        self.connection.send(("trial_started", trial, None))

    def trial_finished(self, trial: Trial) -> None:
        """Say what came of it."""
        self.connection.send(("trial_finished", trial))

    def confirmation_started(self, trial: Trial, seed: int) -> None:
        """Say which trial it is."""
        self.connection.send(("confirmation_started", trial, seed))

    def confirmation_finished(self, trial: Trial, seed: int, value: float | None) -> None:
        """Say what came of it."""
        self.connection.send(("confirmation_finished", trial, seed, value))


def serve(sweep: Sweep, connection: Connection) -> None:
    """Do the tasks that the leading process sends, until it sends None."""
    gc.freeze()  # as in `run_trials`
    while (task := connection.recv()) is not None:
        if task.seed is None:
            run_trial(sweep, task.number)
        else:
            confirm_trial(sweep, sweep.study.trials()[task.number], task.seed)
        connection.send(("done",))


def share_cores(count: int) -> list[list[int]]:
    """Return the cores of each worker; several workers share one where there are too few."""
    if not hasattr(os, "sched_getaffinity"):  # macOS
        return [[] for _ in range(count)]
    cores = sorted(os.sched_getaffinity(0))
    return [cores[place::count] or [cores[place % len(cores)]] for place in range(count)]


@dataclass
class _Worker:
    """A process, and what it does; None: it waits for a task."""

    process: BaseProcess
    connection: Connection
    task: Task | None = None


@dataclass
class Leader:
    """Gives the trials of a sweep to workers.

    Attributes:
        sweep: its folder is locked by this process.
        start: starts a worker.
        count: how many workers there are.
    """

    sweep: Sweep
    start: StartWorker
    count: int
    _workers: dict[int, _Worker] = field(default_factory=dict)
    _deaths: Counter[Task] = field(default_factory=Counter)
    _queue: list[Task] = field(default_factory=list)
    _values: dict[Task, float] = field(default_factory=dict)

    def run(self) -> dict[int, list[float]]:
        """Run the trials that are left, and the best ones with other seeds.

        Returns:
            The values with other seeds, by the numbers of the trials.

        Raises:
            RunError: as `run_trials`, or a worker ended with an error.
            InterruptedTrainingError: a signal ended it; the workers saved where they were.
        """
        study, plan = self.sweep.study, self.sweep.plan
        with interruptible(self.sweep.folder), self._stopping():
            self._queue = [Task(number) for number in study.unfinished()]
            self._work(self._next_trial)
            chosen = plan_confirmations(plan, study.rank())
            self._queue = [Task(trial.number, seed) for trial, seeds in chosen for seed in seeds]
            self._work(self._next_queued)
        return {
            trial.number: [
                self._values[task]
                for seed in seeds
                if (task := Task(trial.number, seed)) in self._values
            ]
            for trial, seeds in chosen
        }

    def _next_queued(self) -> Task | None:
        return self._queue.pop(0) if self._queue else None

    def _next_trial(self) -> Task | None:
        """Return a trial that was cut short, or a new one, whose settings are chosen here."""
        study = self.sweep.study
        if task := self._next_queued():
            return task
        if needs_trial(self.sweep.plan, study.trials(), self.sweep.folder):
            return Task(study.begin().description.number)
        return None

    def _work(self, next_task: Callable[[], Task | None]) -> None:
        """Give out tasks until there are none, and all are done."""
        for place in range(self.count):
            if task := next_task():
                self._give(place, task)
        while busy := {
            each.connection: place for place, each in self._workers.items() if each.task
        }:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                place = busy[connection]
                if self._receive(place) and (task := next_task()):
                    self._give(place, task)

    def _give(self, place: int, task: Task) -> None:
        if place not in self._workers:
            self._workers[place] = _Worker(*self.start(place))
        self._workers[place].task = task
        with suppress(ConnectionError):  # it is dead, as `_receive` will find
            self._workers[place].connection.send(task)

    def _receive(self, place: int) -> bool:
        """Handle what a worker says; return whether it has done its task."""
        worker = self._workers[place]
        try:
            kind, *arguments = worker.connection.recv()
        except (EOFError, ConnectionError):
            return self._replace(place)
        if kind == "error":
            raise RunError(*arguments)
        if kind == "done":
            worker.task = None
            return True
        if kind == "confirmation_finished" and arguments[2] is not None:
            trial, seed, value = arguments
            self._values[Task(trial.number, seed)] = value
        getattr(self.sweep.observer, kind)(*arguments)
        return False

    def _replace(self, place: int) -> bool:
        """Give the task of a dead worker to a new one; True if the task is given up."""
        worker = self._workers.pop(place)
        worker.process.join()
        task, status = worker.task, worker.process.exitcode
        assert task is not None  # others are not listened to
        reason = f"its process ended with status {status}; too little memory is the usual cause"
        self._deaths[task] += 1
        if self._deaths[task] < MAXIMUM_DEATHS:
            self.sweep.observer.noticed(f"trial {task.number} goes on in another process: {reason}")
            self._give(place, task)
            return False
        if task.seed is None:
            self.sweep.observer.trial_finished(
                self.sweep.study.begin(task.number).fail(reason, 0.0)
            )
        return True

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """End the workers after the block; after an error or a signal, let them save first."""
        try:
            yield
            for worker in self._workers.values():
                with suppress(ConnectionError):
                    worker.connection.send(None)
        except BaseException:
            for worker in self._workers.values():
                worker.process.terminate()
            raise
        finally:
            try:
                for worker in self._workers.values():
                    worker.process.join(PATIENCE_SECONDS)
            finally:
                for worker in self._workers.values():
                    worker.process.kill()  # a second signal came, or it hangs
