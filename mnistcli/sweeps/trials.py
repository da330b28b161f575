"""The trials of a sweep, trained one after the other in this process; each is a run."""

import gc
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnistcli import __version__
from mnistcli.config import ConfigFile, Problems, flatten, format_value
from mnistcli.data import Dataset
from mnistcli.errors import (
    ConfigError,
    InterruptedTrainingError,
    MnistcliError,
    RunError,
    StopSignal,
    command_line,
)
from mnistcli.model import build_network
from mnistcli.runs import RunDirectory, RunRecord, plan_continuation
from mnistcli.sweeps.folder import FILE_OF_SWEEP, SweepFolder
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.storage import StorageError
from mnistcli.sweeps.study import SweepStudy, are_finished, needs_trial
from mnistcli.sweeps.trial import RunningTrial, State, Trial
from mnistcli.training import (
    CompiledNetworks,
    TrainingObserver,
    resume_validation,
    validate_config,
)

STATM = Path("/proc/self/statm")
LOST = "this machine showed no life for too long, and others train the trial"
PRUNED = "pruned: "  # begins the stop reason of a run
# XLA keeps each network that it compiled: 10 to 15 MB for one of dense layers. Trials of one
# structure share one, but a width that is searched makes many.
MEMORY_GROWTH_BYTES = 750e6
LOOK_SECONDS = 2.0  # between two looks at what other machines do
EQUAL_FAILURES = 3  # of the first trials, after which the others would fail, too


class SweepObserver(TrainingObserver):
    """Is told how a sweep goes, and how the training of each trial does."""

    def trial_started(self, trial: Trial, config: ConfigFile | None) -> None:
        """A trial begins, or goes on; without a config, its settings do not go together."""

    def trial_finished(self, trial: Trial) -> None:
        """A trial is completed, pruned or failed, perhaps by another machine."""

    def waiting(self, doing: str) -> None:
        """Other machines do what this one has to wait for; called again and again."""

    def confirmation_started(self, trial: Trial, seed: int) -> None:
        """A trial is trained again with another seed."""

    def confirmation_finished(self, trial: Trial, seed: int, value: float | None) -> None:
        """It has a result, or failed."""


@dataclass(frozen=True)
class Sweep:
    """A sweep in progress.

    Attributes:
        folder: its lock is held.
        explain: returns the error of the user that an exception stands for, such as too little
            memory; None for a programming mistake.
        compiled: the networks that this process has trained.
    """

    plan: SweepPlan
    folder: SweepFolder
    study: SweepStudy
    dataset: Dataset
    observer: SweepObserver
    explain: Callable[[Exception], MnistcliError | None]
    compiled: CompiledNetworks = field(default_factory=CompiledNetworks)


def check_with_keras(plan: SweepPlan, num_classes: int) -> None:
    """Build a network with each end of each range, and with each choice.

    Raises:
        ConfigError: Keras refuses some of them, or the config as it is.
    """
    build_network(plan.file, num_classes)
    problems = Problems(plan.document)
    for key, range_ in plan.space.items():
        if key.partition(".")[0] not in ("layers", "optimizer", "loss", "augment"):
            continue
        for value in range_.ends():
            try:
                build_network(plan.trial_config([f"{key}={value}"]), num_classes)
            except ConfigError as error:
                for line in str(error).splitlines():
                    _, is_problem, message = line.partition(": error: ")
                    if is_problem:
                        problems.add(("search", key), f"with {value}: {message}")
    problems.raise_if_any()


def find_direction(plan: SweepPlan, dataset: Dataset) -> bool:
    """Return whether more of the goal is better."""
    mode = plan.config.checkpoint.best.mode
    if mode is not None:
        return mode == "max"
    return build_network(plan.file, dataset.num_classes).higher_is_better(plan.goal)


