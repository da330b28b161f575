"""The images of a data set."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from mnistcli.figures.style import (
    HEADING_SIZE,
    SMALL_SIZE,
    make_figure,
    make_grid,
    show_image,
    simplify_axes,
    styled,
    theme,
    tile_images,
)

SAMPLES_PER_CLASS = 8
IMAGES_PER_ROW, IMAGE_WIDTH = 8, 1.6  # inches
CAPTION_LETTERS = 24  # that fit above an image
MAX_NUMBERED_CLASSES = 13  # with more classes, the numbers above the bars would overlap


@styled
def draw_samples(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    augmented: NDArray[np.floating[Any]] | None = None,
    name: str = "data",
) -> Figure:
    """Draw training images of each class, and how many there are.

    Args:
        images: (N, 28, 28) uint8, 0 for the background.
        labels: (N,).
        augmented: (C * 8, 28, 28), the samples of `choose_samples` after augmentation.
        name: of the data set.
    """
    num_classes = int(labels.max()) + 1
    sample_classes = np.unique(labels)
    width = 10.5 if augmented is not None else 8
    columns = 5 if num_classes <= 10 else 10
    rows = math.ceil(num_classes / columns)
    heights = [0.56 * len(sample_classes) + 0.3, max(2.6, 1.1 * rows + 0.5)]
    figure = make_figure(width, sum(heights) + 0.4, f"{name}: {len(labels):,} training images")
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).flat
    blocks = upper.subfigures(1, 1 if augmented is None else 2, squeeze=False)[0]
    title = "samples, a class in each row"
    if np.bincount(labels)[sample_classes].min() < SAMPLES_PER_CLASS:
        title += ", repeated where there are fewer"
    _draw_samples(blocks[0], images[choose_samples(labels)], sample_classes, title)
    if augmented is not None:
        title = "what training sees in their place (augmented)"
        _draw_samples(blocks[1], augmented, sample_classes, title)
    lower_left, lower_right = lower.subfigures(1, 2)
    _draw_counts(lower_left.subplots(), np.bincount(labels, minlength=num_classes))
    lower_right.suptitle("the mean image of each class", fontsize=HEADING_SIZE)
    panels = make_grid(lower_right, rows, columns)
    for axes in panels[num_classes:]:
        axes.set_axis_off()
    for label, axes in enumerate(panels[:num_classes]):
        class_images = images[labels == label]
        mean = class_images.mean(axis=0) if len(class_images) else np.zeros((28, 28))
        show_image(axes, mean, str(label))
    return figure


@styled
def draw_images(images: Sequence[NDArray[np.uint8]], captions: Sequence[str]) -> Figure:
    """Draw images (28, 28), each with a caption above it; nine are three rows of three."""
    columns = min(math.ceil(math.sqrt(len(images))), IMAGES_PER_ROW)
    rows = math.ceil(len(images) / columns)
    figure = make_figure(IMAGE_WIDTH * columns, (IMAGE_WIDTH + 0.25) * rows)
    panels = make_grid(figure, rows, columns)
    for axes in panels[len(images) :]:
        axes.set_axis_off()
    for axes, image, caption in zip(panels, images, captions, strict=False):
        show_image(axes, image, textwrap.fill(caption, CAPTION_LETTERS))
    return figure


def choose_samples(labels: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the indices of the first 8 images of each class, class by class, (C * 8,).

    A class with fewer images repeats them; a class without images is left out.
    """
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([np.resize(row, SAMPLES_PER_CLASS) for row in rows])


def _draw_counts(axes: Any, counts: NDArray[np.integer[Any]]) -> None:
    num_classes = len(counts)
    bars = axes.bar(np.arange(num_classes), counts, color=theme().colours[0])
    axes.set(xlabel="class", ylabel="images")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if num_classes <= MAX_NUMBERED_CLASSES:
        axes.bar_label(
            bars, labels=[f"{count:,}" for count in counts], fontsize=SMALL_SIZE, padding=1
        )
        axes.set(xticks=np.arange(num_classes), yticks=[], ylabel="")
        axes.spines["left"].set_visible(False)
    axes.set_title("images of each class")
    axes.margins(x=0.01, y=0.12)
    simplify_axes(axes)
    axes.grid(visible=False)


def _draw_samples(
    figure: Any, images: NDArray[Any], classes: NDArray[np.integer[Any]], title: str
) -> None:
    axes = figure.subplots()
    show_image(axes, tile_images(images, SAMPLES_PER_CLASS, gap=2))
    axes.set_title(title)
    axes.set_yticks(30 * np.arange(len(classes)) + 15, labels=classes)
    axes.tick_params(length=0)
    axes.set_ylabel("class")
