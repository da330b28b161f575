"""The trials of a sweep: how the best one was found, and what its settings do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import (
    MaxNLocator,
    PercentFormatter,
)
from numpy.typing import NDArray

from mnistcli.figures.scales import log_ticks
from mnistcli.figures.style import (
    COLOURS,
    SMALL_SIZE,
    TEXT_SIZE,
    make_figure,
    set_ticks,
    simplify_axes,
    styled,
)
from mnistcli.numbers import format_percent

GOOD_SHARE = 0.5  # of the values, which the colours tell apart; the worse ones look alike
SLICES_PER_ROW, SLICE_TICKS = 3, 4
# Without the lightest third, which is hardly seen on paper.
LATER_IS_DARKER = ListedColormap(colormaps["Blues"](np.linspace(0.3, 1, 256)))
COLOUR_MAP = "viridis_r"  # dark is good; its lightness differs under every colour blindness


@dataclass(frozen=True)
class SweepPoints:
    """The trials that have a value.

    Attributes:
        goal: the name of the value.
        numbers: of the trials.
        values: of the goal, one for each trial.
        is_complete: whether a trial was not pruned.
        settings: by its name, the value of each trial: a number, or one of `choices`.
        logarithmic: the settings with a logarithmic axis.
        choices: all values of the settings that are no numbers, in order.
        importances: the share of the spread that each setting explains; may be empty.
    """

    goal: str
    higher_is_better: bool
    numbers: Sequence[int]
    values: Sequence[float]
    is_complete: Sequence[bool]
    settings: Mapping[str, Sequence[Any]]
    logarithmic: Sequence[str] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    importances: Mapping[str, float] = field(default_factory=dict)

    def positions(self, name: str) -> NDArray[np.float64]:
        """Return where the trials are on the axis of a setting, (N,): a number, or its place."""
        places = {text: place for place, text in enumerate(self.choices.get(name, ()))}
        return np.array([places.get(each, each) for each in self.settings[name]], np.float64)

    def best_so_far(self) -> NDArray[np.float64]:
        """Return for each trial the best value of completed ones up to it, (N,); NaN before any."""
        best, course = math.nan, []
        for value, is_complete in zip(self.values, self.is_complete, strict=True):
            is_better = value > best if self.higher_is_better else value < best
            if is_complete and (math.isnan(best) or is_better):
                best = value
            course.append(best)
        return np.array(course)

    def goodness(self) -> Normalize:
        """Return the scale of colours: 1 is the best value, and the worse half looks alike."""
        ordered = sorted(self.values, reverse=self.higher_is_better)
        middle = ordered[min(len(ordered) - 1, int(GOOD_SHARE * len(ordered)))]
        return Normalize(min(middle, ordered[0]), max(middle, ordered[0]), clip=True)


def draw_sweep(points: SweepPoints) -> dict[str, Figure]:
    """Draw a sweep; returns its figures by the names of their files."""
    figures = {"history": _draw_history(points), "slices": _draw_slices(points)}
    if points.importances:
        figures["importances"] = _draw_importances(points)
    if len(points.settings) > 1:
        figures["parallel"] = _draw_parallel(points)
    return figures


@styled
def _draw_history(points: SweepPoints) -> Figure:
    """Draw each trial, and the best so far."""
    figure = make_figure(8, 4.5, f"{points.goal} of {len(points.numbers)} trials")
    axes = figure.subplots()
    is_complete = np.array(points.is_complete, bool)
    numbers, values = np.array(points.numbers), np.array(points.values)
    axes.plot(numbers[is_complete], values[is_complete], "o", color=COLOURS[0], label="a trial")
    if not is_complete.all():
        axes.plot(numbers[~is_complete], values[~is_complete], "x", color="#999999", label="pruned")
    axes.step(numbers, points.best_so_far(), where="post", color=COLOURS[1], label="best so far")
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _format_goal(axes, points)
    simplify_axes(axes)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled
def _draw_importances(points: SweepPoints) -> Figure:
    """Draw how much of the spread of the results each setting explains."""
    names = list(points.importances)[::-1]
    figure = make_figure(8, 1.6 + 0.4 * len(names), f"What explains the spread of {points.goal}")
    axes = figure.subplots()
    shares = [points.importances[name] for name in names]
    bars = axes.barh(_escape(names), shares, color=COLOURS[0])
    axes.bar_label(
        bars, [f" {format_percent(share, decimals=0)}" for share in shares], fontsize=TEXT_SIZE
    )
    axes.set_xlim(0, max(1.12 * max(shares), 0.1))
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol="%"))
    axes.set_xlabel("share of the variance (fANOVA)")
    simplify_axes(axes)
    return figure


@styled
def _draw_slices(points: SweepPoints) -> Figure:
    """Draw the value over each setting; later trials are darker."""
    names = list(points.settings)
    columns = min(len(names), SLICES_PER_ROW)
    rows = -(-len(names) // columns)
    figure = make_figure(max(3.4 * columns, 5), 3.2 * rows + 0.6, f"{points.goal} by setting")
    panels = np.ravel(figure.subplots(rows, columns, squeeze=False, sharey=True))
    dots = None
    for axes, name in zip(panels, names, strict=False):
        dots = axes.scatter(
            points.positions(name),
            points.values,
            c=points.numbers,
            cmap=LATER_IS_DARKER,
            edgecolors="#666666",
            linewidths=0.5,
        )
        _format_setting(axes, points, name)
        simplify_axes(axes)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        _format_goal(axes, points)
    if dots is not None:
        figure.colorbar(dots, ax=list(panels), label="trial", shrink=0.8)
    return figure


@styled
def _draw_parallel(points: SweepPoints) -> Figure:
    """Draw a line for each trial through its settings; the best ones are dark."""
    names = list(points.settings)
    width = max(8.0, 1.9 * (len(names) + 1))
    figure = make_figure(width, 5, f"Settings of {len(points.numbers)} trials")
    axes = figure.subplots()
    heights = np.stack([_scale(points, name) for name in names], axis=1)  # (N, settings)
    scale = points.goodness()
    colours = ScalarMappable(scale, COLOUR_MAP if points.higher_is_better else "viridis")
    order = np.argsort(points.values)
    for place in order if points.higher_is_better else order[::-1]:  # the best on top
        colour = colours.to_rgba(points.values[place])
        axes.plot(heights[place], color=colour, linewidth=1.4, alpha=0.85)
    axes.set_xticks(range(len(names)), _escape(names), rotation=15)
    axes.set_yticks([])
    axes.set_xlim(-0.2, len(names) - 0.8)
    axes.spines[:].set_visible(False)
    for position, name in enumerate(names):
        axes.axvline(position, color="#BBBBBB", linewidth=0.8, zorder=0)
        for text, height in _marks(points, name):
            axes.annotate(
                text, (position, height), (4, 0), textcoords="offset points", fontsize=SMALL_SIZE
            )
    bar = figure.colorbar(colours, ax=axes, label=points.goal, shrink=0.8)
    _format_goal(bar.ax, points)
    return figure


def _scale(points: SweepPoints, name: str) -> NDArray[np.float64]:
    """Return the positions of the trials on the axis of a setting, (N,), in [0, 1]."""
    positions = points.positions(name)
    if name in points.logarithmic:
        positions = np.log(positions)
    low, high = _bounds(points, name, positions)
    scaled: NDArray[np.float64] = (positions - low) / max(high - low, 1e-12)
    return scaled


def _bounds(points: SweepPoints, name: str, positions: NDArray[np.float64]) -> tuple[float, float]:
    if name in points.choices:
        return 0, len(points.choices[name]) - 1
    return float(positions.min()), float(positions.max())


def _marks(points: SweepPoints, name: str) -> list[tuple[str, float]]:
    """Return the texts on the axis of a setting, with their heights in [0, 1]."""
    if name in points.choices:
        texts = _escape(points.choices[name])
        return [(text, place / max(len(texts) - 1, 1)) for place, text in enumerate(texts)]
    values = [float(value) for value in points.settings[name]]
    return [(f"{min(values):.3g}", 0.0), (f"{max(values):.3g}", 1.0)]


def _format_setting(axes: Axes, points: SweepPoints, name: str) -> None:
    axes.set_xlabel(_escape([name])[0])
    if name in points.logarithmic:
        axes.set_xscale("log")
        positions = points.positions(name)
        ticks = log_ticks(float(positions.min()) / 1.5, float(positions.max()) * 1.5, SLICE_TICKS)
        set_ticks(axes.xaxis, ticks, lambda value: f"{value:g}")
    if name in points.choices:
        texts = _escape(points.choices[name])
        rotation = 20 if max(map(len, texts)) > 6 else 0
        axes.set_xticks(range(len(texts)), texts, rotation=rotation, fontsize=SMALL_SIZE)
        axes.set_xlim(-0.5, len(texts) - 0.5)


def _format_goal(axes: Axes, points: SweepPoints) -> None:
    axes.set_ylabel(points.goal)
    if points.goal.endswith("accuracy"):
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol="%"))


def _escape(texts: Sequence[str]) -> list[str]:
    return [text.replace("$", r"\$") for text in texts]  # a dollar does not begin a formula
