"""The trials of a sweep, which Optuna chooses and keeps in a `TrialStorage`."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import UpdateFinishedTrialError
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from mnistcli.errors import RunError
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.ranges import Choices, Range
from mnistcli.sweeps.samplers import RepeatableSampler
from mnistcli.sweeps.storage import TrialStorage
from mnistcli.sweeps.trial import Outcome, RunningTrial, State, Trial, describe_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)

MINIMUM_IMPORTANCE_TRIALS = 4


class SweepStudy:
    """Optuna's study of a sweep, which other machines may work on, too."""

    def __init__(
        self,
        plan: SweepPlan,
        storage: TrialStorage,
        higher_is_better: bool | None = None,
        identity: Mapping[str, str] | None = None,
    ) -> None:
        """Open the study, or begin it.

        Args:
            plan: what is searched.
            storage: of the trials.
            higher_is_better: whether more of the goal is better; None: the study is there.
            identity: what has to be the same for all trials; None: it was checked already.

        Raises:
            KeyError: it is not there.
            RunError: it is about something else, or the storage cannot be used.
        """
        self.plan, self._storage = plan, storage
        self._distributions = {
            key: _make_distribution(range_) for key, range_ in plan.space.items()
        }
        with storage.opening():
            self._study = self._open(storage.study_name, higher_is_better)
            if identity is not None:
                self._check_identity(identity)
        self.higher_is_better = self._study.direction is optuna.study.StudyDirection.MAXIMIZE
        self._finals: dict[str, optuna.Study] = {}

    def _open(self, name: str, higher_is_better: bool | None) -> optuna.Study:
        backend, sampler = self._storage.backend, RepeatableSampler(self.plan)
        pruner = _make_pruner(self.plan)
        if higher_is_better is None:
            return optuna.load_study(
                study_name=name, storage=backend, sampler=sampler, pruner=pruner
            )
        return optuna.create_study(
            storage=backend,
            study_name=name,
            direction="maximize" if higher_is_better else "minimize",
            sampler=sampler,
            pruner=pruner,
            load_if_exists=True,
        )

    def _check_identity(self, identity: Mapping[str, str]) -> None:
        recorded = self._study.user_attrs.get("identity")
        if recorded is None:
            self._study.set_user_attr("identity", dict(identity))
            return
        changed = [key for key, value in identity.items() if recorded.get(key) != value]
        if changed:
            others = "start another sweep"
            if self.machine:
                others += f" than '{self._storage.study_name}', such as with --set name=other"
            raise RunError(
                f"the sweep began with another {' and another '.join(changed)}",
                *_describe_changes(recorded, identity),
                f"trials of both could not be compared; {others}, or put it back",
            )

    def close(self) -> None:
        """Close the connections of this process to a database."""
        self._storage.close()

    @property
    def machine(self) -> str | None:
        """What trains here, as that of `Trial`."""
        return self._storage.machine

    def showing_life(self) -> AbstractContextManager[None]:
        """Show other machines during the block that the trials of this one are being trained."""
        return self._storage.showing_life(self._show_life)

    def _show_life(self) -> None:
        for study in [self._study, *self._finals.values()]:
            for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if self._is_ours(trial):
                    self._storage.show_life(trial._trial_id)

    def release_dead(self) -> None:
        """Give the trials of machines without a sign of life to others."""
        for study in [self._study, *self._finals.values()]:
            self._storage.release_dead(study)

    def trials(self) -> list[Trial]:
        """Return all trials that count, by number."""
        return [describe_trial(trial) for trial in _counted(self._frozen(self._study))]

    def trial(self, number: int) -> Trial:
        """Return a trial."""
        return describe_trial(self._frozen(self._study)[number])

    def unfinished(self) -> list[int]:
        """Return the numbers of the trials that a process of this machine left running."""
        return [
            trial.number
            for trial in self._frozen(self._study)
            if trial.state is TrialState.RUNNING and self._is_ours(trial)
        ]

    def begin(self, number: int | None = None) -> RunningTrial:
        """Choose the settings of a new trial, or go on with the trial of a number.

        A kill may have come before all of its settings were chosen: the others are chosen now.
        """
        trial = self._begin(self._study, number)
        with suppress(UpdateFinishedTrialError):  # this machine stalled just here
            for key, distribution in self._distributions.items():
                self._storage.patiently(partial(_suggest, trial, key, distribution))
        return RunningTrial(self._storage, self._study, trial)

    def begin_next(self) -> RunningTrial | None:
        """Choose the settings of a new trial; None if other machines have begun the last ones."""
        running = self.begin()
        if self._is_surplus(self._study, running, self.plan.trials):
            running.withdraw()
            return None
        return running

    def outcome(self) -> Outcome | None:
        """Return what was found after the search; None if it has not been yet."""
        for trial in self._frozen(self._final()):
            if trial.state is TrialState.COMPLETE:
                values = dict(trial.user_attrs["outcome"])
                confirmations = values.pop("confirmations").items()
                return Outcome({int(key): each for key, each in confirmations}, **values)
        return None

    def begin_final(self) -> RunningTrial | None:
        """Begin to find the outcome; None if another machine does."""
        final = self._final()
        running = [each for each in self._frozen(final) if each.state is TrialState.RUNNING]
        ours = [trial.number for trial in running if self._is_ours(trial)]
        if running and not ours:
            return None
        trial = self._begin(final, ours[0] if ours else None)
        claim = RunningTrial(self._storage, final, trial)
        if self._is_surplus(final, claim, 1):
            claim.withdraw()
            return None
        return claim

    def _final(self) -> optuna.Study:
        """Return the study whose only trial is to confirm and to test the best so far."""
        confirm = self.plan.confirm
        seeds = f"{confirm.best} x {confirm.seeds}" if confirm else "no"
        # Another machine, with more --trials, may have begun one: the outcome is without it.
        finished = sum(trial.is_finished for trial in self.trials())
        name = f"{self._storage.study_name}: {finished} trials, {seeds} confirmations"
        if name not in self._finals:
            self._finals[name] = self._storage.patiently(lambda: self._open(name, True))
        return self._finals[name]

    def _begin(self, study: optuna.Study, number: int | None) -> optuna.trial.Trial:
        if number is None:
            trial = self._storage.patiently(lambda: self._storage.ask(study))
            self._storage.patiently(lambda: self._note_machine(trial))
        else:
            trial = optuna.trial.Trial(study, self._frozen(study)[number]._trial_id)
        self._storage.patiently(lambda: self._storage.show_life(trial._trial_id))
        return trial

    def _note_machine(self, trial: optuna.trial.Trial) -> None:
        if self.machine is not None:
            with suppress(UpdateFinishedTrialError):  # as above
                trial.set_user_attr("machine", self.machine)

    def _is_ours(self, trial: FrozenTrial) -> bool:
        return trial.user_attrs.get("machine") == self.machine

    def _is_surplus(self, study: optuna.Study, running: RunningTrial, total: int) -> bool:
        """Return whether a trial was begun though others had begun the last ones just before.

        Two that began at once both see each other, and so never both stay.
        """
        frozen = self._frozen(study)
        if _earlier_numbers(frozen[running.description.number]):
            return False  # it was counted before
        return len(_counted(frozen)) > total

    def _frozen(self, study: optuna.Study) -> list[FrozenTrial]:
        return self._storage.patiently(lambda: study.get_trials(deepcopy=False))

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


