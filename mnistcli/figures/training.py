"""The course of trainings."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnistcli.figures.style import COLOURS, make_figure, simplify_axes


def draw_training(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw loss and accuracy by epoch, solid for training and dashed for validation.

    Args:
        runs: for each run's name, the rows of its metrics.jsonl.
    """
    title = next(iter(runs)) if len(runs) == 1 else f"{len(runs)} runs"
    figure = make_figure(10, curves_height(runs), title)
    draw_curves(figure, runs)
    return figure


def curves_height(runs: Sized) -> float:
    """Return the height of `draw_curves` in inches."""
    return 4.4 + 0.18 * len(runs)


def draw_curves(figure: Any, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draw what `draw_training` does into a figure, or a part of one."""
    panels = figure.subplots(1, 2)
    for i, (name, rows) in enumerate(runs.items()):
        escaped = name.replace("$", r"\$")  # a dollar in a name does not begin a formula
        for kind, prefix, style in (("training", "", "o-"), ("validation", "val_", "x--")):
            for axes, metric in zip(panels, ("loss", "accuracy"), strict=True):
                # The accuracy of the untrained model would hide the progress of the training.
                first_epoch = 0 if metric == "loss" else 1
                points = [
                    (row["epoch"], row[prefix + metric])
                    for row in rows
                    if row["epoch"] >= first_epoch and row.get(prefix + metric) is not None
                ]
                axes.plot(
                    [epoch for epoch, _ in points],
                    [value for _, value in points],
                    style,
                    color=COLOURS[i % len(COLOURS)],
                    alpha=0.8,  # so that both lines are visible where they cross
                    markersize=4 if len(points) < 40 else 0,
                    label=kind if len(runs) == 1 else f"{kind} of {escaped}",
                )
    last_epoch = max((row["epoch"] for rows in runs.values() for row in rows), default=0)
    for first_epoch, axes in enumerate(panels):
        axes.set_xlabel("epoch")
        # The minimum is for a run of one epoch.
        margin = max(0.05 * (last_epoch - first_epoch), 0.3)
        axes.set_xlim(first_epoch - margin, max(first_epoch, last_epoch) + margin)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        simplify_axes(axes)
    panels[0].set_title("loss, from the untrained model on (epoch 0)", fontsize=10)
    panels[1].set_title("accuracy", fontsize=10)
    panels[1].set_ylabel("accuracy")
    losses = [value for line in panels[0].get_lines() for value in line.get_ydata()]
    if min(losses, default=0) > 0:  # some losses can be negative
        panels[0].set_yscale("log")
    panels[0].set_ylabel("loss, logarithmic" if panels[0].get_yscale() == "log" else "loss")
    panels[1].yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
