"""The course of trainings."""

import math
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from mnistcli.figures.style import (
    MARKERS,
    format_share,
    log_ticks,
    make_figure,
    set_ticks,
    simplify_axes,
    styled,
    theme,
)

MIN_LOG_RATIO = 4  # of the largest to the smallest value; below, a linear axis tells as much
MAX_MARKED_EPOCHS = 40
MAX_LABEL = 52  # letters, beyond which two labels do not stand beside each other
Points = list[tuple[int, float]]


@dataclass(frozen=True)
class RunCurves:
    """What is drawn of a run.

    Attributes:
        label: its name, or what it has other than the other runs.
        rows: of its metrics.jsonl.
        best_epoch: the epoch whose weights were kept; None if that is not known.
        is_finished: whether its training has ended as planned.
    """

    label: str
    rows: Sequence[Mapping[str, Any]]
    best_epoch: int | None = None
    is_finished: bool = True

    def points(self, column: str) -> Points:
        """Return the epochs and values of a column, where it has one."""
        values = [(row["epoch"], row.get(column)) for row in self.rows]
        return [(epoch, value) for epoch, value in values if value is not None]


@styled
def draw_training(runs: Sequence[RunCurves]) -> Figure:
    """Draw loss and accuracy by epoch, solid for training and dashed for validation."""
    title = runs[0].label if len(runs) == 1 else f"{len(runs)} runs"
    figure = make_figure(9, curves_height(runs), title)
    draw_curves(figure, runs)
    return figure


def curves_height(runs: Sized) -> float:
    """Return the height of `draw_curves` in inches."""
    return 3.9 + 0.2 * len(runs) if len(runs) > 1 else 3.9


def draw_curves(figure: Any, runs: Sequence[RunCurves]) -> None:
    """Draw what `draw_training` does into a figure, or a part of one."""
    panels = figure.subplots(1, 2)
    for axes, metric in zip(panels, ("loss", "accuracy"), strict=True):
        for place, run in enumerate(runs):
            _draw_run(axes, run, metric, None if len(runs) == 1 else place)
        last_epoch = max((row["epoch"] for run in runs for row in run.rows), default=0)
        margin = max(0.04 * last_epoch, 0.15)
        axes.set_xlim(-margin, last_epoch + margin)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch (0: before training)")
        simplify_axes(axes)
    _scale_losses(panels[0], _values(runs, "loss"))
    _scale_accuracies(panels[1], _values(runs, "accuracy"))
    handles = _single_legend(runs[0]) if len(runs) == 1 else _legend(runs)
    is_long = any(len(handle.get_label()) > MAX_LABEL for handle in handles)
    columns = len(handles) if len(runs) == 1 else (1 if is_long else 2)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _values(runs: Sequence[RunCurves], metric: str) -> list[float]:
    columns = (metric, f"val_{metric}")
    return [value for run in runs for column in columns for _, value in run.points(column)]


def _style(place: int | None) -> tuple[str, str, str]:
    """Return the colours of training and validation, and the marker of a run."""
    colours = theme().colours
    if place is None:  # the only one
        return colours[0], colours[1], MARKERS[0]
    colour = colours[place % len(colours)]
    return colour, colour, MARKERS[place % len(MARKERS)]


def _draw_run(axes: Axes, run: RunCurves, metric: str, place: int | None) -> None:
    training_colour, colour, marker = _style(place)
    training, validation = run.points(metric), run.points(f"val_{metric}")
    main = validation or training  # a run may hold out no images
    size = 4 if len(run.rows) <= MAX_MARKED_EPOCHS else 0
    if training:
        alpha = 1 if place is None else 0.55
        markers = {"marker": marker, "markersize": size} if place is None or not validation else {}
        axes.plot(*_split(training), "-", color=training_colour, alpha=alpha, lw=1.4, **markers)
    if validation:
        axes.plot(*_split(validation), f"--{marker}", color=colour, lw=1.6, markersize=size)
    if place is None and run.best_epoch is not None:
        axes.axvline(run.best_epoch, color=theme().muted, linewidth=1, linestyle=":")
    best = [point for point in main if point[0] == run.best_epoch]
    axes.plot(*_split(best), **_ring(colour))
    if not run.is_finished:
        axes.plot(*_split(main[-1:]), **_cut(colour))


