"""The confusions and the mistakes of a network."""

import math
from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from mnistcli.figures.style import (
    SMALL_SIZE,
    TEXT_SIZE,
    make_figure,
    show_image,
    styled,
    theme,
    tile_images,
    write_inside,
)
from mnistcli.numbers import format_count, format_percent

MAX_MISTAKES = 24
COLUMNS = 6
MAX_INCHES = 30
SHEET_WIDTH = 7.0  # inches
MAX_NUMBERED_CLASSES = 50  # with more classes, the numbers in the cells would overlap
STRONG_LEVEL = 0.8  # of a cell's colour, beyond which ink is hard to read on it
CAPTION_ROWS = 9  # pixels above an image of 28, for two lines
GAP = 6


@styled
def draw_confusion(matrix: NDArray[np.integer[Any]], name: str) -> Figure:
    """Draw a confusion matrix; the mistakes have a colour scale of their own.

    Args:
        matrix: (C, C) counts, true classes as rows and predicted classes as columns.
        name: in the title.
    """
    classes, total = len(matrix), int(matrix.sum())
    right = int(np.trace(matrix))
    accuracy = format_percent(right / max(total, 1), decimals=2)
    mistakes = format_count(total - right, "mistake")
    title = f"{name}\n{accuracy} right, {mistakes} in {total:,}"
    width, height = max(5.6, 0.46 * classes + 1.8), max(4.6, 0.39 * classes + 1.3)
    figure = make_figure(min(width, MAX_INCHES), min(height, MAX_INCHES), title)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    is_right = np.eye(classes, dtype=bool)
    largest = float(shares[~is_right].max(initial=0)) or 0.01
    # One mistake and eight differ: the scale ends at the most frequent confusion.
    scale = PowerNorm(0.6, 0, largest)
    heat_map = ScalarMappable(scale, theme().error_colours())
    cells = heat_map.to_rgba(shares, bytes=True)  # (C, C, 4)
    cells[is_right] = np.rint(255 * np.array(to_rgba(theme().correct)))
    axes.imshow(cells, aspect="auto", interpolation="nearest")
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if classes <= MAX_NUMBERED_CLASSES:
        _write_counts(axes, matrix, scale(np.where(is_right, 0, shares)))
    bar = figure.colorbar(
        heat_map, ax=axes, shrink=0.8, label="mistakes, as a share of the true class"
    )
    bar.ax.yaxis.set_major_locator(MaxNLocator(6))
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, symbol="%"))
    bar.outline.set_visible(False)
    return figure


def _write_counts(axes: Any, matrix: NDArray[np.integer[Any]], levels: NDArray[Any]) -> None:
    """Write the count into each cell, and the share that is right to the right of each row.

    Args:
        axes: of the matrix.
        matrix: (C, C).
        levels: (C, C) in [0, 1], the strength of the colour of each cell.
    """
    places = np.arange(len(matrix))
    axes.set(xticks=places, yticks=places)
    for row, column in np.argwhere(matrix):
        # The strongest colour is as far from the ink as the background is.
        ink = theme().background if levels[row, column] > STRONG_LEVEL else theme().ink
        text = f"{matrix[row, column]:,}"
        weight = "bold" if row == column else "normal"
        style = {"ha": "center", "va": "center", "size": SMALL_SIZE}
        write_inside(axes, column, row, text, color=ink, weight=weight, **style)
    counts = matrix.sum(axis=1)
    recalls = [
        format_percent(matrix[i, i] / counts[i], decimals=1) if counts[i] else "-" for i in places
    ]
    side = axes.secondary_yaxis("right")
    side.set_yticks(places, recalls)
    side.tick_params(length=0)
    side.spines[:].set_visible(False)
    side.set_ylabel("right")


@styled
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
    surest, total = find_mistakes(labels, probabilities)
    count = format_count(total, "mistake")
    if total > len(surest):
        count += f"; the {len(surest)} with the highest confidence are shown"
    title = f"{name}\n{count if total else 'no mistakes'}"
    figure = make_figure(SHEET_WIDTH, sheet_height(surest), title)
    predicted = probabilities.argmax(axis=1)
    captions = [
        f"{labels[i]} taken for {predicted[i]}\n"
        f"{format_percent(float(probabilities[i, predicted[i]]), decimals=1)}"
        for i in surest
    ]
    draw_sheet(figure, images[surest], captions)
    return figure


def find_mistakes(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.int64], int]:
    """Return the places of the wrong answers with the highest confidence, and how many are wrong.

    Args:
        labels: (N,).
        probabilities: (N, C).
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    confidences = probabilities[mistakes, predicted[mistakes]]
    return mistakes[np.argsort(-confidences, kind="stable")][:MAX_MISTAKES], len(mistakes)


def sheet_height(images: Sized, width: float = SHEET_WIDTH) -> float:
    """Return the height of `draw_sheet` in inches, with room for a title."""
    row_height = width * (28 + CAPTION_ROWS + GAP) / (COLUMNS * (28 + GAP))
    return row_height * _count_rows(images) + 0.6


def draw_sheet(figure: Any, images: NDArray[np.uint8], captions: Sequence[str]) -> None:
    """Draw images (N, 28, 28), six in a row, with two lines above each."""
    axes = figure.subplots()
    room = np.full((len(images), 28 + CAPTION_ROWS, 28), np.nan)
    room[:, CAPTION_ROWS:] = images
    sheet = tile_images(room, COLUMNS, GAP)
    for place, caption in enumerate(captions):
        row, column = divmod(place, COLUMNS)
        top = (28 + CAPTION_ROWS + GAP) * row + GAP // 2 + CAPTION_ROWS - 2
        left = (28 + GAP) * column + GAP // 2 + 13.5
        write_inside(axes, left, top, caption, ha="center", va="bottom", size=TEXT_SIZE)
    show_image(axes, sheet)


def _count_rows(images: Sized) -> int:
    return max(1, math.ceil(len(images) / COLUMNS))
