"""The end of a sweep: the best trials are confirmed, and the winner is tested, by one machine."""

import time
from collections.abc import Callable, Mapping, Sequence

from mnistcli.errors import RunError
from mnistcli.runs import plan_continuation
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.results import SweepResult, rank_confirmed, read_result, write_result
from mnistcli.sweeps.trial import Outcome, RunningTrial, State, Trial
from mnistcli.sweeps.trials import (
    LOOK_SECONDS,
    Sweep,
    await_others,
    failing,
    interruptible,
    look_around,
    read_value,
    train_run,
)
from mnistcli.training import TrainingResult, resume_run

# Trains trials with other seeds; returns the values by the numbers of the trials.
Confirm = Callable[[Sequence[tuple[Trial, Sequence[int]]]], Mapping[int, Sequence[float]]]


def finish_sweep(
    sweep: Sweep, confirm: Confirm | None = None
) -> tuple[SweepResult, TrainingResult | None]:
    """Confirm the best trials and test the winner, or wait for another machine to do so.

    Args:
        confirm: trains in other processes; None: this one trains.

    Returns:
        The result, and the winner's test, if it was tested only now and here.

    Raises:
        RunError: no trial has a result.
        InterruptedTrainingError: a signal ended it.
    """
    study, test = sweep.study, None
    with interruptible(sweep.folder):
        if not study.rank():
            reasons = [trial.reason for trial in study.trials() if trial.reason]
            raise RunError(
                "no trial has a result", *([f"the last one: {reasons[-1]}"] if reasons else [])
            )
        while (outcome := _find_known(sweep)) is None:
            if claim := study.begin_final():
                test = _find_outcome(sweep, claim, confirm)
            else:
                sweep.observer.waiting("confirm the best trials and test the winner")
                time.sleep(LOOK_SECONDS)
        result = read_result(sweep.plan, sweep.folder, study, outcome)
        write_result(result)
    return result, test


def _find_known(sweep: Sweep) -> Outcome | None:
    """Return the outcome that a machine found already, once none trains trials any more.

    One with more --trials may begin some while others find the outcome without them.
    """
    trials = look_around(sweep)
    while any(trial.state is State.RUNNING for trial in trials):
        await_others(sweep, trials)
        trials = look_around(sweep)
    return sweep.study.outcome()


def _find_outcome(
    sweep: Sweep, claim: RunningTrial, confirm: Confirm | None
) -> TrainingResult | None:
    study, plan = sweep.study, sweep.plan
    ranking = study.rank()
    chosen = plan_confirmations(plan, ranking)
    confirmations = confirm(chosen) if confirm else confirm_trials(sweep, chosen)
    winner = rank_confirmed(ranking, confirmations, study.higher_is_better)[0]
    run = sweep.folder.run(winner.number)
    if not run.record.exists():
        sweep.observer.noticed(
            f"trial {winner.number} is trained here again to be tested: its run is on "
            f"{winner.machine}"
        )
    train_run(sweep, run, plan.trial_config(winner.options), [sweep.observer])
    test = None
    if "test_accuracy" not in (run.read_record().metrics or {}):
        test = resume_run(run, plan_continuation(run).file, sweep.dataset)
    claim.conclude(Outcome(confirmations, run.read_record().metrics or {}, study.machine))
    return test


def plan_confirmations(
    plan: SweepPlan, ranking: Sequence[Trial]
) -> list[tuple[Trial, Sequence[int]]]:
    """Return the trials to train again, and the seeds for each."""
    confirm = plan.confirm
    if confirm is None:
        return []
    first_seed = plan.config.seed + 1
    seeds = range(first_seed, first_seed + confirm.seeds)
    return [(trial, seeds) for trial in ranking[: confirm.best]]


def confirm_trials(
    sweep: Sweep, chosen: Sequence[tuple[Trial, Sequence[int]]]
) -> dict[int, list[float]]:
    """Train trials with other seeds; return the values by the numbers of the trials."""
    return {
        trial.number: [
            value for seed in seeds if (value := confirm_trial(sweep, trial, seed)) is not None
        ]
        for trial, seeds in chosen
    }


def confirm_trial(sweep: Sweep, trial: Trial, seed: int) -> float | None:
    """Train a trial with another seed; return its value, or None if it failed."""
    sweep.observer.confirmation_started(trial, seed)
    run = sweep.folder.confirmation(trial.number, seed)
    value = None
    with failing(sweep, sweep.observer.noticed):
        file = sweep.plan.trial_config(trial.options, seed)
        value = read_value(train_run(sweep, run, file, [sweep.observer]), sweep.plan.goal)
    sweep.observer.confirmation_finished(trial, seed, value)
    return value