def _earlier_numbers(trial: FrozenTrial) -> list[int]:
    """Return the numbers that a trial had on machines that died."""
    # As RetryHeartbeatStaleTrialCallback.retry_history, which warns at each call that it is new.
    return list(trial.system_attrs.get("retry_history", []))


def needs_trial(plan: SweepPlan, trials: Sequence[Trial]) -> bool:
    """Return whether a trial more should begin, or one that another machine left."""
    seconds = sum(trial.seconds for trial in trials)
    is_over_time = plan.minutes is not None and seconds >= 60 * plan.minutes
    is_left = any(trial.state is State.WAITING for trial in trials)
    return is_left or (len(trials) < plan.trials and not is_over_time)


def are_finished(trials: Sequence[Trial]) -> bool:
    """Return whether nobody trains any more."""
    return all(trial.is_finished for trial in trials)


def _counted(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials without those that were withdrawn, or given to others under a new number.

    A trial that failed by itself has a reason.
    """
    retried = {number for each in trials for number in _earlier_numbers(each)}
    return [
        trial
        for trial in trials
        if trial.state is not TrialState.FAIL
        or ("reason" in trial.user_attrs and trial.number not in retried)
    ]


def _describe_changes(recorded: Mapping[str, str], identity: Mapping[str, str]) -> list[str]:
    """Return a line for each value that is another one than at the beginning."""
    lines = []
    for key, value in identity.items():
        old, new = (json.loads(each) for each in (recorded.get(key, "null"), value))
        if isinstance(old, dict) and isinstance(new, dict):
            names = [name for name in old | new if old.get(name) != new.get(name)]
            lines += [f"{name}: {old.get(name)} there, {new.get(name)} here" for name in names]
        elif old != new:
            lines.append(f"{key}: {old} there, {new} here")
    return lines


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