def identify(plan: SweepPlan, dataset: Dataset, is_shared: bool) -> dict[str, str]:
    """Return what has to be the same for all trials of a sweep, by what it is, in JSON.

    Args:
        is_shared: several machines train the trials.
    """
    settings = flatten(plan.config.model_dump())
    del settings["data.dataset"]  # a path, perhaps; its contents are compared
    identity: dict[str, Any] = {
        "config": {key: format_value(value) for key, value in settings.items()},
        "search space": {key: str(range_) for key, range_ in plan.space.items()},
        "goal": plan.goal,
        "data set": dataset.sha256,
    }
    if is_shared:
        identity |= {
            "sampler": plan.sampler,
            "pruner": plan.pruner,
            "seed": plan.seed,
            "version of mnistcli": __version__,
        }
    return {key: json.dumps(value, sort_keys=True) for key, value in identity.items()}


def run_trials(sweep: Sweep) -> bool:
    """Finish the trials that were cut short, and then as many as the plan says.

    Returns:
        Whether all are done, those of other machines included; otherwise this process has taken
        too much memory, and another should go on.

    Raises:
        RunError: the first trials fail alike, or the system refuses to write.
        InterruptedTrainingError: a signal ended it.
    """
    plan, study = sweep.plan, sweep.study
    # What was imported is never garbage: without this, each collection took 0.3 s.
    gc.collect()
    gc.freeze()
    with interruptible(sweep.folder):
        for number in study.unfinished():
            run_trial(sweep, study.begin(number))
        memory = _resident_bytes()
        while True:
            trials = look_around(sweep)
            if needs_trial(plan, trials):
                if _resident_bytes() > memory + MEMORY_GROWTH_BYTES:
                    return False
                if running := study.begin_next():
                    run_trial(sweep, running)
            elif are_finished(trials):
                return True
            else:
                await_others(sweep, trials)


def look_around(sweep: Sweep) -> list[Trial]:
    """Return the trials that count, after those of dead machines were given to others.

    Raises:
        RunError: the first trials failed alike.
    """
    sweep.study.release_dead()
    trials = sweep.study.trials()
    _check_failures(trials, sweep.folder)
    for trial in trials:
        if trial.is_finished and trial.machine != sweep.study.machine:
            sweep.observer.trial_finished(trial)
    return trials


def await_others(sweep: Sweep, trials: Sequence[Trial]) -> None:
    """Wait a little for the trials of other machines."""
    numbers = [str(trial.number) for trial in trials if not trial.is_finished]
    sweep.observer.waiting(f"finish trial {', '.join(numbers)}")
    time.sleep(LOOK_SECONDS)


@contextmanager
def interruptible(folder: SweepFolder) -> Iterator[None]:
    """Say, where a signal or the storage ends the block, how the sweep goes on."""
    advice = f"go on with: {command_line('sweep', '--resume', folder.path)}"
    try:
        yield
    except StorageError as error:
        raise StorageError(*error.args, advice) from None
    except InterruptedTrainingError as error:
        message = error.args[0]
        raise InterruptedTrainingError(error.exit_code - 128, message, advice) from None
    except (StopSignal, KeyboardInterrupt) as stop:
        number = stop.signal_number if isinstance(stop, StopSignal) else 2
        message = f"interrupted; the sweep so far is in {folder.path}"
        raise InterruptedTrainingError(number, message, advice) from None


def train_run(
    sweep: Sweep, run: RunDirectory, file: ConfigFile, observers: Sequence[TrainingObserver]
) -> RunRecord:
    """Train a run, go on with it, or take it as it is; return its record."""
    if not run.record.exists():
        return validate_config(file, sweep.dataset, observers, run.path, sweep.compiled)
    record = run.read_record()
    if record.status == "completed":
        return record
    file = plan_continuation(run).file
    return resume_validation(run, file, sweep.dataset, observers, sweep.compiled)


