"""What the page of several runs shows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mnistcli.comparison import Comparison, describe_verdict
from mnistcli.errors import printable
from mnistcli.numbers import format_percent
from mnistcli.reports.charts import Chart, Series, draw_chart
from mnistcli.reports.contents import RunContents
from mnistcli.scores import share_interval

MAX_SHOWN_CLASSES = 30


class ClassRow(NamedTuple):
    """The share of a class that each run finds; the last is how far apart they are."""

    label: int
    recalls: list[float]
    difference: float


def describe_comparison(comparison: Comparison, runs: Sequence[RunContents]) -> dict[str, Any]:
    """Return what the template of a comparison takes.

    Args:
        comparison: of the runs, or of the groups that they form.
        runs: all of them, in the order of the groups.
    """
    names = name_runs(runs)
    groups = comparison.groups
    same_data = len({tuple(sorted(run.record.dataset.sha256.items())) for run in runs}) == 1
    return {
        "runs": list(zip(names, runs, strict=True)),
        "groups": [group.name for group in groups],
        "same_data": same_data,
        "intervals": [_find_interval(run) for run in runs],
        "charts": _draw_charts(names, runs),
        "verdicts": [describe_verdict(each, groups[0].name) for each in comparison.verdicts],
        "classes": _compare_classes(runs) if same_data else [],
        "differences": [(each.key, each.parts()) for each in comparison.settings],
    }


def name_runs(runs: Sequence[RunContents]) -> list[str]:
    """Return the names of the runs' folders, or their paths where two have one name."""
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        names = [printable(str(run.directory.path)) for run in runs]
    return names


def _find_interval(run: RunContents) -> str:
    """Return the 95% interval of a run's test accuracy, or nothing."""
    images = run.evaluation.images if run.evaluation else run.record.dataset.test_images
    if run.test_accuracy is None or not images:
        return ""
    interval = share_interval(round(run.test_accuracy * images), images)
    low, high = (format_percent(each, decimals=2) for each in (interval.low, interval.high))
    return f"{low} to {high}"


def _draw_charts(names: Sequence[str], runs: Sequence[RunContents]) -> list[Chart]:
    """Draw the validation images of all runs, or the training images of those without."""
    charts = []
    for title, column, percent in (("Loss", "loss", False), ("Accuracy", "accuracy", True)):
        series = []
        for i, (name, run) in enumerate(zip(names, runs, strict=True)):
            validates = any(row.get(f"val_{column}") is not None for row in run.rows)
            shown = f"val_{column}" if validates else column
            label = name if validates else f"{name} (training)"
            series.append(Series(label, run.rows, shown, i, dashed=not validates))
        charts.append(draw_chart(f"{title} on the validation images", series, percent))
    return [chart for chart in charts if chart]


def _compare_classes(runs: Sequence[RunContents]) -> list[ClassRow]:
    """Return the recall of each class, if all runs have answers."""
    evaluations = [run.evaluation for run in runs if run.evaluation is not None]
    if len(evaluations) < len(runs) or len({len(each.classes) for each in evaluations}) > 1:
        return []
    rows = []
    for label in range(len(evaluations[0].classes)):
        recalls = [each.classes[label].recall for each in evaluations]
        rows.append(ClassRow(label, recalls, max(recalls) - min(recalls)))
    if len(rows) > MAX_SHOWN_CLASSES:
        rows = sorted(rows, key=lambda row: -row.difference)[:MAX_SHOWN_CLASSES]
    return rows
