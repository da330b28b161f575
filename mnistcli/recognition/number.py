"""A row of digits in one picture, read as a number.

Digits that touch are cut at every column where they might be, and of all ways to join the
pieces again the one is taken whose pieces the network and the training images vouch for most
(LeCun et al. 1998, section V, heuristic over-segmentation, with a best path instead of a
graph transformer).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.images import (
    find_cuts,
    find_row,
    frame_mask,
    measure_ink,
    remove_margins,
    without_slivers,
)
from mnistcli.recognition.predictions import Prediction, Recognizer

# One digit's width as a share of its height: what is slim is no two digits, and two are what is
# wider than the widest.
SLIM, WIDEST, NARROWEST = 0.5, 1.15, 0.1

CLEAR_MARGIN = 0.4  # nats
PIECE_COST = 0.3  # nats: of two ways that are as good, the one with fewer cuts


@dataclass(frozen=True)
class NumberReading:
    """A row of digits.

    Attributes:
        digits: left to right, each with its place in the picture as its name.
        boxes: left, top, right and bottom of each in pixels of the picture as it was read.
        separated: for each digit, whether it stands apart from its neighbours, or is cut from
            them where there is no doubt.
    """

    digits: list[Prediction]
    boxes: list[tuple[int, int, int, int]]
    separated: list[bool]

    @property
    def number(self) -> str:
        """The digits as text."""
        return "".join(str(prediction.digit) for prediction in self.digits)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return {
            "number": self.number,
            "digits": [
                prediction.to_json() | {"box": list(box), "separated": separated}
                for prediction, box, separated in zip(
                    self.digits, self.boxes, self.separated, strict=True
                )
            ],
        }


def read_number(picture: NDArray[np.uint8], recognizer: Recognizer) -> NumberReading:
    """Read a row of digits, left to right.

    Args:
        picture: (H, W, 3) uint8, RGB.

    Raises:
        ImageError: the picture is blank.
    """
    ink = measure_ink(remove_margins(picture))
    masks, separated = [], []
    for mask in find_row(ink):
        left, top, right, bottom = _box(mask)
        pieces, is_clear = [mask], True
        if right - left > SLIM * (bottom - top):
            pieces, is_clear = _cut(ink, mask, recognizer)
        masks += pieces
        separated += [is_clear] * len(pieces)
    names = [f"digit {i + 1}" for i in range(len(masks))]
    digits = recognizer.predict(names, np.stack([frame_mask(ink, mask) for mask in masks]))
    return NumberReading(digits, [_box(mask) for mask in masks], separated)


def _cut(
    ink: NDArray[np.float32], mask: NDArray[np.bool_], recognizer: Recognizer
) -> tuple[list[NDArray[np.bool_]], bool]:
    """Return the best way to cut digits that may touch.

    Returns:
        The pieces, and whether no other number of them is nearly as good.
    """
    cuts = find_cuts(mask)
    places = [float(cut.mean()) for cut in cuts]
    _, top, _, bottom = _box(mask)
    widest, narrowest = WIDEST * (bottom - top), NARROWEST * (bottom - top)
    spans = [
        (i, j)
        for i in range(len(cuts))
        for j in range(i + 1, len(cuts))
        if narrowest <= places[j] - places[i] <= widest or j - i == len(cuts) - 1
    ]
    pieces = [_between(mask, cuts[i], cuts[j]) for i, j in spans]
    spans = [span for span, piece in zip(spans, pieces, strict=True) if piece.any()]
    pieces = [piece for piece in pieces if piece.any()]
    costs = _costs(ink, pieces, recognizer)
    # The cheapest path from the first cut to each other one, for each number of pieces.
    best: dict[tuple[int, int], tuple[float, list[int]]] = {(0, 0): (0.0, [])}
    for end in range(1, len(cuts)):
        for index, ((i, j), cost) in enumerate(zip(spans, costs, strict=True)):
            if j != end:
                continue
            for count in range(len(cuts)):
                if (i, count) in best:
                    way = best[i, count][0] + cost, [*best[i, count][1], index]
                    best[j, count + 1] = min(way, best.get((j, count + 1), way))
    ways = sorted(way for (end, _), way in best.items() if end == len(cuts) - 1)
    is_clear = len(ways) == 1 or ways[1][0] - ways[0][0] > CLEAR_MARGIN
    return [pieces[index] for index in ways[0][1]], is_clear


def _costs(
    ink: NDArray[np.float32], pieces: list[NDArray[np.bool_]], recognizer: Recognizer
) -> list[float]:
    """Return how little each piece looks like one digit: in nats, and at least 0."""
    images = np.stack([frame_mask(ink, piece) for piece in pieces])
    predictions = recognizer.predict([""] * len(pieces), images)
    costs = []
    for piece, prediction in zip(pieces, predictions, strict=True):
        left, top, right, bottom = _box(piece)
        too_wide = max(0.0, (right - left) / (bottom - top) - WIDEST)
        doubt = -np.log(max(prediction.confidence, 1e-9))
        costs.append(
            float(doubt + 8 * max(0.0, prediction.strangeness - 0.7) + 5 * too_wide + PIECE_COST)
        )
    return costs


def _between(
    mask: NDArray[np.bool_], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return what is between two cuts, without slivers of its neighbours."""
    columns = np.arange(mask.shape[1])
    between = (columns >= left[:, np.newaxis]) & (columns < right[:, np.newaxis])
    return without_slivers(mask & between)


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