def _split(points: Points) -> tuple[list[int], list[float]]:
    return [epoch for epoch, _ in points], [value for _, value in points]


def _ring(colour: str) -> dict[str, Any]:
    """Return the mark of the best epoch."""
    plain = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 1.6}
    return {"marker": "o", "markersize": 10, "markeredgecolor": colour, **plain}


def _cut(colour: str) -> dict[str, Any]:
    """Return the mark of the end of a run that is not finished."""
    return {"marker": "x", "markersize": 9, "markeredgewidth": 2, "color": colour, "ls": "none"}


def _single_legend(run: RunCurves) -> list[Line2D]:
    training_colour, colour, marker = _style(None)
    size = {"markersize": 4}
    handles = []
    if run.points("loss"):
        handles.append(Line2D([], [], color=training_colour, marker=marker, **size))
        handles[-1].set_label("training")
    if run.points("val_loss"):
        handles.append(Line2D([], [], color=colour, ls="--", marker=marker, **size))
        handles[-1].set_label("validation")
    if run.best_epoch is not None:
        label = f"epoch {run.best_epoch}: the best, kept"
        handles.append(Line2D([], [], label=label, **_ring(colour)))
    if not run.is_finished:
        handles.append(Line2D([], [], label="not finished", **_cut(colour)))
    return handles


def _legend(runs: Sequence[RunCurves]) -> list[Line2D]:
    """Return a line for each run, and those that say what the kinds of lines are."""
    handles = []
    for place, run in enumerate(runs):
        _, colour, marker = _style(place)
        label = run.label if run.is_finished else f"{run.label} (not finished)"
        label = label.replace("$", r"\$")  # a dollar does not begin a formula
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, label=label))
    muted = theme().muted
    handles.append(Line2D([], [], color=muted, label="solid: training"))
    handles.append(Line2D([], [], color=muted, linestyle="--", label="dashed: validation"))
    if any(run.best_epoch is not None for run in runs):
        handles.append(Line2D([], [], label="best epoch", **_ring(muted)))
    if not all(run.is_finished for run in runs):
        handles.append(Line2D([], [], label="not finished", **_cut(muted)))
    return handles


def _scale_losses(axes: Axes, values: Sequence[float]) -> None:
    """Choose a logarithmic axis where the losses allow it and differ much."""
    low, high = min(values, default=0), max(values, default=0)
    if 0 < low * MIN_LOG_RATIO < high:
        axes.set_yscale("log")
        set_ticks(axes.yaxis, log_ticks(low / 1.2, high * 1.2), lambda value: f"{value:g}")
        axes.set_title("loss, on a logarithmic scale")
    else:
        axes.set_title("loss")


def _scale_accuracies(axes: Axes, values: Sequence[float]) -> None:
    """Choose an axis on which 10 % and 99.5 % have room: logarithmic in the share of errors."""
    errors = [1 - value for value in values]
    positive = [error for error in errors if error > 0]
    smallest, largest = min(positive, default=0), max(positive, default=0)
    if not positive or min(errors) < 0 or largest < smallest * MIN_LOG_RATIO:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axes.set_title("accuracy")
        return
    if min(errors) == 0:
        smallest /= 2  # an accuracy of exactly 1 has its place above all others

    def place(accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
        heights: NDArray[np.float64] = -np.log10(np.maximum(1 - accuracy, smallest))
        return heights

    def accuracy(height: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 - 10.0**-height

    axes.set_yscale("function", functions=(place, accuracy))
    margin = 10 ** (0.05 * math.log10(largest / smallest))
    smallest /= margin  # the curves do not touch the frame
    axes.set_ylim(1 - largest * margin, 1 - smallest)
    ticks = [1 - tick for tick in log_ticks(smallest, largest * margin)]
    set_ticks(axes.yaxis, ticks, format_share)
    axes.set_title("accuracy, on a logarithmic scale of the errors")
