"""Several networks beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.confusion import MAX_MISTAKES, draw_sheet, sheet_height
from mnistcli.figures.style import HEADING_SIZE, make_figure, styled
from mnistcli.figures.training import RunCurves, curves_height, draw_curves
from mnistcli.numbers import format_percent

NAMES = "first", "second"
WIDTH = 9.0  # inches


@dataclass(frozen=True)
class Disagreements:
    """Images of which exactly one of two networks is right.

    Attributes:
        images: (N, 28, 28) uint8.
        labels: (N,), the true classes.
        probabilities: of each of the two, (N, C).
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]
    probabilities: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]


def find_disagreements(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
) -> Disagreements:
    """Return the images of which one network is right and the other wrong, the surest first.

    Args:
        images: (N, 28, 28).
        labels: (N,).
        first: (N, C), the probabilities of one network.
        second: (N, C), those of the other.
    """
    is_right = [probabilities.argmax(axis=1) == labels for probabilities in (first, second)]
    places = np.flatnonzero(is_right[0] != is_right[1])
    sureness = np.minimum(first[places].max(axis=1), second[places].max(axis=1))
    places = places[np.argsort(-sureness, kind="stable")]
    return Disagreements(images[places], labels[places], (first[places], second[places]))


@styled
def draw_comparison(
    runs: Sequence[RunCurves],
    disagreements: Disagreements | None,
    names: tuple[str, str],
) -> Figure:
    """Draw the curves of runs over each other, and the images on which two networks disagree.

    Args:
        runs: may be empty.
        disagreements: None to leave them out.
        names: of the two networks.
    """
    images = disagreements.images if disagreements else np.zeros((0, 28, 28), np.uint8)
    shown = images[:MAX_MISTAKES]
    heights = [curves_height(runs)] if runs else []
    heights += [sheet_height(shown, WIDTH)] if disagreements else []
    figure = make_figure(WIDTH, sum(heights), f"first {names[0]}, second {names[1]}")
    parts = list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False).flat)
    if runs:
        draw_curves(parts[0], runs)
    if disagreements:
        total = len(disagreements.labels)
        title = f"{total:,} test images that one of the two reads right and the other wrong"
        if len(shown) < total:
            title += f"; the {len(shown)} with the highest confidence are shown"
        parts[-1].suptitle(title, fontsize=HEADING_SIZE)
        draw_sheet(parts[-1], shown, _captions(disagreements, len(shown)))
    return figure


def _captions(disagreements: Disagreements, count: int) -> list[str]:
    """Return for each image what both networks read it as, with a mark at the right answer."""
    captions = []
    for i in range(count):
        words = []
        for name, probabilities in zip(NAMES, disagreements.probabilities, strict=True):
            answer = int(probabilities[i].argmax())
            confidence = format_percent(float(probabilities[i, answer]), decimals=0)
            mark = " ✓" if answer == disagreements.labels[i] else ""
            words.append(f"{name} {answer}, {confidence}{mark}")
        captions.append("\n".join(words))
    return captions
