"""Ruled lines on the paper, removed from the ink."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images.ink import Ink, Mask, stroke_width
from mnistcli.images.parts import connected_parts

MIN_OVERHANG = 0.08  # of the picture, on each side of its digits
FAINT = 0.15  # of full ink; a ruled line may be paler than any stroke


@dataclass(frozen=True)
class RuledLine:
    """A horizontal line that may be ruled.

    Attributes:
        rows: those of the picture that it is in.
        pixels: (rows, W), its own pixels, without those of strokes that cross it or lie on it.
        start: its first column.
        stop: the column after its last.
        is_straight: whether it is so straight as no hand draws.
    """

    rows: slice
    pixels: Mask
    start: int
    stop: int
    is_straight: bool


def remove_ruled_lines(mask: Mask, ink: Ink) -> Mask:
    """Return the mask without straight lines across the picture; strokes that cross them stay.

    A ruled line and the bar of a 7 differ in what remains without them. Without a ruled line a
    substantial part remains, and the line extends beyond that part on both sides.
    """
    if min(mask.shape) < 40:
        return mask
    faint = ink > FAINT
    horizontal = _long_lines(mask, faint)
    without_horizontal = mask & ~_union(horizontal, mask)
    vertical = _long_lines(without_horizontal.T, (faint & (without_horizontal | ~mask)).T)
    if not (horizontal or vertical):
        return mask
    rest = without_horizontal & ~_union(vertical, mask.T).T
    _, parts = connected_parts(rest, ink)
    large_parts = [part for part in parts if part.size > 0.1 * min(mask.shape)]
    if not large_parts:
        return mask
    left, right = min(part.left for part in large_parts), max(part.right for part in large_parts)
    top, bottom = min(part.top for part in large_parts), max(part.bottom for part in large_parts)
    height, width = mask.shape
    horizontal = [
        line
        for line in horizontal
        # No bar of a digit is as long as the picture if that is much longer than it is wide.
        if min(left - line.start, line.stop - right) > MIN_OVERHANG * width
        or line.stop - line.start > 0.95 * width > 1.3 * height
    ]
    vertical = [
        line
        for line in vertical
        # The cells of a table may be hardly higher than their digits, but a 1 is not so straight.
        if min(top - line.start, line.stop - bottom)
        > (MIN_OVERHANG / 4 if line.is_straight and width > 1.3 * height else MIN_OVERHANG) * height
    ]
    return mask & ~_union(horizontal, mask) & ~_union(vertical, mask.T).T


def _union(lines: list[RuledLine], mask: Mask) -> Mask:
    """Return the pixels of all lines, of the mask's shape."""
    union = np.zeros_like(mask)
    for line in lines:
        union[line.rows] |= line.pixels
    return union


def _long_lines(mask: Mask, faint: Mask) -> list[RuledLine]:
    """Find the horizontal lines that are nearly as long as the picture is wide.

    Args:
        mask: (H, W), the ink to take them from.
        faint: (H, W), the ink to find them in.
    """
    height, width = mask.shape
    # A line in a photo is not quite horizontal: dilate it over a few rows before the opening.
    thick = cv2.dilate(faint.astype(np.uint8), np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, width // 4), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    lines = []
    run_heights: NDArray[np.int32] | None = None
    width_of_strokes = 0.0
    for label, (left, top, length, rise, area) in enumerate(stats.tolist()):
        max_thickness = max(6, 0.06 * height)
        if (
            label == 0
            or length < 0.75 * width
            or area / length > max_thickness
            or rise > max_thickness + 0.08 * length
        ):
            continue
        if run_heights is None:
            run_heights, width_of_strokes = _run_heights(mask), stroke_width(mask)
        rows = slice(max(0, top - 3), top + rise + 3)
        line = labels[rows] == label
        pixels, is_straight = _trace(line, mask[rows], run_heights[rows], width_of_strokes)
        lines.append(RuledLine(rows, pixels, left, left + length, is_straight))
    return lines


def _trace(
    line: Mask, mask: Mask, run_heights: NDArray[np.int32], width_of_strokes: float
) -> tuple[Mask, bool]:
    """Return a line's pixels in a mask, but for those of strokes that cross it or lie on it.

    Args:
        line: (H, W), roughly where the line is.
        mask: (H, W), all ink.
        run_heights: (H, W), of how many pixels above each other each pixel is one.
        width_of_strokes: of the ink.

    Returns:
        The pixels (H, W), and whether nearly all of the line is straight.
    """
    counts = line.sum(axis=0)
    columns = np.flatnonzero(counts)
    rows = np.arange(len(line))
    middles = (rows @ line)[columns] / counts[columns]
    # Strokes along the line pull it to their side, so it is fitted twice.
    curve = np.polynomial.Polynomial.fit(columns, middles, 2)
    near = np.abs(middles - curve(columns)) < 2
    if near.sum() > 0.3 * len(columns):
        curve = np.polynomial.Polynomial.fit(columns[near], middles[near], 2)
    is_straight = float((np.abs(middles - curve(columns)) < 0.75).mean()) > 0.9
    distances = np.abs(rows[:, np.newaxis] - curve(np.arange(line.shape[1])))
    thickness = max(1.0, line.sum() / len(columns) - 2)  # the dilation has added two rows
    is_thin = run_heights <= thickness + 0.35 * width_of_strokes
    return mask & is_thin & (distances <= thickness / 2 + 2), is_straight


def _run_heights(mask: Mask) -> NDArray[np.int32]:
    """Return for each pixel of a mask how many pixels without a gap are above each other there."""
    above, below = np.zeros(mask.shape, np.int32), np.zeros(mask.shape, np.int32)
    for row in range(len(mask)):
        above[row] = (above[row - 1] + 1 if row else 1) * mask[row]
    for row in range(len(mask) - 1, -1, -1):
        below[row] = (below[row + 1] + 1 if row + 1 < len(mask) else 1) * mask[row]
    return above + below - mask
