"""Sweeps, as a terminal shows them, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mnistcli.config import read_yaml
from mnistcli.errors import command_line
from mnistcli.numbers import format_count, format_duration, format_percent

if TYPE_CHECKING:
    from mnistcli.figures import SweepPoints
    from mnistcli.sweeps import SweepPlan
    from mnistcli.sweeps.results import SweepResult
    from mnistcli.sweeps.trial import Trial

SHOWN_TRIALS = 10
MAXIMUM_CELL = 30
SHOWN_IMPORTANCE = 0.01


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return the last word of each dotted key; the key itself where it is shared or a number."""
    ends = {key: key.rpartition(".")[2] for key in keys}
    counts = Counter(ends.values())
    return {
        key: end if counts[end] == 1 and not end.isdigit() else key for key, end in ends.items()
    }


def format_setting(text: str) -> str:
    """Return a setting in YAML with three digits of a number, cut where it is long."""
    value = parse_setting(text)
    shown = f"{value:.3g}" if isinstance(value, float) else text
    return shown if len(shown) <= MAXIMUM_CELL else f"{shown[: MAXIMUM_CELL - 1]}…"


def parse_setting(text: str) -> Any:
    """Return the value of a setting in YAML."""
    return read_yaml(text, "setting", is_option=True).value


def format_settings(plan: SweepPlan, trial: Trial) -> str:
    """Return the settings of a trial on one line."""
    names = short_names(list(plan.space))
    return ", ".join(
        f"{names.get(key, key)}={format_setting(text)}" for key, text in trial.settings.items()
    )


def format_value_of(goal: str, value: float | None) -> str:
    """Return a value of the goal: an accuracy in percent."""
    if value is None:
        return "-"
    if goal.endswith("accuracy"):
        return format_percent(value, decimals=2)
    return f"{value:.4g}"


