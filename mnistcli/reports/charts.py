"""Charts as numbers: the templates draw them as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mnistcli.scores import CalibrationBin

# Units of the view box. A chart is shown 340 to 560 pixels wide, so that 14 units are legible.
WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 458, 14, 256
MAX_EPOCHS = 240  # of thousands of epochs, so many are shown: a line needs no more points
MAX_DOTTED_EPOCHS = 60
MAX_TICKS, MIN_LOGARITHMIC_TICKS = 7, 3
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
        percent: whether values are accuracies. Those are drawn from epoch 1 on, on the logarithmic
            scale of what is missing to 1; others from epoch 0 on, on a logarithmic scale. Either
            scale is even where the values do not allow it or are close together.
        best_epoch: the epoch to mark.
    """
    first_epoch = 1 if percent else 0
    tables = [
        {row["epoch"]: row[each.column] for row in each.rows if _has_value(row, each.column)}
        for each in series
    ]
    if not any(epoch >= first_epoch for table in tables for epoch in table):
        return None
    all_epochs = sorted({row["epoch"] for each in series for row in each.rows} - {first_epoch - 1})
    epochs, every = _choose_epochs(all_epochs, best_epoch)
    shown = [table[epoch] for table in tables for epoch in epochs if epoch in table]
    scale = _Scale.fit(shown, percent)
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
        texts = ["-" if value is None else _format(value, percent) for value in values]
        points = _join(x_places, places)
        has_dots = len(epochs) <= MAX_DOTTED_EPOCHS
        colour = each.colour % COLOURS
        lines.append(
            Line(each.name, colour, each.dashed, points, dots if has_dots else [], texts, places)
        )
    is_shown = best_epoch in epochs
    last = ", ".join(f"{line.name} {line.texts[-1]}" for line in lines[:4])
    axis = "accuracy" if percent else "loss"
    if scale.logarithmic:
        axis += ", on a logarithmic scale of the errors" if percent else ", on a logarithmic scale"
    return Chart(
        title=title,
        axis=axis,
        alt=f"{title} by epoch, {epochs[0]} to {epochs[-1]}. At the last epoch: {last}.",
        epochs=epochs,
        x_places=x_places,
        x_ticks=[Tick(place_x(value), f"{value:,.0f}") for value in _whole_ticks(low, high)],
        y_ticks=[
            Tick(scale.place(value), _format_tick(value, percent, scale)) for value in scale.ticks
        ],
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
    every = math.ceil(len(epochs) / MAX_EPOCHS)
    kept = {*epochs[::every], epochs[-1], *([best] if best in epochs else [])}
    return sorted(epoch for epoch in kept if epoch is not None), every


def _join(x_places: Sequence[float], places: Sequence[float | None]) -> list[str]:
    parts: list[list[str]] = [[]]
    for x, y in zip(x_places, places, strict=True):
        if y is None:
            parts.append([])
        else:
            parts[-1].append(f"{x:g},{y:g}")
    return [" ".join(part) for part in parts if len(part) > 1]


@dataclass(frozen=True)
class _Scale:
    """The vertical axis.

    Attributes:
        low: the value at the bottom; with `of_errors` what is missing to 1 at the top.
        high: the value at the top, or what is missing at the bottom.
        ticks: values.
    """

    low: float
    high: float
    ticks: list[float]
    logarithmic: bool = False
    of_errors: bool = False

    @classmethod
    def fit(cls, values: Sequence[float], percent: bool) -> "_Scale":
        """Choose the scale for some values."""
        low, high = min(values), max(values)
        if percent and high <= 1 and low < 1:
            errors = [1 - value for value in values]
            smallest = min(error for error in errors if error > 0)
            # An accuracy of exactly 1 has its place above all others.
            bottom = smallest if high < 1 else smallest / 2
            ticks = _logarithmic_ticks(bottom, max(errors))
            if len(ticks) >= MIN_LOGARITHMIC_TICKS:
                ticks = [1 - tick for tick in ticks]
                return cls(bottom / 1.1, max(errors) * 1.1, ticks, True, True)
        elif not percent and low > 0:
            ticks = _logarithmic_ticks(low, high)
            if len(ticks) >= MIN_LOGARITHMIC_TICKS:
                return cls(low / 1.08, high * 1.08, ticks, True)
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 0.5
        low, high = low - margin, high + margin
        step = _nice_step((high - low) / 5)
        first = math.ceil(low / step)
        count = math.floor(high / step) - first + 1
        return cls(low, high, [(first + i) * step for i in range(count)])

    def place(self, value: float) -> float:
        """Return the height of a value in the view box."""
        low, high = self.low, self.high
        if self.of_errors:
            value = max(1 - value, low * 1.1)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = (value - low) / (high - low)
        return round(BOTTOM - (1 - share if self.of_errors else share) * (BOTTOM - TOP), 1)


def _logarithmic_ticks(low: float, high: float) -> list[float]:
    """Return at most `MAX_TICKS` powers of ten, or 1, 2 and 5 times those."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low / 1.05 <= tick <= high * 1.05]
        if len(ticks) <= MAX_TICKS:
            return ticks
    return ticks[:: math.ceil(len(ticks) / MAX_TICKS)]


def _nice_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten that is at least `step`."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return power * next(factor for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _whole_ticks(low: int, high: int) -> list[int]:
    step = max(1, round(_nice_step((high - low) / 6)))
    return list(range(math.ceil(low / step) * step, high + 1, step))


def _format(value: float, percent: bool) -> str:
    return f"{100 * value:.2f} %" if percent else f"{value:.4g}"


def _format_tick(value: float, percent: bool, scale: _Scale) -> str:
    if percent and scale.of_errors:
        return f"{100 * value:.6g} %"
    if scale.logarithmic:
        return f"{value:.4g}"
    step = scale.ticks[1] - scale.ticks[0] if len(scale.ticks) > 1 else 0.01
    factor, unit = (100, " %") if percent else (1, "")
    decimals = max(0, -math.floor(math.log10(factor * step) + 1e-9))
    text = f"{factor * value:.{decimals}f}" if decimals < 9 else f"{factor * value:.4g}"
    return text.replace("-0", "0") + unit if float(text) == 0 else text + unit


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
