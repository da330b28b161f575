"""What a network takes for what."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import new_figure, show_image

MISTAKES = 24
COLUMNS = 6
MOST_INCHES = 30
MOST_NUMBERED = 50  # classes: beyond, numbers in the cells would overlap
CELL_WIDTH, CELL_HEIGHT = 36, 42  # in pixels: an image in its frame, and two lines above it


def draw_confusion(matrix: NDArray[np.integer[Any]], name: str) -> Figure:
    """Draw how often each class is taken for each other, coloured by the share of the true class.

    Args:
        matrix: (C, C) counts, true classes as rows and predicted ones as columns.
    """
    classes = len(matrix)
    right, images = int(np.trace(matrix)), int(matrix.sum())
    title = f"{name}\n{right / max(images, 1):.2%} of {images:,} right"
    width, height = max(6.4, 0.62 * classes + 1.6), max(5.8, 0.55 * classes + 1.6)
    figure = new_figure(min(width, MOST_INCHES), min(height, MOST_INCHES), title)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    # Errors are few: a root makes one in a hundred visible beside the diagonal.
    drawn = axes.imshow(np.sqrt(shares), cmap="cividis", vmin=0, vmax=1)
    axes.set(xlabel="predicted class", ylabel="true class")
    numbered = classes <= MOST_NUMBERED
    if numbered:
        axes.set(xticks=np.arange(classes), yticks=np.arange(classes))
    for row, column in np.argwhere(matrix) if numbered else ():
        colour = "black" if shares[row, column] > 0.35 else "white"
        weight = "bold" if row == column else "normal"
        text = f"{matrix[row, column]:,}"
        axes.text(
            column, row, text, ha="center", va="center", color=colour, fontsize=8, weight=weight
        )
    bar = figure.colorbar(drawn, shrink=0.8, label="share of the true class")
    marks = np.array([0, 0.001, 0.01, 0.05, 0.2, 0.5, 1])
    bar.set_ticks(np.sqrt(marks), labels=[f"{mark:.1%}" for mark in marks])
    return figure


def draw_mistakes(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    name: str,
) -> Figure:
    """Draw the wrong answers that the network was surest of, surest first.

    Args:
        images: (N, 28, 28).
        labels: (N,), the true classes.
        probabilities: (N, C).
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MISTAKES]
    rows = max(1, -(-len(surest) // COLUMNS))
    shown = (
        f"the surest {len(surest)} of {len(wrong):,}"
        if len(wrong) > len(surest)
        else f"all {len(wrong)}"
    )
    title = f"{name}\n{shown} mistakes" if len(wrong) else f"{name}\nno mistakes"
    figure = new_figure(9, 1.75 * rows + 0.8, title)
    # One picture of all: as many axes as images take three times as long.
    sheet = np.zeros((CELL_HEIGHT * rows, CELL_WIDTH * COLUMNS))
    axes = figure.subplots()
    axes.set_axis_off()
    for place, i in enumerate(surest):
        row, column = divmod(place, COLUMNS)
        top, left = CELL_HEIGHT * (row + 1) - 30, CELL_WIDTH * column + (CELL_WIDTH - 30) // 2
        sheet[top : top + 30, left : left + 30] = np.pad(images[i], 1, constant_values=60)
        told = f"{labels[i]}, taken for {predicted[i]}\n{probabilities[i, predicted[i]]:.1%} sure"
        axes.text(left + 14.5, top - 1.5, told, ha="center", va="bottom", fontsize=9)
    show_image(axes, sheet)
    return figure
