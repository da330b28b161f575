"""What a data set holds."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, grid, new_figure, plain_axes, show_image

SHOWN_PER_CLASS = 8
MOST_COUNTED = 13  # classes: beyond, the numbers over the bars would overlap


def draw_samples(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    augmented: NDArray[np.floating[Any]] | None = None,
    name: str = "data",
) -> Figure:
    """Draw samples of each class, as they are and augmented, class counts and mean images.

    Args:
        images: (N, 28, 28), 0 the background.
        labels: (N,).
        augmented: (C * 8, 28, 28), what training makes of the samples of `choose_samples`.
        name: of the data set.
    """
    classes = int(labels.max()) + 1
    shown = np.unique(labels)
    width = 12.5 if augmented is not None else 8.5
    columns = 5 if classes <= 10 else 10
    heights = [0.62 * len(shown), max(3, 1.2 * -(-classes // columns) + 0.6)]
    figure = new_figure(width, sum(heights) + 0.4, f"{name}: {len(labels):,} training images")
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).flat
    blocks = upper.subfigures(1, 1 if augmented is None else 2, squeeze=False)[0]
    chosen = images[choose_samples(labels)]
    few = np.bincount(labels)[shown].min() < SHOWN_PER_CLASS
    told = "samples, a class in each row" + (", repeated where there are fewer" if few else "")
    _draw_block(blocks[0], chosen, shown, told)
    if augmented is not None:
        told = "the same samples as training sees them (augmented)"
        _draw_block(blocks[1], augmented, shown, told)
    counts, means = lower.subfigures(1, 2)
    axes = counts.subplots()
    numbers = np.bincount(labels, minlength=classes)
    bars = axes.bar(np.arange(classes), numbers, color=COLOURS[0])
    axes.set(xlabel="class", ylabel="images")
    if classes <= MOST_COUNTED:
        axes.bar_label(bars, labels=[f"{number:,}" for number in numbers], fontsize=7, padding=1)
        axes.set_xticks(np.arange(classes))
    axes.set_title("images of each class", fontsize=10)
    axes.margins(y=0.12)
    plain_axes(axes)
    means.suptitle("the mean image of each class", fontsize=10)
    places = list(grid(means, -(-classes // columns), columns))
    for place in places[classes:]:
        place.set_axis_off()
    for label, place in enumerate(places[:classes]):
        own = images[labels == label]
        show_image(place, own.mean(axis=0) if len(own) else np.zeros((28, 28)), str(label))
    return figure


def choose_samples(labels: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the places of the first images of each class there is, row after row; (C * 8,)."""
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([np.resize(row, SHOWN_PER_CLASS) for row in rows])


def _draw_block(
    figure: Any, images: NDArray[Any], classes: NDArray[np.integer[Any]], title: str
) -> None:
    rows = images.reshape(-1, SHOWN_PER_CLASS, 28, 28)
    # One picture, with white lines between: eighty axes take ten times as long.
    framed = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=60)
    sheet = framed.transpose(0, 2, 1, 3).reshape(30 * len(rows), -1)
    axes = figure.subplots()
    show_image(axes, sheet)
    axes.set_title(title, fontsize=10)
    axes.set_yticks(30 * np.arange(len(rows)) + 15, labels=classes)
    axes.tick_params(length=0)
    axes.set_ylabel("class")
