"""The places where digits that touch may be cut."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images.ink import Mask

MAX_CUTS_PER_DIGIT = 4


def find_cuts(digits: Mask, max_digits: int) -> list[NDArray[np.int64]]:
    """Return where digits that touch may be cut, left to right, with the left and right ends.

    Each cut starts at a column with little ink and bends around the strokes where it can.

    Args:
        digits: (H, W), the mask of the digits.
        max_digits: the number of digits that the mask may hold.

    Returns:
        For each cut (H,), the first column to its right in each row.

    Raises:
        ImageError: there are more than `MAX_CUTS_PER_DIGIT` cuts per digit.
    """
    profile = digits.sum(axis=0).astype(np.float32)
    ink_columns = np.flatnonzero(profile)
    left, right = int(ink_columns[0]), int(ink_columns[-1]) + 1
    num_rows = int(np.count_nonzero(digits.any(axis=1)))
    step = max(2, num_rows // 10)
    columns = [
        column
        for column in _valleys(profile, num_rows, step)
        if left + step < column < right - step
    ]
    cut_columns: list[int] = []
    for column in _middles_of_runs(columns):
        if not cut_columns or column - cut_columns[-1] > step:  # a fence has many equal columns
            cut_columns.append(column)
    if len(cut_columns) > MAX_CUTS_PER_DIGIT * max_digits:
        raise ImageError(
            "the picture holds no lines of digits: there are too many places to cut it",
            f"expected at most {max_digits} digits in a row",
        )
    seams = [_find_seam(digits, column, reach=2 * step) for column in cut_columns]
    height = digits.shape[0]
    return [np.full(height, left), *seams, np.full(height, right)]


def remove_slivers(piece: Mask) -> Mask:
    """Return a piece of touching digits without small parts that are apart from most of it."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(piece.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if areas.size < 2:
        return piece
    is_large = np.append(False, areas > 0.15 * areas.max())
    return is_large[labels]


def _valleys(profile: NDArray[np.float32], num_rows: int, step: int) -> list[int]:
    """Return the columns with the least ink within `step` columns, and with less than 60%."""
    smooth = cv2.blur(profile.reshape(1, -1), (max(3, num_rows // 12) | 1, 1)).ravel()
    minima = cv2.erode(smooth.reshape(1, -1), np.ones((1, 2 * step + 1), np.uint8)).ravel()
    return np.flatnonzero((smooth == minima) & (smooth < 0.6 * num_rows)).tolist()


def _middles_of_runs(columns: list[int]) -> list[int]:
    """Return the middle one of each run of consecutive columns."""
    if not columns:
        return []
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return [int(run[len(run) // 2]) for run in runs]


def _find_seam(digits: Mask, column: int, reach: int) -> NDArray[np.int64]:
    """Return the path from top to bottom, near a column, that crosses the least ink.

    It is found by dynamic programming, as in seam carving.
    """
    first, last = max(0, column - reach), min(digits.shape[1], column + reach + 1)
    band = digits[:, first:last].astype(np.float32)
    # The second term keeps the seam straight where there is no ink.
    cost = band + 0.02 * np.abs(np.arange(first, last) - column) / reach
    total = cost.copy()
    above = np.full(total.shape[1] + 2, np.inf, np.float64)  # np.pad took most of the time
    for row in range(1, len(total)):
        above[1:-1] = total[row - 1]
        total[row] += np.minimum(above[1:-1], np.minimum(above[:-2], above[2:]) + 0.01)
    seam = np.zeros(len(total), np.int64)
    position = int(total[-1].argmin())
    for row in range(len(total) - 1, -1, -1):
        seam[row] = first + position
        if row:
            neighbours = range(max(0, position - 1), min(total.shape[1], position + 2))
            costs = [total[row - 1, i] + 0.01 * (i != position) for i in neighbours]
            position = neighbours[int(np.argmin(costs))]
    return seam
