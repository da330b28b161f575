"""Ruled lines on the paper, removed from the ink."""

import cv2
import numpy as np

from mnistcli.images.ink import Ink, Mask
from mnistcli.images.parts import connected_parts


def remove_ruled_lines(mask: Mask, ink: Ink) -> Mask:
    """Return the mask without straight lines across the picture; strokes that cross them stay.

    A ruled line and the bar of a 7 differ in what remains without them. Without a ruled line a
    substantial part remains, and the line extends beyond that part on both sides.
    """
    if min(mask.shape) < 40:
        return mask
    horizontal, vertical = _long_lines(mask), _long_lines(mask.T).T
    if not (horizontal.any() or vertical.any()):
        return mask
    horizontal, vertical = (
        horizontal & ~_crossing_strokes(mask & ~vertical, horizontal),
        vertical & ~_crossing_strokes((mask & ~horizontal).T, vertical.T).T,
    )
    _, parts = connected_parts(mask & ~horizontal & ~vertical, ink)
    large_parts = [part for part in parts if part.size > 0.1 * min(mask.shape)]
    if not large_parts:
        return mask
    spans = [
        (min(part.left for part in large_parts), max(part.right for part in large_parts)),
        (min(part.top for part in large_parts), max(part.bottom for part in large_parts)),
    ]
    lines = np.zeros_like(mask)
    for axis, candidates in enumerate((horizontal, vertical)):
        positions = np.flatnonzero(candidates.any(axis=axis))
        if not positions.size:
            continue
        overhang = min(spans[axis][0] - positions[0], positions[-1] - spans[axis][1])
        if overhang > 0.08 * candidates.shape[1 - axis]:
            lines |= candidates
    return mask & ~lines


def _long_lines(mask: Mask) -> Mask:
    """Return the horizontal lines that are nearly as long as the picture is wide."""
    height, width = mask.shape
    # A line in a photo is not quite horizontal: dilate it over a few rows before the opening.
    thick = cv2.dilate(mask.astype(np.uint8), np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, width // 4), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    line_labels = [
        label
        for label, (_, _, length, thickness, _) in enumerate(stats.tolist())
        if label and length > 0.75 * width and thickness < max(6, 0.06 * height)
    ]
    lines = np.isin(labels, line_labels).astype(np.uint8)
    return mask & (cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0)


def _crossing_strokes(mask: Mask, lines: Mask) -> Mask:
    """Return the parts of vertical strokes that are longer than horizontal lines are thick."""
    columns = lines.any(axis=0)
    if not columns.any():
        return np.zeros_like(mask)
    starts = np.diff(lines[:, columns].astype(np.int8), axis=0, prepend=0) == 1
    thickness = 3 + round(lines.sum() / max(1, int(starts.sum())))
    kernel = np.ones((thickness, 1), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
