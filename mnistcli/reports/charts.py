"""Charts as numbers: the templates draw them as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mnistcli.reports.axes import LEFT, RIGHT, Scale, whole_ticks
from mnistcli.scores import CalibrationBin

MAX_EPOCHS = 240  # of thousands of epochs, so many are shown: a line needs no more points
MAX_DOTTED_EPOCHS = 60
COLOURS = 8  # that the style sheet has for lines

Row = Mapping[str, Any]


class Tick(NamedTuple):
    """A mark on an axis."""

    place: float
    text: str


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        colour: the number of its colour.
        dashed: whether it is of validation images, beside one of training images.
        points: the `points` of a polyline for each part without a gap.
        dots: where its single values are.
        texts: its values at `Chart.epochs`, to be read.
        places: their heights; None for those that are missing.
    """

    name: str
    colour: int
    dashed: bool
    points: list[str]
    dots: list[tuple[float, float]]
    texts: list[str]
    places: list[float | None]


@dataclass(frozen=True)
class Chart:
    """Values by epoch.

    Attributes:
        best: where the best epoch is.
        alt: what a reader who cannot see it hears.
        every: every so many epochs are shown; 1 if all.
    """

    title: str
    axis: str
    alt: str
    epochs: list[int]
    x_places: list[float]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    best: float | None
    best_epoch: int | None
    every: int

    @property
    def data(self) -> dict[str, Any]:
        """What the script needs to show values."""
        return {
            "epochs": self.epochs,
            "x": self.x_places,
            "best": self.best_epoch,
            "lines": [
                {"name": each.name, "y": each.places, "text": each.texts} for each in self.lines
            ],
        }


class Series(NamedTuple):
    """The rows of a run, and which of their columns a line shows."""

    name: str
    rows: Sequence[Row]
    column: str
    colour: int
    dashed: bool


def draw_chart(
    title: str, series: Sequence[Series], percent: bool, best_epoch: int | None = None
) -> Chart | None:
    """Lay out values by epoch; None where there are none.

    Args:
        title: what is shown.
        series: its lines; those without a value are left out.
        percent: whether values are accuracies, which are drawn from epoch 1 on: that of the
            untrained model would hide the progress.
        best_epoch: the epoch to mark.
    """
    first_epoch = 1 if percent else 0
    tables = [
        {row["epoch"]: row[each.column] for row in each.rows if _has_value(row, each.column)}
        for each in series
    ]
    all_epochs = sorted({row["epoch"] for each in series for row in each.rows} - {first_epoch - 1})
    epochs, every = _choose_epochs(all_epochs, best_epoch)
    shown = [table[epoch] for table in tables for epoch in epochs if epoch in table]
    if not shown:
        return None
    scale = Scale.fit(shown, percent)
    low, high = epochs[0], max(epochs[-1], epochs[0] + 1)

    def place_x(epoch: float) -> float:
        return round(LEFT + (epoch - low) / (high - low) * (RIGHT - LEFT), 1)

    x_places = [place_x(epoch) for epoch in epochs]
    lines = []
    for each, table in zip(series, tables, strict=True):
        values = [table.get(epoch) for epoch in epochs]
        if all(value is None for value in values):
            continue
        places = [None if value is None else scale.place(value) for value in values]
        dots = [(x, y) for x, y in zip(x_places, places, strict=True) if y is not None]
        texts = ["-" if value is None else scale.format(value) for value in values]
        points = _join(x_places, places)
        has_dots = len(epochs) <= MAX_DOTTED_EPOCHS
        colour = each.colour % COLOURS
        lines.append(
            Line(each.name, colour, each.dashed, points, dots if has_dots else [], texts, places)
        )
    is_shown = best_epoch in epochs
    last = ", ".join(f"{line.name} {line.texts[-1]}" for line in lines[:4])
    return Chart(
        title=title,
        axis=str(scale),
        alt=f"{title} by epoch, {epochs[0]} to {epochs[-1]}. At the last epoch: {last}.",
        epochs=epochs,
        x_places=x_places,
        x_ticks=[Tick(place_x(value), f"{value:,.0f}") for value in whole_ticks(low, high)],
        y_ticks=[Tick(scale.place(value), scale.format_tick(value)) for value in scale.ticks],
        lines=lines,
        best=place_x(best_epoch) if is_shown and best_epoch is not None else None,
        best_epoch=best_epoch if is_shown else None,
        every=every,
    )


def _has_value(row: Row, column: str) -> bool:
    value = row.get(column)
    return value is not None and math.isfinite(value) and abs(value) < 1e30


def _choose_epochs(epochs: list[int], best: int | None) -> tuple[list[int], int]:
    """Return at most about `MAX_EPOCHS` of the epochs: the first, last and best among them."""
    every = max(1, math.ceil(len(epochs) / MAX_EPOCHS))
    kept = {*epochs[::every], *epochs[-1:]} | ({best} & {*epochs})
    return sorted(epoch for epoch in kept if epoch is not None), every


def _join(x_places: Sequence[float], places: Sequence[float | None]) -> list[str]:
    parts: list[list[str]] = [[]]
    for x, y in zip(x_places, places, strict=True):
        if y is None:
            parts.append([])
        else:
            parts[-1].append(f"{x:g},{y:g}")
    return [" ".join(part) for part in parts if len(part) > 1]


class Bar(NamedTuple):
    """A bin of the reliability diagram: the rectangle of its accuracy, and that of its gap."""

    x: float
    width: float
    top: float
    height: float
    gap_top: float
    gap_height: float
    bin: CalibrationBin


PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_BOTTOM = 58, 300, 14, 256


def draw_reliability(bins: Sequence[CalibrationBin]) -> list[Bar]:
    """Lay out the bins that hold an image, in a square."""
    side = PLOT_BOTTOM - PLOT_TOP
    bars = []
    for each in bins:
        if not each.images:
            continue
        x = PLOT_LEFT + each.low * side
        top = PLOT_BOTTOM - each.accuracy * side
        middle = PLOT_BOTTOM - each.confidence * side
        bars.append(
            Bar(
                round(x + 1, 1),
                round((each.high - each.low) * side - 2, 1),
                round(top, 1),
                round(PLOT_BOTTOM - top, 1),
                round(min(top, middle), 1),
                round(abs(top - middle), 1),
                each,
            )
        )
    return bars
