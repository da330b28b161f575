"""Runs, as a terminal shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from mnistcli.config import format_value
from mnistcli.errors import printable
from mnistcli.numbers import format_duration, format_percent

if TYPE_CHECKING:
    from mnistcli.comparison import Difference, RunRow

STATUS_STYLES = {
    "completed": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "failed": "red",
    "damaged": "bold red",
}
MAXIMUM_CELL = 40  # of a name or a setting; --json has all of it
SPACE = 2  # of a column, beside its cells


@dataclass(frozen=True, eq=False)
class _Column:
    """A column of the table: the lower its rank, then width, the sooner it has room."""

    heading: str
    cells: list[Text]
    rank: int
    is_number: bool = True

    @cached_property
    def width(self) -> int:
        return max(len(self.heading), *(cell.cell_len for cell in self.cells))

    def pad(self, text: Text) -> Text:
        """Return a text in the width of the column."""
        space = Text(" " * (self.width - text.cell_len))
        return space + text if self.is_number else text + space


class _RunsView:
    """A table of runs with as many columns as there is room for."""

    def __init__(self, rows: Sequence[RunRow], differences: Sequence[Difference]) -> None:
        self.columns = _make_columns(rows, differences)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = _choose_columns(self.columns, options.max_width)
        # Rich's own table takes 1 s for a thousand runs; these lines take 0.1 s.
        gap = Text("  ")
        yield gap.join(column.pad(Text(column.heading, style="bold")) for column in columns)
        for row in range(len(columns[0].cells)):
            yield gap.join(column.pad(column.cells[row]) for column in columns)
        hidden = [column.heading for column in self.columns if column not in columns]
        if hidden:
            names = ", ".join(hidden)
            yield Text(f"no room for {names}; --all-columns and --csv have them", style="dim")


def runs_view(rows: Sequence[RunRow], differences: Sequence[Difference]) -> RenderableType:
    """Show runs, a line each, with the settings in which they differ.

    Args:
        rows: at least one.
        differences: of those runs that have settings, in their order.
    """
    return _RunsView(rows, differences)


def values_view(row: RunRow) -> RenderableType:
    """Show all that is known of a run, a line for each key."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", overflow="fold")
    grid.add_column(overflow="fold")
    for key, value in row.values.items():
        if value is not None:
            grid.add_row(key, format_value(value))
    return grid


def _choose_columns(columns: Sequence[_Column], width: int) -> list[_Column]:
    """Return the columns that fit beside each other."""
    fitting: list[_Column] = []
    for column in sorted(columns, key=lambda column: (column.rank, column.width)):
        if not fitting or column.width + SPACE <= width:
            fitting.append(column)
            width -= column.width + SPACE
    return [column for column in columns if column in fitting]


def _make_columns(rows: Sequence[RunRow], differences: Sequence[Difference]) -> list[_Column]:
    # Where all runs are completed, the settings are worth more than that word.
    is_dull = all(row.status == "completed" for row in rows)
    columns = [
        _Column("run", [Text(_shorten(name)) for name in _names(rows)], 0, is_number=False),
        _Column("status", [_status(row) for row in rows], 8 if is_dull else 3, is_number=False),
        _Column("epochs", [_epochs(row) for row in rows], 6 if is_dull else 4),
        _Column("parameters", [_parameters(row) for row in rows], 7),
        _Column("val acc", [_share(row, "val_accuracy") for row in rows], 2),
        _Column("test acc", [_share(row, "test_accuracy") for row in rows], 1),
        _Column("time", [_time(row) for row in rows], 6),
    ]
    # There is a column for the epochs already.
    differences = [difference for difference in differences if difference.key != "epochs"]
    ends = Counter(difference.key.rpartition(".")[2] for difference in differences)
    for difference in differences:
        end = difference.key.rpartition(".")[2]
        heading = end if ends[end] == 1 else difference.key
        settings = iter(zip(difference.texts(), difference.values, strict=True))
        cells = [Text(_setting(*next(settings)) if row.settings else "") for row in rows]
        rank = 9 if difference.is_minor else 5
        columns.append(_Column(heading, cells, rank, False))
    return columns


def _names(rows: Sequence[RunRow]) -> list[str]:
    """Return the names of the runs' folders, or their paths where two have one name."""
    names = [row.run.name for row in rows]
    if len(set(names)) < len(names):
        names = [str(row.run.path) for row in rows]
    return [printable(name) for name in names]


def _setting(text: str, value: object) -> str:
    """Return a setting as a cell shows it: a searched rate has 16 digits."""
    return f"{value:.6g}" if isinstance(value, float) else _shorten(printable(text))


def _shorten(text: str) -> str:
    return text if len(text) <= MAXIMUM_CELL else f"{text[: MAXIMUM_CELL - 1]}…"


def _status(row: RunRow) -> Text:
    return Text(row.status, style=STATUS_STYLES.get(row.status, ""))


def _epochs(row: RunRow) -> Text:
    if row.record is None:
        return Text("")
    if row.record.members:
        return Text("ensemble")
    planned = row.settings.get("epochs")
    if row.status == "completed":
        return Text(str(row.trained_epochs))
    return Text(f"{row.trained_epochs}/{planned}")


def _parameters(row: RunRow) -> Text:
    count = row.record.parameters if row.record else None
    return Text("" if count is None else f"{count:,}")


def _share(row: RunRow, metric: str) -> Text:
    value = row.metrics.get(metric)
    return Text("" if value is None else format_percent(value, decimals=2))


def _time(row: RunRow) -> Text:
    return Text("" if row.seconds is None else format_duration(row.seconds))
