"""What came of a sweep: the winner, how sure it is, and the files that say so."""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnistcli.config import dump_config
from mnistcli.errors import RunError, command_line
from mnistcli.runs import plan_continuation, write_whole
from mnistcli.scores import Interval, difference_interval
from mnistcli.sweeps.folder import SweepFolder
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.study import State, SweepStudy, Trial
from mnistcli.sweeps.trials import Sweep, failing, interruptible, read_value, train_run
from mnistcli.training import TrainingResult, resume_run


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep.

    Attributes:
        trials: all, by number.
        ranking: the completed ones, the best first; those that were confirmed lead it.
        confirmations: of each trial that was trained again, the values with other seeds.
        importances: of each setting, the largest first.
        metrics: of the winner, among them those of the test images.
    """

    plan: SweepPlan
    folder: SweepFolder
    trials: Sequence[Trial]
    ranking: Sequence[Trial]
    confirmations: Mapping[int, Sequence[float]]
    importances: Mapping[str, float]
    metrics: Mapping[str, float | int | None]
    higher_is_better: bool

    @property
    def winner(self) -> Trial:
        """The best trial."""
        return self.ranking[0]

    def mean(self, trial: Trial) -> float | None:
        """Return the mean of a trial over other seeds, if it was trained with any."""
        values = self.confirmations.get(trial.number)
        return statistics.mean(values) if values else None

    def deviation(self, trial: Trial) -> float | None:
        """Return the deviation of a trial over other seeds, if there are two."""
        values = self.confirmations.get(trial.number, ())
        return statistics.stdev(values) if len(values) > 1 else None

    def lead(self) -> Interval | None:
        """Return the interval of the winner's lead over the second; None where none is known."""
        if len(self.ranking) < 2:
            return None
        first, second = (self.confirmations.get(trial.number, ()) for trial in self.ranking[:2])
        return difference_interval(list(second), list(first)) if first and second else None


def finish_sweep(
    sweep: Sweep, confirmations: Mapping[int, Sequence[float]] | None = None
) -> tuple[SweepResult, TrainingResult | None]:
    """Confirm the best trials, test the winner, and write best.yaml and trials.csv.

    Args:
        confirmations: where other processes confirmed the trials already.

    Returns:
        The result, and the winner's test, if it was tested only now.

    Raises:
        RunError: no trial has a result.
        InterruptedTrainingError: a signal ended it.
    """
    with interruptible(sweep.folder):
        ranking = sweep.study.rank()
        if not ranking:
            reasons = [trial.reason for trial in sweep.study.trials() if trial.reason]
            raise RunError(
                "no trial has a result", *([f"the last one: {reasons[-1]}"] if reasons else [])
            )
        if confirmations is None:
            confirmations = {
                trial.number: [
                    value
                    for seed in seeds
                    if (value := confirm_trial(sweep, trial, seed)) is not None
                ]
                for trial, seeds in plan_confirmations(sweep.plan, ranking)
            }
        ranking = _rank_confirmed(ranking, confirmations, sweep.study.higher_is_better)
        run = sweep.folder.run(ranking[0].number)
        test = None
        if "test_accuracy" not in (run.read_record().metrics or {}):
            test = resume_run(run, plan_continuation(run).file, sweep.dataset)
        result = read_result(sweep.plan, sweep.folder, sweep.study, confirmations)
        write_whole(sweep.folder.best, _describe_best(result))
        write_whole(sweep.folder.table, _make_table(result))
    return result, test


def read_result(
    plan: SweepPlan,
    folder: SweepFolder,
    study: SweepStudy,
    confirmations: Mapping[int, Sequence[float]],
) -> SweepResult:
    """Return what came of a sweep, after its end."""
    ranking = _rank_confirmed(study.rank(), confirmations, study.higher_is_better)
    metrics = folder.run(ranking[0].number).read_record().metrics or {}
    return SweepResult(
        plan,
        folder,
        study.trials(),
        ranking,
        confirmations,
        study.importances(),
        metrics,
        study.higher_is_better,
    )


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


def _rank_confirmed(
    ranking: Sequence[Trial],
    confirmations: Mapping[int, Sequence[float]],
    higher_is_better: bool,
) -> list[Trial]:
    """Return a ranking in which the confirmed trials come first, by their means."""
    sign = -1 if higher_is_better else 1
    confirmed = [trial for trial in ranking if confirmations.get(trial.number)]
    confirmed.sort(key=lambda trial: sign * statistics.mean(confirmations[trial.number]))
    return [*confirmed, *(trial for trial in ranking if trial not in confirmed)]


def _describe_best(result: SweepResult) -> str:
    """Return the winner's config, with its result in its header."""
    winner, plan = result.winner, result.plan
    lines = [
        f"The best of {len(result.trials)} trials, number {winner.number}: "
        f"{plan.goal} {winner.value:.5g} on the validation images.",
        *(f"  {option}" for option in winner.options),
    ]
    mean, deviation = result.mean(winner), result.deviation(winner)
    if mean is not None:
        spread = "" if deviation is None else f" ± {deviation:.2g}"
        seeds = len(result.confirmations[winner.number])
        lines.append(f"With {seeds} other seeds: {plan.goal} {mean:.5g}{spread} (mean, deviation).")
    accuracy = result.metrics.get("test_accuracy")
    if accuracy is not None:
        lines.append(f"Accuracy on the test images: {accuracy:.5g}")
    lines.append(command_line("train", result.folder.best))
    config = plan.trial_config(winner.options).config
    return "".join(f"# {line}\n" for line in lines) + dump_config(config)


def _make_table(result: SweepResult) -> str:
    """Return a row of CSV for each trial."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = list(result.plan.space)
    writer.writerow(
        ["trial", "state", result.plan.goal, "mean with other seeds", "seconds", "reason", *keys]
    )
    for trial in result.trials:
        described = [trial.number, trial.state.value, trial.value, result.mean(trial)]
        settings = [trial.settings.get(key) for key in keys]
        writer.writerow([*described, trial.seconds, trial.reason, *settings])
    return text.getvalue()


def count_states(trials: Sequence[Trial]) -> dict[State, int]:
    """Return how many trials are completed, pruned and failed, where there are some."""
    counts = {state: sum(trial.state is state for trial in trials) for state in State}
    return {state: count for state, count in counts.items() if count}
