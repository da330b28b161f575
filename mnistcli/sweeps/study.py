"""The trials of a sweep, which Optuna chooses and keeps in a journal."""

import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from mnistcli.errors import RunError
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.ranges import Choices, Range
from mnistcli.sweeps.samplers import RepeatableSampler

optuna.logging.set_verbosity(optuna.logging.ERROR)

NAME = "sweep"  # Hyperband's choice of a bracket depends on it
MINIMUM_IMPORTANCE_TRIALS = 4


class State(Enum):
    """How far a trial is."""

    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"


_STATES = {
    TrialState.RUNNING: State.RUNNING,
    TrialState.COMPLETE: State.COMPLETED,
    TrialState.PRUNED: State.PRUNED,
    TrialState.FAIL: State.FAILED,
}


@dataclass(frozen=True)
class Trial:
    """A trial.

    Attributes:
        number: from 0; it names the run.
        settings: the value of each key that is searched, in YAML.
        value: the best of the goal; of a pruned trial the last. None without one.
        reason: why it failed or was pruned, one line.
        seconds: that it was trained for.
    """

    number: int
    state: State
    settings: Mapping[str, str]
    value: float | None = None
    reason: str | None = None
    seconds: float = 0.0

    @property
    def options(self) -> list[str]:
        """Its settings, as `--set` takes them."""
        return [f"{key}={value}" for key, value in self.settings.items()]


class SweepStudy:
    """Optuna's study of a sweep."""

    def __init__(self, plan: SweepPlan, journal: Path, higher_is_better: bool) -> None:
        """Open the journal, or begin it."""
        self.plan = plan
        self.higher_is_better = higher_is_better
        self._distributions = {
            key: _make_distribution(range_) for key, range_ in plan.space.items()
        }
        backend = JournalFileBackend(str(journal), lock_obj=_FileLock(journal))
        self._study = optuna.create_study(
            storage=JournalStorage(backend),
            study_name=NAME,
            direction="maximize" if higher_is_better else "minimize",
            sampler=RepeatableSampler(plan),
            pruner=_make_pruner(plan),
            load_if_exists=True,
        )

    def check_identity(self, identity: Mapping[str, str]) -> None:
        """Note what a sweep is about; raise `RunError` if it was something else before."""
        recorded = self._study.user_attrs.get("identity")
        if recorded is None:
            self._study.set_user_attr("identity", dict(identity))
            return
        changed = [key for key, value in identity.items() if recorded.get(key) != value]
        if changed:
            raise RunError(
                f"the sweep began with another {' and another '.join(changed)}",
                "trials of both could not be compared; start another sweep, or put it back",
            )

    def trials(self) -> list[Trial]:
        """Return all trials, by number."""
        return [_describe(trial) for trial in self._study.get_trials(deepcopy=False)]

    def unfinished(self) -> list[int]:
        """Return the numbers of the trials that a process left running."""
        return [each.number for each in self.trials() if each.state is State.RUNNING]

    def begin(self, number: int | None = None) -> "RunningTrial":
        """Choose the settings of a new trial, or go on with the trial of a number.

        A kill may have come before all of its settings were chosen: the others are chosen now.
        """
        if number is None:
            trial = self._study.ask()
        else:
            frozen = self._study.get_trials(deepcopy=False)[number]
            trial = optuna.trial.Trial(self._study, frozen._trial_id)
        for key, distribution in self._distributions.items():
            _suggest(trial, key, distribution)
        return RunningTrial(self._study, trial)

    def importances(self) -> dict[str, float]:
        """Return how much of the spread of results each setting explains, the largest first.

        By fANOVA (Hutter, Hoos, Leyton-Brown 2014). Empty where there are too few results.
        """
        completed = [each for each in self.trials() if each.state is State.COMPLETED]
        values = {each.value for each in completed}
        if len(completed) < MINIMUM_IMPORTANCE_TRIALS or len(values) < 2:
            return {}
        evaluator = FanovaImportanceEvaluator(seed=self.plan.seed)
        try:
            importances = get_param_importances(self._study, evaluator=evaluator)
        except (RuntimeError, ValueError):  # such as all trials having equal settings
            return {}
        return {key: float(share) for key, share in importances.items()}

    def rank(self) -> list[Trial]:
        """Return the completed trials, the best first; of equal ones, the first."""
        completed = [each for each in self.trials() if each.state is State.COMPLETED]
        return sorted(completed, key=lambda each: self._badness(each.value))

    def _badness(self, value: float | None) -> float:
        assert value is not None  # of a completed trial
        return -value if self.higher_is_better else value


