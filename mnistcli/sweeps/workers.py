"""Several processes that train the trials of one sweep, and the one that leads them."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from mnistcli.config import ConfigFile
from mnistcli.errors import RunError
from mnistcli.sweeps.finish import confirm_trial
from mnistcli.sweeps.study import are_finished, needs_trial
from mnistcli.sweeps.trial import Trial
from mnistcli.sweeps.trials import (
    LOOK_SECONDS,
    Sweep,
    SweepObserver,
    await_others,
    interruptible,
    look_around,
    run_trial,
)

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
            run_trial(sweep, sweep.study.begin(task.number))
        else:
            confirm_trial(sweep, sweep.study.trial(task.number), task.seed)
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
    """Gives the trials of a sweep to workers, which end with the block.

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

    def run_trials(self) -> None:
        """Do what the function of this name does.

        Raises:
            RunError: as there, or a worker ended with an error.
            InterruptedTrainingError: a signal ended it; the workers saved where they were.
        """
        with interruptible(self.sweep.folder):
            self._queue = [Task(number) for number in self.sweep.study.unfinished()]
            while True:
                self._work(self._next_trial)
                trials = self.sweep.study.trials()
                if are_finished(trials):
                    return
                await_others(self.sweep, trials)

    def confirm(self, chosen: Sequence[tuple[Trial, Sequence[int]]]) -> dict[int, list[float]]:
        """Do what `confirm_trials` does."""
        tasks = {
            trial.number: [Task(trial.number, seed) for seed in seeds] for trial, seeds in chosen
        }
        self._queue = [task for each in tasks.values() for task in each]
        self._work(self._next_queued)
        return {
            number: [self._values[task] for task in each if task in self._values]
            for number, each in tasks.items()
        }

    def _next_queued(self) -> Task | None:
        return self._queue.pop(0) if self._queue else None

    def _next_trial(self) -> Task | None:
        """Return a trial that was cut short, or a new one, whose settings are chosen here."""
        if task := self._next_queued():
            return task
        if needs_trial(self.sweep.plan, look_around(self.sweep)):
            running = self.sweep.study.begin_next()
            return Task(running.description.number) if running else None
        return None

    def _work(self, next_task: Callable[[], Task | None]) -> None:
        """Give out tasks until there are none, and all are done."""
        while True:
            for place in range(self.count):
                is_idle = place not in self._workers or self._workers[place].task is None
                if is_idle and (task := next_task()):
                    self._give(place, task)
            busy = {each.connection: place for place, each in self._workers.items() if each.task}
            if not busy:
                return
            # Another machine may leave a trial that an idle worker can train.
            timeout = LOOK_SECONDS if len(busy) < self.count and self.sweep.study.machine else None
            for connection in wait(list(busy), timeout):
                assert isinstance(connection, Connection)
                self._receive(busy[connection])

    def _give(self, place: int, task: Task) -> None:
        if place not in self._workers:
            self._workers[place] = _Worker(*self.start(place))
        self._workers[place].task = task
        with suppress(ConnectionError):  # it is dead, as `_receive` will find
            self._workers[place].connection.send(task)

    def _receive(self, place: int) -> None:
        """Handle what a worker says."""
        worker = self._workers[place]
        try:
            kind, *arguments = worker.connection.recv()
        except (EOFError, ConnectionError):
            self._replace(place)
            return
        if kind == "error":
            raise RunError(*arguments)
        if kind == "done":
            worker.task = None
            return
        if kind == "confirmation_finished" and arguments[2] is not None:
            trial, seed, value = arguments
            self._values[Task(trial.number, seed)] = value
        getattr(self.sweep.observer, kind)(*arguments)

    def _replace(self, place: int) -> None:
        """Give the task of a dead worker to a new one, or give it up."""
        worker = self._workers.pop(place)
        worker.process.join()
        task, status = worker.task, worker.process.exitcode
        assert task is not None  # others are not listened to
        reason = f"its process ended with status {status}; too little memory is the usual cause"
        self._deaths[task] += 1
        if self._deaths[task] < MAXIMUM_DEATHS:
            self.sweep.observer.noticed(f"trial {task.number} goes on in another process: {reason}")
            self._give(place, task)
        elif task.seed is None:
            trial = self.sweep.study.begin(task.number).fail(reason, 0.0)
            self.sweep.observer.trial_finished(trial)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the workers; after an error or a signal, let them save first."""
        with interruptible(self.sweep.folder):
            try:
                for worker in self._workers.values():
                    if kind is not None:
                        worker.process.terminate()
                        continue
                    with suppress(ConnectionError):
                        worker.connection.send(None)
                for worker in self._workers.values():
                    worker.process.join(PATIENCE_SECONDS)
            finally:
                for worker in self._workers.values():
                    worker.process.kill()  # a second signal came, or it hangs
