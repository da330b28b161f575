"""A trial of Optuna's: what is known of it, and what this process tells of it."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from mnistcli.sweeps.storage import TrialStorage


class State(Enum):
    """How far a trial is."""

    WAITING = "waiting"  # its machine died
    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"


_STATES = {
    TrialState.WAITING: State.WAITING,
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
        machine: what trains it, as HOST:FOLDER, where several machines could.
    """

    number: int
    state: State
    settings: Mapping[str, str]
    value: float | None = None
    reason: str | None = None
    seconds: float = 0.0
    machine: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it has a result, or failed."""
        return self.state not in (State.WAITING, State.RUNNING)

    @property
    def options(self) -> list[str]:
        """Its settings, as `--set` takes them."""
        return [f"{key}={value}" for key, value in self.settings.items()]


@dataclass(frozen=True)
class Outcome:
    """What one machine found after the search.

    Attributes:
        confirmations: of each trial that was trained again, by its number, the values with other
            seeds.
        metrics: of the winner, among them those of the test images.
        machine: which one, as that of `Trial`.
    """

    confirmations: Mapping[int, Sequence[float]]
    metrics: Mapping[str, float | int | None]
    machine: str | None = None


class RunningTrial:
    """A trial that is trained, and whose result is told in the end.

    Attributes:
        is_lost: this machine showed no life for too long: others train the trial, and its result
            here does not count.
    """

    def __init__(
        self, storage: TrialStorage, study: optuna.Study, trial: optuna.trial.Trial
    ) -> None:
        self._storage, self._study, self._trial = storage, study, trial
        frozen = self._read()
        self.is_lost = frozen.state.is_finished()
        self.description = describe_trial(frozen)
        self._reported_epochs = set(frozen.intermediate_values)

    def _read(self) -> FrozenTrial:
        trials = self._storage.patiently(lambda: self._study.get_trials(deepcopy=False))
        return trials[self._trial.number]

    def report(self, value: float, epoch: int) -> bool:
        """Report the goal after an epoch; return whether the trial should end there."""
        try:
            if epoch not in self._reported_epochs:
                self._storage.patiently(lambda: self._trial.report(value, epoch))
                self._reported_epochs.add(epoch)
        except UpdateFinishedTrialError:
            self.is_lost = True
        return self.is_lost or self._should_prune()

    def should_end_after(self, epoch: int) -> bool:
        """Return whether the trial should end if it was cut short just after an epoch."""
        return epoch == max(self._reported_epochs, default=0) and self._should_prune()

    def _should_prune(self) -> bool:
        return self._storage.patiently(self._trial.should_prune)

    def complete(self, value: float, seconds: float) -> Trial:
        """Tell the result."""
        return self._tell(TrialState.COMPLETE, value, {"seconds": self._in_all(seconds)})

    def prune(self, reason: str, seconds: float) -> Trial:
        """Tell that it was not worth its last epochs."""
        notes = {"reason": reason, "seconds": self._in_all(seconds)}
        return self._tell(TrialState.PRUNED, None, notes)

    def fail(self, reason: str, seconds: float) -> Trial:
        """Tell why there is no result."""
        notes = {"reason": reason, "seconds": self._in_all(seconds)}
        return self._tell(TrialState.FAIL, None, notes)

    def conclude(self, outcome: Outcome) -> None:
        """Tell the outcome of the whole sweep."""
        self._tell(TrialState.COMPLETE, 0.0, {"outcome": asdict(outcome)})

    def withdraw(self) -> None:
        """Take a surplus trial back; it does not count."""
        self._tell(TrialState.FAIL, None, {})
        time.sleep(random.random())  # another machine may do the same

    def _in_all(self, seconds: float) -> float:
        return self.description.seconds + seconds

    def _tell(self, state: TrialState, value: float | None, notes: Mapping[str, Any]) -> Trial:
        try:
            self._storage.patiently(lambda: self._try_to_tell(state, value, notes))
        except (UpdateFinishedTrialError, ValueError):
            told = self._read()
            if not told.state.is_finished():
                raise
            # An outage may have hidden that it was told; other machines give no reason.
            is_ours = told.state is state and told.user_attrs.get("reason") == notes.get("reason")
            self.is_lost = not is_ours
        return describe_trial(self._read())

    def _try_to_tell(
        self, state: TrialState, value: float | None, notes: Mapping[str, Any]
    ) -> None:
        for key, note in notes.items():
            self._trial.set_user_attr(key, note)
        self._study.tell(self._trial, value, state)


def describe_trial(trial: FrozenTrial) -> Trial:
    """Return what is known of a trial of Optuna's."""
    attributes, is_finished = trial.user_attrs, trial.state.is_finished()
    return Trial(
        number=trial.number,
        state=_STATES[trial.state],
        settings={key: _to_yaml(value) for key, value in trial.params.items()},
        value=trial.value if is_finished else None,
        reason=None if trial.state is TrialState.COMPLETE else attributes.get("reason"),
        seconds=attributes.get("seconds", 0.0),
        machine=attributes.get("machine"),
    )


def _to_yaml(value: Any) -> str:
    # Choices are YAML already: Optuna keeps no lists and mappings.
    return value if isinstance(value, str) else repr(value)
