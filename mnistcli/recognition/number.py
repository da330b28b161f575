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
    MNIST_FRAMING,
    Digit,
    Framing,
    find_cuts,
    find_row,
    frame_mask,
    measure_ink,
    remove_margins,
    remove_slivers,
)
from mnistcli.recognition.predictions import Prediction, Recognizer

# One digit's width as a share of its height: what is slim is no two digits, and two are what is
# wider than the widest.
SLIM, WIDEST, NARROWEST = 0.5, 1.15, 0.1

CLEAR_MARGIN = 0.4  # nats
PIECE_COST = 0.3  # nats: of two ways that are as good, the one with fewer cuts
# No number is longer, and cutting a fence into digits would take minutes.
MAX_DIGITS = 64


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


def read_number(
    picture: NDArray[np.uint8], recognizer: Recognizer, framing: Framing = MNIST_FRAMING
) -> NumberReading:
    """Read a row of digits, left to right.

    Args:
        picture: (H, W, 3) uint8, RGB.
        framing: of the images that the recognizer was trained on; of the kind "mnist".

    Raises:
        ImageError: the picture is blank, or more than a row of digits.
    """
    ink = measure_ink(remove_margins(picture))
    masks, separated = [], []
    for mask in find_row(ink, MAX_DIGITS):
        left, top, right, bottom = _box(mask)
        pieces, is_clear = [mask], True
        if right - left > SLIM * (bottom - top):
            pieces, is_clear = _cut(ink, mask, recognizer, framing)
        masks += pieces
        separated += [is_clear] * len(pieces)
    digits = [
        Digit(f"digit {i + 1}", frame_mask(ink, mask, framing)) for i, mask in enumerate(masks)
    ]
    return NumberReading(recognizer.predict(digits), [_box(mask) for mask in masks], separated)


def _cut(
    ink: NDArray[np.float32], mask: NDArray[np.bool_], recognizer: Recognizer, framing: Framing
) -> tuple[list[NDArray[np.bool_]], bool]:
    """Return the best way to cut digits that may touch.

    Returns:
        The pieces, and whether no other number of them is nearly as good.
    """
    cuts = find_cuts(mask, MAX_DIGITS)
    places = [float(cut.mean()) for cut in cuts]
    _, top, _, bottom = _box(mask)
    widest, narrowest = WIDEST * (bottom - top), NARROWEST * (bottom - top)
    spans = [
        (i, j)
        for i in range(len(cuts))
        for j in range(i + 1, len(cuts))
        if narrowest <= places[j] - places[i] <= widest or j - i == len(cuts) - 1
    ]
    # Only their images are kept: the pieces are as large as the picture, and may be hundreds.
    costs = _costs(ink, mask, cuts, spans, recognizer, framing)
    # The cheapest path from the first cut to each other one, for each number of pieces.
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {(0, 0): (0.0, [])}
    for end in range(1, len(cuts)):
        for (i, j), cost in costs.items():
            if j != end:
                continue
            for count in range(len(cuts)):
                if (i, count) in best:
                    way = best[i, count][0] + cost, [*best[i, count][1], (i, j)]
                    best[j, count + 1] = min(way, best.get((j, count + 1), way))
    ways = sorted(way for (end, _), way in best.items() if end == len(cuts) - 1)
    is_clear = len(ways) == 1 or ways[1][0] - ways[0][0] > CLEAR_MARGIN
    return [_between(mask, cuts[i], cuts[j]) for i, j in ways[0][1]], is_clear


def _costs(
    ink: NDArray[np.float32],
    mask: NDArray[np.bool_],
    cuts: list[NDArray[np.int64]],
    spans: list[tuple[int, int]],
    recognizer: Recognizer,
    framing: Framing,
) -> dict[tuple[int, int], float]:
    """Return how little what lies between two cuts looks like one digit: in nats, at least 0.

    Spans without ink are left out.
    """
    digits: dict[tuple[int, int], Digit] = {}
    too_wide = []
    for i, j in spans:
        columns = slice(max(0, int(cuts[i].min()) - 2), int(cuts[j].max()) + 2)
        start = columns.start
        piece = _between(mask[:, columns], cuts[i] - start, cuts[j] - start)
        if piece.any():
            digits[i, j] = Digit("", frame_mask(ink[:, columns], piece, framing))
            left, top, right, bottom = _box(piece)
            too_wide.append(max(0.0, (right - left) / (bottom - top) - WIDEST))
    predictions = recognizer.predict(list(digits.values()))
    costs = {}
    for span, prediction, excess in zip(digits, predictions, too_wide, strict=True):
        doubt = -np.log(max(prediction.confidence, 1e-9))
        strange = 8 * max(0.0, prediction.strangeness - 0.7)
        costs[span] = float(doubt + strange + 5 * excess + PIECE_COST)
    return costs


def _between(
    mask: NDArray[np.bool_], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return what is between two cuts, without slivers of its neighbours."""
    columns = np.arange(mask.shape[1])
    between = (columns >= left[:, np.newaxis]) & (columns < right[:, np.newaxis])
    return remove_slivers(mask & between)


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