def trials_table(plan: SweepPlan, trials: Sequence[Trial], result: Any = None) -> Table:
    """Return a table of trials, a line each, with the settings that were searched."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("trial", justify="right")
    table.add_column(plan.goal, justify="right")
    is_confirmed = result is not None and bool(result.confirmations)
    if is_confirmed:
        table.add_column("other seeds", justify="right")
    names = short_names(list(plan.space))
    for key in plan.space:
        table.add_column(names[key], overflow="fold")
    for trial in trials:
        cells = [str(trial.number), format_value_of(plan.goal, trial.value)]
        if is_confirmed:
            cells.append(_format_mean(plan.goal, result.mean(trial), result.deviation(trial)))
        cells += [format_setting(trial.settings.get(key, "")) for key in plan.space]
        table.add_row(*cells)
    return table


def _format_mean(goal: str, mean: float | None, deviation: float | None) -> str:
    if mean is None:
        return ""
    shown = format_value_of(goal, mean)
    if deviation is None:
        return shown
    spread = f"{100 * deviation:.2f}" if goal.endswith("accuracy") else f"{deviation:.2g}"
    return f"{shown} ± {spread}"


def result_view(result: SweepResult) -> Iterator[RenderableType]:
    """Show what came of a sweep: the best trials, how sure the winner is, what matters."""
    plan, winner = result.plan, result.winner
    yield trials_table(plan, result.ranking[:SHOWN_TRIALS], result)
    counts = Counter(trial.state.value for trial in result.trials)
    yield f"{format_count(len(result.trials), 'trial')}: " + ", ".join(
        f"{count} {state}" for state, count in counts.items()
    )
    yield Text(_describe_winner(result), style="bold green")
    yield _describe_lead(result)
    shown = {key: share for key, share in result.importances.items() if share >= SHOWN_IMPORTANCE}
    if shown:
        names = short_names(list(plan.space))
        shares = ", ".join(f"{names[key]} {share:.0%}" for key, share in shown.items())
        yield f"What explains the spread of the results (fANOVA): {shares}"
    for trial in [trial for trial in result.trials if trial.reason and trial.value is None][:3]:
        yield Text(f"trial {trial.number} failed: {trial.reason}", style="yellow")
    if result.other_machine:
        yield f"Confirmed and tested on {result.other_machine}"
    yield f"Written to {result.folder.path}"
    yield f"Next: {command_line('train', result.folder.best)}"
    run = result.folder.run(winner.number)
    if run.record.exists():
        yield f"      {command_line('predict', 'IMAGE', '--run', run.path)}"
    yield f"      {command_line('runs', result.folder.path)}"


def _describe_winner(result: SweepResult) -> str:
    winner, goal = result.winner, result.plan.goal
    text = f"The best is trial {winner.number}: {goal} {format_value_of(goal, winner.value)}"
    mean = _format_mean(goal, result.mean(winner), result.deviation(winner))
    if mean:
        text += f", with other seeds {mean}"
    accuracy = result.metrics.get("test_accuracy")
    if accuracy is not None:
        text += f"; test accuracy {format_percent(accuracy, decimals=2)}"
    return text


def _describe_lead(result: SweepResult) -> str:
    """Say how sure it is that the winner is better than the second."""
    if len(result.ranking) < 2:
        return "It is the only trial with a result."
    first, second = result.ranking[:2]
    goal = result.plan.goal
    lead = result.lead()
    if lead is None:
        distance = abs((first.value or 0.0) - (second.value or 0.0))
        shown = f"{100 * distance:.2f} points" if goal.endswith("accuracy") else f"{distance:.3g}"
        line = command_line("sweep", "--resume", result.folder.path, "--confirm", "best=3,seeds=3")
        return (
            f"It leads trial {second.number} by {shown}, which may be luck: each was trained with "
            f"one seed. To know: {line}"
        )
    scale, unit = (100, " points") if goal.endswith("accuracy") else (1, "")
    low, high = scale * lead.low, scale * lead.high
    verdict = "more than chance" if lead.excludes_zero else "no more than chance"
    return (
        f"With other seeds it leads trial {second.number} by {scale * lead.mean:.3g}{unit} "
        f"(95% interval {low:.3g} to {high:.3g}): {verdict}"
    )


def sweep_to_json(result: SweepResult) -> dict[str, Any]:
    """Return what came of a sweep as plain values."""
    lead = result.lead()
    return {
        "folder": str(result.folder.path),
        "goal": result.plan.goal,
        "best": {
            "trial": result.winner.number,
            "run": str(result.folder.run(result.winner.number).path),
            "config": str(result.folder.best),
            "value": result.winner.value,
            "metrics": dict(result.metrics),
        },
        "lead": [lead.mean, lead.low, lead.high] if lead else None,
        "confirmations": {str(key): list(each) for key, each in result.confirmations.items()},
        "importances": dict(result.importances),
        "trials": [
            {
                "trial": trial.number,
                "state": trial.state.value,
                "value": trial.value,
                "seconds": trial.seconds,
                "reason": trial.reason,
                "machine": trial.machine,
                "settings": {key: parse_setting(text) for key, text in trial.settings.items()},
            }
            for trial in result.trials
        ],
    }


def plan_view(plan: SweepPlan, seconds: float) -> Iterator[RenderableType]:
    """Show what a sweep would search, and how long it would take.

    Args:
        seconds: that a trial of the config as it is takes.
    """
    from mnistcli.sweeps.plan import grid_size

    yield f"{plan.config.name}: everything checked, nothing written"
    grid = Table.grid(padding=(0, 2))
    for key, range_ in plan.space.items():
        grid.add_row(f"  {key}", str(range_))
    yield grid
    size = grid_size(plan.space)
    yield "  combinations: " + ("not finitely many" if size is None else f"{size:,}")
    yield (
        f"  {format_count(plan.trials, 'trial')} by {plan.sampler}, pruner {plan.pruner}, would "
        f"take about {format_duration(plan.trials * seconds)} ({format_duration(seconds)} for the "
        "config as it is)"
    )


def plan_to_json(plan: SweepPlan, seconds: float) -> dict[str, Any]:
    """Return what `plan_view` shows as plain values."""
    from mnistcli.sweeps.plan import grid_size

    return {
        "config": plan.config.name,
        "search": {key: str(range_) for key, range_ in plan.space.items()},
        "combinations": grid_size(plan.space),
        "trials": plan.trials,
        "sampler": plan.sampler,
        "pruner": plan.pruner,
        "seconds_per_trial": seconds,
        "seconds": plan.trials * seconds,
    }


def sweep_points(result: SweepResult) -> SweepPoints:
    """Return what the figures of a sweep show."""
    from mnistcli.figures import SweepPoints
    from mnistcli.sweeps import Numbers

    names = short_names(list(result.plan.space))
    finished = [trial for trial in result.trials if trial.value is not None]
    return SweepPoints(
        goal=result.plan.goal,
        higher_is_better=result.higher_is_better,
        numbers=[trial.number for trial in finished],
        values=[float(trial.value or 0.0) for trial in finished],
        is_complete=[trial.reason is None for trial in finished],
        settings={
            names[key]: [
                parse_setting(trial.settings[key])
                if isinstance(range_, Numbers)
                else format_setting(trial.settings[key])
                for trial in finished
            ]
            for key, range_ in result.plan.space.items()
        },
        logarithmic=[
            names[key]
            for key, range_ in result.plan.space.items()
            if isinstance(range_, Numbers) and range_.is_log
        ],
        choices={
            names[key]: [format_setting(text) for text in range_.texts]
            for key, range_ in result.plan.space.items()
            if not isinstance(range_, Numbers)
        },
        importances={names[key]: share for key, share in result.importances.items()},
    )
