"""Comparisons of runs, as a terminal shows them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mnistcli.cli.tables import FittingTable
from mnistcli.comparison import METRICS, describe_verdict
from mnistcli.errors import printable
from mnistcli.numbers import format_duration, format_percent

if TYPE_CHECKING:
    from mnistcli.comparison import Comparison, Difference, Group, RunRow

SHOWN_CHECKSUM = 12  # of the 64 characters of a SHA-256


def comparison_view(comparison: Comparison) -> Iterator[RenderableType]:
    """Yield what to print of a comparison, the verdicts last."""
    groups = comparison.groups
    for title, differences in (
        ("settings", comparison.settings),
        ("data", comparison.data),
        ("environment", comparison.environment),
    ):
        if differences:
            yield _difference_table(title, differences, groups)
        else:
            yield f"{title}: no difference"
    yield _metric_table(groups)
    if class_table := _class_table(groups):
        yield class_table
    for verdict in comparison.verdicts:
        yield Text(describe_verdict(verdict, groups[0].name), style="bold")
    yield (
        "These are test images: choose between runs by validation images, and look here at the end."
    )


def _table(title: str, groups: Sequence[Group]) -> Table:
    table = FittingTable(title)
    table.add_column("", overflow="fold")
    for heading in _headings(groups):
        table.add_column(printable(heading), overflow="fold")
    return table


def _headings(groups: Sequence[Group]) -> list[str]:
    """Return the last part of each group's name, or the whole name where two are alike."""
    names = [Path(group.name).name for group in groups]
    if len(set(names)) < len(names):
        names = [group.name for group in groups]
    counts = [len(group.rows) for group in groups]
    return [
        name if count == 1 else f"{name} ({count} seeds)"
        for name, count in zip(names, counts, strict=True)
    ]


def _difference_table(
    title: str, differences: Sequence[Difference], groups: Sequence[Group]
) -> Table:
    table = _table(title, groups)
    for difference in differences:
        cells = ["\n".join(parts) for parts in difference.parts()]
        if difference.key.startswith("SHA-256"):
            cells = [f"{cell[:SHOWN_CHECKSUM]}…" for cell in cells]
        table.add_row(difference.key, *(Text(cell) for cell in cells))
    return table


def _metric_table(groups: Sequence[Group]) -> Table:
    table = _table("metrics", groups)
    rows = {
        "status": [_join({row.status for row in group.rows}) for group in groups],
        "epochs": [_join({str(row.trained_epochs) for row in group.rows}) for group in groups],
        "parameters": [_join({_parameters(row) for row in group.rows}) for group in groups],
        "time": [
            format_duration(statistics.mean(row.seconds or 0 for row in group.rows))
            for group in groups
        ],
    }
    for metric in METRICS:
        rows[metric] = [_metric(group, metric) for group in groups]
    for name, cells in rows.items():
        table.add_row(name, *(Text(cell) for cell in cells))
    return table


def _join(texts: set[str]) -> str:
    return ", ".join(sorted(texts))


def _parameters(row: RunRow) -> str:
    count = row.record.parameters if row.record else None
    return "-" if count is None else f"{count:,}"


def _metric(group: Group, metric: str) -> str:
    """Return the mean of a metric, and its deviation where there are several seeds."""
    figures = group.figures(metric)
    if not figures:
        return "-"
    mean = statistics.mean(figures)
    is_share = not metric.endswith("loss")
    text = format_percent(mean, decimals=2) if is_share else f"{mean:.4f}"
    if len(figures) > 1:
        deviation = statistics.stdev(figures)
        text += f" ± {100 * deviation:.2f}" if is_share else f" ± {deviation:.4f}"
    return text


def _class_table(groups: Sequence[Group]) -> Table | None:
    """Return the share of each class that is recognised, or None where that is unknown."""
    recalls = [group.recalls() for group in groups]
    known = [each for each in recalls if each is not None]
    if len(known) < len(groups) or len({len(each) for each in known}) > 1:
        return None
    table = _table("test images recognised, by class", groups)
    for label in range(len(known[0])):
        shares = [each[label] for each in known]
        cells = [Text(format_percent(shares[0], decimals=2))]
        for share in shares[1:]:
            points = 100 * (share - shares[0])
            style = "green" if points > 0 else "red" if points < 0 else "dim"
            cell = Text(format_percent(share, decimals=2))
            cells.append(cell.append(f"  {points:+.2f}", style=style))
        table.add_row(str(label), *cells)
    return table
