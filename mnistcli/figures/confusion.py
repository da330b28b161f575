"""The confusions and the mistakes of a network."""

import math
from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import make_figure, show_image

MAX_MISTAKES = 24
COLUMNS = 6
MAX_INCHES = 30
MAX_NUMBERED_CLASSES = 50  # with more classes, the numbers in the cells would overlap
CELL_WIDTH, CELL_HEIGHT = 36, 42  # pixels, for an image with its frame and two lines above it


def draw_confusion(matrix: NDArray[np.integer[Any]], name: str) -> Figure:
    """Draw a confusion matrix, coloured by the share of the true class.

    Args:
        matrix: (C, C) counts, true classes as rows and predicted classes as columns.
        name: in the title.
    """
    classes = len(matrix)
    accuracy = int(np.trace(matrix)) / max(int(matrix.sum()), 1)
    title = f"{name}\n{accuracy:.2%} of {int(matrix.sum()):,} right"
    width, height = max(6.4, 0.62 * classes + 1.6), max(5.8, 0.55 * classes + 1.6)
    figure = make_figure(min(width, MAX_INCHES), min(height, MAX_INCHES), title)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    # The square root makes an error in a hundred images visible beside the diagonal.
    heat_map = axes.imshow(np.sqrt(shares), cmap="cividis", vmin=0, vmax=1)
    axes.set(xlabel="predicted class", ylabel="true class")
    has_numbers = classes <= MAX_NUMBERED_CLASSES
    if has_numbers:
        axes.set(xticks=np.arange(classes), yticks=np.arange(classes))
    for row, column in np.argwhere(matrix) if has_numbers else ():
        colour = "black" if shares[row, column] > 0.35 else "white"
        weight = "bold" if row == column else "normal"
        text = f"{matrix[row, column]:,}"
        axes.text(
            column, row, text, ha="center", va="center", color=colour, fontsize=8, weight=weight
        )
    bar = figure.colorbar(heat_map, shrink=0.8, label="share of the true class")
    ticks = np.array([0, 0.001, 0.01, 0.05, 0.2, 0.5, 1])
    bar.set_ticks(np.sqrt(ticks), labels=[f"{tick:.1%}" for tick in ticks])
    return figure


def draw_mistakes(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    name: str,
) -> Figure:
    """Draw the wrong answers with the highest confidence, in falling order.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,), the true classes.
        probabilities: (N, C).
        name: in the title.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    confidences = probabilities[mistakes, predicted[mistakes]]
    surest = mistakes[np.argsort(-confidences, kind="stable")][:MAX_MISTAKES]
    count = f"all {len(mistakes)}" if len(mistakes) else "no"
    if len(mistakes) > len(surest):
        count = f"the surest {len(surest)} of {len(mistakes):,}"
    title = f"{name}\n{count} mistakes"
    figure = make_figure(9, sheet_height(surest), title)
    captions = [
        f"{labels[i]}, taken for {predicted[i]}\n{probabilities[i, predicted[i]]:.1%} sure"
        for i in surest
    ]
    draw_sheet(figure, images[surest], captions)
    return figure


def sheet_height(images: Sized) -> float:
    """Return the height of `draw_sheet` in inches."""
    return 1.75 * _count_rows(images) + 0.8


def draw_sheet(figure: Any, images: NDArray[np.uint8], captions: Sequence[str]) -> None:
    """Draw images (N, 28, 28), six in a row, with two lines above each."""
    rows = _count_rows(images)
    # One sheet of all images: axes for each of them would take three times as long.
    sheet = np.zeros((CELL_HEIGHT * rows, CELL_WIDTH * COLUMNS))
    axes = figure.subplots()
    axes.set_axis_off()
    for position, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(position, COLUMNS)
        top, left = CELL_HEIGHT * (row + 1) - 30, CELL_WIDTH * column + (CELL_WIDTH - 30) // 2
        sheet[top : top + 30, left : left + 30] = np.pad(image, 1, constant_values=60)
        axes.text(left + 14.5, top - 1.5, caption, ha="center", va="bottom", fontsize=9)
    show_image(axes, sheet)


def _count_rows(images: Sized) -> int:
    return max(1, math.ceil(len(images) / COLUMNS))