class RunningTrial:
    """A trial that is trained, and whose result is told in the end."""

    def __init__(self, study: optuna.Study, trial: optuna.trial.Trial) -> None:
        self._study, self._trial = study, trial
        self.description = _describe(study.get_trials(deepcopy=False)[trial.number])
        frozen = study.get_trials(deepcopy=False)[trial.number]
        self._reported_epochs = set(frozen.intermediate_values)

    def report(self, value: float, epoch: int) -> bool:
        """Report the goal after an epoch; return whether the trial should end there."""
        if epoch not in self._reported_epochs:
            self._trial.report(value, epoch)
            self._reported_epochs.add(epoch)
        return self._trial.should_prune()

    def should_end_after(self, epoch: int) -> bool:
        """Return whether the trial should end if it was cut short just after an epoch."""
        return epoch == max(self._reported_epochs, default=0) and self._trial.should_prune()

    def complete(self, value: float, seconds: float) -> Trial:
        """Tell the result."""
        return self._tell(TrialState.COMPLETE, value, None, seconds)

    def prune(self, reason: str, seconds: float) -> Trial:
        """Tell that it was not worth its last epochs."""
        return self._tell(TrialState.PRUNED, None, reason, seconds)

    def fail(self, reason: str, seconds: float) -> Trial:
        """Tell why there is no result."""
        return self._tell(TrialState.FAIL, None, reason, seconds)

    def _tell(
        self, state: TrialState, value: float | None, reason: str | None, seconds: float
    ) -> Trial:
        if reason:
            self._trial.set_user_attr("reason", reason)
        self._trial.set_user_attr("seconds", self.description.seconds + seconds)
        self._study.tell(self._trial, value, state)
        return _describe(self._study.get_trials(deepcopy=False)[self._trial.number])


class _FileLock(JournalFileOpenLock):
    """A lock that the system releases when the process dies; Optuna's own one stays for 30 s."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f".{journal.name}.lock")
        self._descriptor = -1

    def acquire(self) -> bool:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        os.close(self._descriptor)


def _describe(trial: FrozenTrial) -> Trial:
    return Trial(
        number=trial.number,
        state=_STATES[trial.state],
        settings={key: _to_yaml(value) for key, value in trial.params.items()},
        value=trial.value if trial.state.is_finished() else None,
        reason=trial.user_attrs.get("reason"),
        seconds=trial.user_attrs.get("seconds", 0.0),
    )


def _to_yaml(value: Any) -> str:
    # Choices are YAML already: Optuna keeps no lists and mappings.
    return value if isinstance(value, str) else repr(value)


def _make_distribution(range_: Range) -> BaseDistribution:
    if isinstance(range_, Choices):
        return CategoricalDistribution(range_.texts)
    if range_.is_whole:
        return IntDistribution(int(range_.low), int(range_.high), log=range_.is_log)
    return FloatDistribution(range_.low, range_.high, log=range_.is_log, step=range_.step)


def _suggest(trial: optuna.trial.Trial, key: str, distribution: BaseDistribution) -> None:
    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(key, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(key, distribution.low, distribution.high, log=distribution.log)
    elif isinstance(distribution, FloatDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        trial.suggest_float(key, low, high, step=step, log=distribution.log)


def _make_pruner(plan: SweepPlan) -> optuna.pruners.BasePruner:
    makers: dict[str, Callable[[], optuna.pruners.BasePruner]] = {
        "none": optuna.pruners.NopPruner,
        "median": optuna.pruners.MedianPruner,
        "successive_halving": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(max_resource=plan.config.epochs),
    }
    return makers[plan.pruner]()
