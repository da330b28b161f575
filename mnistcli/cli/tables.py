"""Tables that are never cut."""

from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from mnistcli.errors import printable

LEAST_FOLDED = 12  # a column that folds its cells is no narrower, so that they can be read
UNLIMITED = 10_000


class FittingTable(Table):
    """A table without its last columns where these have no room, and a line that names them.

    A column with `overflow="fold"` becomes narrower first; any other is as wide as its contents.
    """

    def __init__(self, heading: str | None = None) -> None:
        super().__init__(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        self.heading = heading  # Rich's own title would be cut to the width of the columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the heading, the table and, if columns are left out, their names."""
        columns = self.columns
        while len(self.columns) > 1 and self._least_width(console, options) > options.max_width:
            self.columns = self.columns[:-1]
        if self.heading:
            yield Text(printable(self.heading), style="bold")
        yield from super().__rich_console__(console, options)
        hidden, self.columns = columns[len(self.columns) :], columns
        if hidden:
            names = ", ".join(str(column.header) for column in hidden)
            yield Text(f"no room for {names}; --json has all columns", style="dim")

    def _least_width(self, console: Console, options: ConsoleOptions) -> int:
        unlimited = options.update(width=UNLIMITED)

        def measure(renderable: Any) -> int:
            return Measurement.get(console, unlimited, renderable).maximum

        def foldable(column: Column) -> int:
            width = max(map(measure, (column.header, *column.cells)))
            return max(0, width - LEAST_FOLDED) if column.overflow == "fold" else 0

        return measure(self) - sum(map(foldable, self.columns))
