"""What came of a sweep: the winner, how sure it is, and the files that say so."""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from mnistcli.config import dump_config
from mnistcli.errors import command_line
from mnistcli.runs import write_whole
from mnistcli.scores import Interval, difference_interval
from mnistcli.sweeps.folder import SweepFolder
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.storage import TrialStorage
from mnistcli.sweeps.study import SweepStudy, are_finished, needs_trial
from mnistcli.sweeps.trial import Outcome, State, Trial


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep.

    Attributes:
        trials: all, by number.
        ranking: the completed ones, the best first; those that were confirmed lead it.
        confirmations: of each trial that was trained again, the values with other seeds.
        importances: of each setting, the largest first.
        metrics: of the winner, among them those of the test images.
        other_machine: what confirmed and tested the winner, as HOST:FOLDER; None: this machine.
    """

    plan: SweepPlan
    folder: SweepFolder
    trials: Sequence[Trial]
    ranking: Sequence[Trial]
    confirmations: Mapping[int, Sequence[float]]
    importances: Mapping[str, float]
    metrics: Mapping[str, float | int | None]
    higher_is_better: bool
    other_machine: str | None = None

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
        if not (first and second):
            return None
        worse, better = (second, first) if self.higher_is_better else (first, second)
        return difference_interval(list(worse), list(better))


def find_result(plan: SweepPlan, folder: SweepFolder, storage: TrialStorage) -> SweepResult | None:
    """Return what came of a sweep; None if it is not finished yet."""
    with closing(storage):
        try:
            study = SweepStudy(plan, storage)
        except KeyError:
            return None
        trials = study.trials()
        if needs_trial(plan, trials) or not are_finished(trials) or not study.rank():
            return None
        outcome = study.outcome()
        return read_result(plan, folder, study, outcome) if outcome else None


def read_result(
    plan: SweepPlan, folder: SweepFolder, study: SweepStudy, outcome: Outcome
) -> SweepResult:
    """Return what came of a sweep, after its end."""
    ranking = rank_confirmed(study.rank(), outcome.confirmations, study.higher_is_better)
    return SweepResult(
        plan,
        folder,
        study.trials(),
        ranking,
        outcome.confirmations,
        study.importances(),
        outcome.metrics,
        study.higher_is_better,
        outcome.machine if outcome.machine != study.machine else None,
    )


def write_result(result: SweepResult) -> None:
    """Write best.yaml and trials.csv."""
    write_whole(result.folder.best, _describe_best(result))
    write_whole(result.folder.table, _make_table(result))


def rank_confirmed(
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
    run = result.folder.run(winner.number)
    if run.record.exists():
        # Kernels and threads are those of the sweep, which another network alone may not have.
        lines.append(f"The trial itself, bit for bit: {command_line('reproduce', run.path)}")
    config = plan.trial_config(winner.options).config
    return "".join(f"# {line}\n" for line in lines) + dump_config(config)


def _make_table(result: SweepResult) -> str:
    """Return a row of CSV for each trial."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = list(result.plan.space)
    is_shared = any(trial.machine for trial in result.trials)
    names = ["trial", "state", result.plan.goal, "mean with other seeds", "seconds", "reason"]
    writer.writerow([*names, *(["machine"] if is_shared else []), *keys])
    for trial in result.trials:
        described = [trial.number, trial.state.value, trial.value, result.mean(trial)]
        described += [trial.seconds, trial.reason, *([trial.machine] if is_shared else [])]
        writer.writerow([*described, *(trial.settings.get(key) for key in keys)])
    return text.getvalue()


def count_states(trials: Sequence[Trial]) -> dict[State, int]:
    """Return how many trials are completed, pruned and failed, where there are some."""
    counts = {state: sum(trial.state is state for trial in trials) for state in State}
    return {state: count for state, count in counts.items() if count}
