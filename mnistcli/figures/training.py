"""The course of trainings."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mnistcli.figures.scales import Scale, accuracy_scale, loss_scale
from mnistcli.figures.style import (
    MARKERS,
    make_figure,
    set_ticks,
    simplify_axes,
    styled,
    theme,
)

MAX_MARKED_EPOCHS = 40
LARGEST_VALUE = 1e30  # of a training that diverged; an axis could not show the others
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
        return [
            (epoch, value)
            for epoch, value in values
            if value is not None and abs(value) < LARGEST_VALUE
        ]


@styled
def draw_training(runs: Sequence[RunCurves]) -> Figure:
    """Draw loss and accuracy by epoch, solid for training and dashed for validation."""
    title = runs[0].label if len(runs) == 1 else f"{len(runs)} runs"
    figure = make_figure(9, curves_height(runs), title)
    draw_curves(figure, runs)
    return figure


def curves_height(runs: Sized) -> float:
    """Return the height of `draw_curves` in inches."""
    return 3.9 if len(runs) == 1 else 3.9 + 0.2 * (len(runs) + 3)  # a line of the legend each


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
    _set_scale(panels[0], "loss", loss_scale(_values(runs, "loss")))
    _set_scale(panels[1], "accuracy", accuracy_scale(_values(runs, "accuracy")))
    handles = _single_legend(runs[0]) if len(runs) == 1 else _legend(runs)
    is_long = any(len(str(handle.get_label())) > MAX_LABEL for handle in handles)
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
        shown = size if place is None or not validation else 0
        style: dict[str, Any] = {"marker": marker, "markersize": shown, "linewidth": 1.4}
        axes.plot(*_split(training), color=training_colour, alpha=alpha, **style)
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
    size: dict[str, Any] = {"markersize": 4}
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


def _set_scale(axes: Axes, metric: str, scale: Scale) -> None:
    """Give the vertical axis of a panel its scale, and the panel its title."""
    axes.set_yscale("function", functions=(scale.place, scale.value))
    axes.set_ylim(*scale.limits)
    set_ticks(axes.yaxis, scale.ticks, scale.format)
    axes.set_title(f"{metric}{scale.name}")