@contextmanager
def failing(sweep: Sweep, failed: Callable[[str], Any]) -> Iterator[None]:
    """Call `failed` with the reason if a training fails by itself; the sweep goes on.

    A file that cannot be written is no fault of a training, nor is a database that is away: they
    end the sweep.
    """
    try:
        yield
    except (InterruptedTrainingError, StorageError):
        raise
    except (ConfigError, RunError) as error:
        if isinstance(error.__cause__, OSError):
            raise
        failed(_one_line(error))
    except OSError:
        raise
    except Exception as error:  # TensorFlow's and Python's refusals have no common class
        explained = sweep.explain(error)
        if explained is None:
            raise
        failed(_one_line(explained))
    finally:
        # What a network leaves refers to itself in circles.
        gc.collect()


def run_trial(sweep: Sweep, running: RunningTrial) -> None:
    """Train a trial, or go on with it, and tell its result."""
    trial = running.description
    if not running.is_lost:
        trial = _train(sweep, running)
    if running.is_lost:
        sweep.observer.noticed(f"the result of trial {trial.number} does not count: {LOST}")
    else:
        sweep.observer.trial_finished(trial)


def _train(sweep: Sweep, running: RunningTrial) -> Trial:
    """Train a trial; return it as it is told."""
    trial, started = running.description, time.monotonic()

    def seconds() -> float:
        return round(time.monotonic() - started, 3)

    finished: list[Trial] = []
    with failing(sweep, lambda reason: finished.append(running.fail(reason, seconds()))):
        try:
            file = sweep.plan.trial_config(trial.options)
        except ConfigError:
            sweep.observer.trial_started(trial, None)
            raise
        sweep.observer.trial_started(trial, file)
        observers = [sweep.observer, _Reporter(running, sweep.plan.goal)]
        record = train_run(sweep, sweep.folder.run(trial.number), file, observers)
        reason = record.stop_reason or ""
        if reason.startswith(PRUNED):
            finished.append(running.prune(reason.removeprefix(PRUNED), seconds()))
        else:
            finished.append(running.complete(read_value(record, sweep.plan.goal), seconds()))
    return finished[0]


def read_value(record: RunRecord, goal: str) -> float:
    """Return the best value of the goal.

    Raises:
        RunError: the record has none, or no finite one.
    """
    value = (record.metrics or {}).get(goal)
    if value is None:
        raise RunError(f"{goal} of the best epoch is no number")
    return float(value)


class _Reporter(TrainingObserver):
    """Reports each epoch to Optuna, and ends a training that is not worth its last epochs."""

    def __init__(self, trial: RunningTrial, goal: str) -> None:
        self.trial, self.goal = trial, goal

    def training_started(self, first_epoch: int, epochs: int, images: int) -> str | None:
        """End a run that was cut short between its last epoch and the note of its end."""
        epoch = first_epoch - 1
        return self._reason(epoch) if epoch and self.trial.should_end_after(epoch) else None

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> str | None:
        """Report the goal after an epoch."""
        value, epoch = row[self.goal], row["epoch"]
        if epoch == 0 or value is None:
            return None
        return self._reason(epoch) if self.trial.report(value, epoch) else None

    def _reason(self, epoch: int) -> str:
        if self.trial.is_lost:
            return LOST
        epochs = "1 epoch" if epoch == 1 else f"{epoch} epochs"
        return f"{PRUNED}after {epochs}, other trials are better"


def _resident_bytes() -> int:
    """Return the memory that this process takes; 0 where the system does not tell so."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _check_failures(trials: Sequence[Trial], folder: SweepFolder) -> None:
    """Raise `RunError` if the first trials failed alike."""
    first = trials[:EQUAL_FAILURES]
    reasons = {re.sub(r"[0-9][0-9.,e+-]*", "#", trial.reason or "") for trial in first}
    have_failed = all(trial.state is State.FAILED for trial in first)
    if len(first) == EQUAL_FAILURES and have_failed and len(reasons) == 1:
        raise RunError(
            f"the first {EQUAL_FAILURES} trials failed alike: {first[0].reason}",
            f"expected trials that can be trained; see {folder.path / FILE_OF_SWEEP}",
        )


def _one_line(error: MnistcliError) -> str:
    """Return what happened, without the place in a config that nobody wrote."""
    line = str(error).partition("\n")[0]
    return line.rpartition(": error: ")[2] if ": error: " in line else line
