"""Charts of lines and bars in a terminal, drawn with Braille characters and blocks.

Libraries for this bring an axis, colours and escape codes of their own; these charts follow Rich's
console: its width, its colours, and what its encoding can show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mnistcli.errors import printable

if TYPE_CHECKING:
    from mnistcli.figures import Scale

HEIGHT = 14  # rows of a chart
MIN_WIDTH, MAX_WIDTH = 30, 76  # columns
# The dots of a Braille character, (4 rows, 2 columns), as bits of its place after U+2800.
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
STYLES = ("blue", "yellow", "green", "magenta", "cyan", "red")
BAR_WIDTH = 40
# Eighths of a block, from one to seven.
BAR_ENDS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: written at its end; short.
        points: epochs and values.
    """

    name: str
    points: Sequence[tuple[int, float]]
    style: str


@dataclass(frozen=True)
class LineChart:
    """Values by epoch, with the name of each line at its end, so that no colour is needed."""

    title: str
    lines: Sequence[Line]
    scale: Scale

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(MIN_WIDTH, min(options.max_width, MAX_WIDTH))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.title, style="bold")
        if options.ascii_only:
            yield Text("(a chart needs a terminal with UTF-8)", style="dim")
            return
        ticks = self._tick_rows()
        margin = max(map(len, ticks.values()), default=0)
        names = self._name_rows()
        names_width = max((len(line.name) for line in self.lines), default=0)
        columns = min(options.max_width, MAX_WIDTH) - margin - names_width - 3
        cells, owners = self._draw(max(columns, 4))
        for row in range(HEIGHT):
            text = Text(f"{ticks.get(row, ''):>{margin}} {'┤' if row in ticks else '│'}")
            for cell, owner in zip(cells[row].tolist(), owners[row].tolist(), strict=True):
                text.append(chr(0x2800 + cell), self.lines[owner].style if owner >= 0 else None)
            if row in names:
                text.append(f" {names[row].name}", names[row].style)
            yield text
        first, last = self._epochs()
        axis = f"{first}{f'epoch {last}':>{max(columns, 4) - len(str(first))}}"
        yield Text(f"{'':>{margin}} └{'─' * max(columns, 4)}")
        yield Text(f"{'':>{margin}}  {axis}")

    def _epochs(self) -> tuple[int, int]:
        epochs = [epoch for line in self.lines for epoch, _ in line.points] or [0]
        return min(epochs), max(epochs)

    def _height(self, value: float) -> float:
        """Return the height of a value, 0 at the bottom and 1 at the top."""
        low, high = (float(self.scale.place(limit)) for limit in self.scale.limits)
        return (float(self.scale.place(value)) - low) / (high - low)

    def _row(self, value: float) -> int:
        return round((1 - self._height(value)) * (4 * HEIGHT - 1)) // 4

    def _tick_rows(self) -> dict[int, str]:
        """Return the texts of the vertical axis, by row."""
        rows: dict[int, str] = {}
        for tick in self.scale.ticks:
            rows.setdefault(self._row(tick), self.scale.format(tick))
        return {row: text for row, text in rows.items() if 0 <= row < HEIGHT}

    def _name_rows(self) -> dict[int, Line]:
        """Return the lines whose names are to be written, by row: near their ends."""
        lines = [line for line in self.lines if line.points][:HEIGHT]
        lines.sort(key=lambda line: -self._height(line.points[-1][1]))
        rows: dict[int, Line] = {}
        row = -1
        for place, line in enumerate(lines):
            # At its end, below the name before, with room for those after it.
            end = min(self._row(line.points[-1][1]), HEIGHT - len(lines) + place)
            row = max(row + 1, end)
            rows[row] = line
        return rows

    def _draw(self, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the dots of each cell, (HEIGHT, columns), and the line that drew them, or -1."""
        cells = np.zeros((HEIGHT, columns), np.int64)
        owners = np.full((HEIGHT, columns), -1)
        first, last = self._epochs()
        for place, line in enumerate(self.lines):
            if not line.points:
                continue
            epochs, values = np.array(line.points, np.float64).T
            xs = (epochs - first) / max(last - first, 1) * (2 * columns - 1)
            ys = (1 - np.array([self._height(value) for value in values])) * (4 * HEIGHT - 1)
            # As many points as make a line without gaps, however steep it is.
            steps = np.linspace(0, len(xs) - 1, max(len(xs) - 1, 1) * 4 * HEIGHT + 1)
            x = np.rint(np.interp(steps, np.arange(len(xs)), xs)).astype(int)
            y = np.rint(np.interp(steps, np.arange(len(ys)), ys)).astype(int)
            np.bitwise_or.at(cells, (y // 4, x // 2), DOTS[y % 4, x % 2])
            owners[y // 4, x // 2] = place
        return cells, owners


def bar_chart(names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> Table:
    """Return a bar for each value that is at least 0, with a name before and a text behind it."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    largest = max(values, default=0) or 1.0
    for name, value, text in zip(names, values, texts, strict=True):
        eighths = round(max(value, 0) / largest * 8 * BAR_WIDTH)
        bar: RenderableType = Text("█" * (eighths // 8) + BAR_ENDS[eighths % 8].strip(), "blue")
        table.add_row(Text(printable(name)), bar, Text(text))
    return table
