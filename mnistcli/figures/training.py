"""How runs were trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnistcli.figures.style import COLOURS, new_figure, plain_axes


def draw_training(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw loss and accuracy over the epochs, solid for training and dashed for validation.

    Args:
        runs: the rows of metrics.jsonl of each run, by its name.
    """
    title = next(iter(runs)) if len(runs) == 1 else f"{len(runs)} runs"
    figure = new_figure(10, 4.4 + 0.18 * len(runs), title)
    axes = figure.subplots(1, 2)
    for i, (name, rows) in enumerate(runs.items()):
        escaped = name.replace("$", r"\$")  # a name holds no formula
        for kind, prefix, style in (("training", "", "o-"), ("validation", "val_", "x--")):
            for place, metric in zip(axes, ("loss", "accuracy"), strict=True):
                # Beside an untrained model's accuracy, what training gains cannot be seen.
                drawn = rows if metric == "loss" else [row for row in rows if row["epoch"] > 0]
                known = [row for row in drawn if row.get(prefix + metric) is not None]
                place.plot(
                    [row["epoch"] for row in known],
                    [row[prefix + metric] for row in known],
                    style,
                    color=COLOURS[i % len(COLOURS)],
                    alpha=0.8,  # where lines cross, both can be seen
                    markersize=4 if len(known) < 40 else 0,
                    label=kind if len(runs) == 1 else f"{kind} of {escaped}",
                )
    last = max((row["epoch"] for rows in runs.values() for row in rows), default=0)
    for first, place in enumerate(axes):
        place.set_xlabel("epoch")
        # A run of one epoch has room beside its points, too.
        margin = max(0.05 * (last - first), 0.3)
        place.set_xlim(first - margin, max(first, last) + margin)
        place.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        plain_axes(place)
    axes[0].set_title("loss, from the untrained model on (epoch 0)", fontsize=10)
    axes[1].set_title("accuracy", fontsize=10)
    axes[1].set_ylabel("accuracy")
    losses = [value for line in axes[0].get_lines() for value in line.get_ydata()]
    if min(losses, default=0) > 0:  # those of some losses are negative
        axes[0].set_yscale("log")
    axes[0].set_ylabel("loss, logarithmic" if axes[0].get_yscale() == "log" else "loss")
    axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure
