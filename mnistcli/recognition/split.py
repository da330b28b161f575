"""Digits that touch, split into single ones.

They are cut wherever they might be separate, and the pieces between two cuts are rated by the
network and by their distance to the training images. The cheapest way to split them wins (LeCun
et al. 1998, section V, heuristic over-segmentation, with a shortest path in place of a graph
transformer).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images import Digit, Framing, find_cuts, frame_mask, remove_slivers
from mnistcli.recognition.predictions import Prediction, Recognizer

Ink = NDArray[np.float32]
Mask = NDArray[np.bool_]
Cut = NDArray[np.int64]  # (H,), the first column to its right in each row
Span = tuple[int, int]  # the indices of two cuts; a piece lies between them
Path = tuple[float, list[Span]]  # a cost in nats, and the pieces from left to right

MAX_DIGITS = 64  # no number is longer, and cutting a picture of a fence would take minutes

# Widths of a digit as shares of its height.
MAX_SINGLE_WIDTH = 0.5  # a slimmer mask cannot be two digits
MIN_WIDTH, MAX_WIDTH = 0.1, 1.15  # of one digit
MIN_HEIGHT = 0.55  # of one digit, as a share of those that it touches

# Costs in nats.
CLEAR_MARGIN = 0.4  # a path that is so much cheaper than the next one is beyond doubt
PIECE_COST = 0.3  # of two equally good paths, the one with fewer cuts wins
# A connected mask as slim as one digit mostly is one.
PIECE_COST_IN_ONE = 0.8
STRANGENESS_COST = 2.4  # of a piece that is as strange as hardly any digit
EXCESS_WIDTH_COST = 5.0  # for each height above MAX_WIDTH
LACK_OF_HEIGHT_COST = 20.0  # for each height of the row below MIN_HEIGHT


@dataclass(frozen=True)
class Split:
    """A way to split digits that may touch.

    Attributes:
        cost: how little its pieces look like single digits, in nats.
        pieces: the cuts on the left and on the right of each piece, as `find_cuts` returns them.
    """

    cost: float
    pieces: list[tuple[Cut, Cut]]


def split_digits(
    ink: Ink, mask: Mask, recognizer: Recognizer, framing: Framing
) -> tuple[list[Mask], bool]:
    """Return the best way to cut digits that may touch.

    Args:
        ink: (H, W) in [0, 1].
        mask: (H, W), the mask of the digits.
        recognizer: the network.
        framing: of the network's training images.

    Returns:
        The masks (H, W) of the pieces, left to right, and whether no other number of pieces is
        nearly as good.

    Raises:
        ImageError: there are too many places to cut.
    """
    left, top, right, bottom = bounding_box(mask)
    if right - left <= MAX_SINGLE_WIDTH * (bottom - top):
        return [mask], True
    splits = rate_splits(ink, mask, recognizer, framing)
    is_clear = len(splits) == 1 or splits[1].cost - splits[0].cost > CLEAR_MARGIN
    return [_between(mask, left, right) for left, right in splits[0].pieces], is_clear


def rate_splits(ink: Ink, mask: Mask, recognizer: Recognizer, framing: Framing) -> list[Split]:
    """Return the best split into each possible number of pieces, the cheapest first.

    Args:
        ink: (H, W) in [0, 1].
        mask: (H, W), the mask of the digits.
        recognizer: the network.
        framing: of the network's training images.

    Raises:
        ImageError: there are too many places to cut.
    """
    cuts = find_cuts(mask, MAX_DIGITS)
    positions = [float(cut.mean()) for cut in cuts]
    _, top, _, bottom = bounding_box(mask)
    piece_cost = cost_of_pieces(mask)
    min_width, max_width = MIN_WIDTH * (bottom - top), MAX_WIDTH * (bottom - top)
    spans = [
        (i, j)
        for i in range(len(cuts))
        for j in range(i + 1, len(cuts))
        if min_width <= positions[j] - positions[i] <= max_width or j - i == len(cuts) - 1
    ]
    costs = _costs(ink, mask, cuts, spans, recognizer, framing)
    costs = {span: cost + piece_cost for span, cost in costs.items()}
    paths = _cheapest_paths(costs, len(cuts))
    return [Split(cost, [(cuts[i], cuts[j]) for i, j in path]) for cost, path in paths]


def _cheapest_paths(costs: dict[Span, float], num_cuts: int) -> list[Path]:
    """Return the cheapest path from the first cut to the last for each number of pieces.

    The cheapest of all comes first.
    """
    # By the last cut and the number of pieces.
    cheapest: dict[tuple[int, int], Path] = {(0, 0): (0.0, [])}
    for end in range(1, num_cuts):
        for (i, j), cost in costs.items():
            if j != end:
                continue
            for count in range(num_cuts):
                if (i, count) in cheapest:
                    path = cheapest[i, count][0] + cost, [*cheapest[i, count][1], (i, j)]
                    cheapest[j, count + 1] = min(path, cheapest.get((j, count + 1), path))
    return sorted(path for (end, _), path in cheapest.items() if end == num_cuts - 1)


def _costs(
    ink: Ink,
    mask: Mask,
    cuts: list[Cut],
    spans: list[Span],
    recognizer: Recognizer,
    framing: Framing,
) -> dict[Span, float]:
    """Return how little each piece looks like one digit, in nats, at least 0.

    Spans without ink are left out.
    """
    # Only images are kept: there may be hundreds of pieces, each as large as the picture.
    digits: dict[Span, Digit] = {}
    misfits = []
    _, row_top, _, row_bottom = bounding_box(mask)
    for i, j in spans:
        columns = slice(max(0, int(cuts[i].min()) - 2), int(cuts[j].max()) + 2)
        start = columns.start
        piece = _between(mask[:, columns], cuts[i] - start, cuts[j] - start)
        if piece.any():
            digits[i, j] = Digit("", frame_mask(ink[:, columns], piece, framing))
            left, top, right, bottom = bounding_box(piece)
            excess_width = max(0.0, (right - left) / (bottom - top) - MAX_WIDTH)
            lack_of_height = max(0.0, MIN_HEIGHT - (bottom - top) / (row_bottom - row_top))
            misfits.append(EXCESS_WIDTH_COST * excess_width + LACK_OF_HEIGHT_COST * lack_of_height)
    predictions = recognizer.predict(list(digits.values()))
    return {
        span: rate_digit(prediction) + misfit
        for span, prediction, misfit in zip(digits, predictions, misfits, strict=True)
    }


def cost_of_pieces(mask: Mask) -> float:
    """Return what each piece of a mask costs in nats, however much it looks like a digit."""
    left, top, right, bottom = bounding_box(mask)
    is_slim = right - left < MAX_WIDTH * (bottom - top)
    is_connected = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] == 2
    return PIECE_COST_IN_ONE if is_slim and is_connected else PIECE_COST


def rate_digit(prediction: Prediction) -> float:
    """Return how little an image looks like one digit, in nats, at least 0."""
    surprise = -np.log(max(prediction.confidence, 1e-9))
    return float(surprise + STRANGENESS_COST * prediction.strangeness)


def _between(mask: Mask, left: Cut, right: Cut) -> Mask:
    """Return the piece between two cuts, without slivers of its neighbours."""
    columns = np.arange(mask.shape[1])
    between = (columns >= left[:, np.newaxis]) & (columns < right[:, np.newaxis])
    return remove_slivers(mask & between)


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom; right and bottom are just outside the mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
