"""Which of the ink in a picture is the digit: not dirt, not ruled lines, not a box around it."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images.ink import Ink, quantile, stroke_width

Mask = NDArray[np.bool_]

# A stroke's core is above the first, and goes on as far as the second (Canny's hysteresis).
CORE, EDGE = 0.6, 0.35
# Of more, such as a screen of dots, the largest are looked at: what is done for each pair of
# parts must not take minutes.
MAX_PARTS = 300
CUTS_PER_DIGIT = 4  # of digits that touch, at most


@dataclass(frozen=True)
class Part:
    """One connected piece of ink.

    Attributes:
        label: its number in the labels of `connected_parts`.
        left, top, right, bottom: its bounding box in pixels; right and bottom are just outside.
        area: its pixels.
        strength: the ink of its core, in [0, 1].
    """

    label: int
    left: int
    top: int
    right: int
    bottom: int
    area: int
    strength: float

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> int:
        """The longer side of its box."""
        return max(self.width, self.height)

    def contains(self, other: Self) -> bool:
        """Whether the other's box lies in its box."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def gap(self, other: Self) -> float:
        """Return the distance between the boxes; 0 where they overlap."""
        across = max(self.left - other.right, other.left - self.right, 0)
        down = max(self.top - other.bottom, other.top - self.bottom, 0)
        return float(np.hypot(across, down))


def find_digit(ink: Ink) -> tuple[Mask, bool]:
    """Return where the digit is, and whether it is the only thing of its size.

    It is the largest piece of ink, with the pieces that belong to it.

    Raises:
        ImageError: nothing stands out from the background.
    """
    labels, parts = find_parts(ink)
    main = max(parts, key=lambda part: part.area * part.strength)
    chosen = gather(main, [part for part in parts if part is not main])
    alike = 0.4 * main.area * main.strength
    is_alone = not any(
        part.area * part.strength > alike and part.size > 0.5 * main.size
        for part in parts
        if part not in chosen
    )
    return np.isin(labels, [part.label for part in chosen]), is_alone


def find_parts(ink: Ink) -> tuple[NDArray[np.int32], list[Part]]:
    """Return the pieces of ink that may be of digits, with the labels that they have.

    Raises:
        ImageError: there is none.
    """
    mask = remove_ruled_lines(_above_hysteresis(ink), ink)
    labels, parts = connected_parts(mask, ink)
    if not parts:
        raise ImageError(
            "the picture is blank", "expected one digit that stands out from its background"
        )
    parts = [part for part in parts if not _is_frame(part, parts, labels)]
    inner = [part for part in parts if not _hugs_border(part, labels)]
    largest = max(part.area for part in parts)
    # A table's edge, or the rim of a page; a digit alone may touch the edge as it likes.
    if inner and max(part.area for part in inner) > 0.02 * largest:
        parts = inner
    return labels, parts


def gather(main: Part, others: list[Part]) -> list[Part]:
    """Return the pieces that make one digit: the bar of a 5 that does not touch, a broken loop.

    A piece belongs to it that is near, large enough and of the same ink; dirt is small, or
    farther off, and what is left of a shadow is paler.
    """
    chosen = [main]
    for part in sorted(others, key=lambda part: part.gap(main)):
        gap = min(part.gap(each) for each in chosen)
        share = part.area / main.area
        if part.strength < 0.75 * main.strength:
            continue
        if (share > 0.05 and gap < 0.12 * main.size) or (share > 0.25 and gap < 0.3 * main.size):
            chosen.append(part)
    return chosen


def connected_parts(mask: Mask, ink: Ink) -> tuple[NDArray[np.int32], list[Part]]:
    """Return labels (H, W), 0 for the background, and the parts that are no specks.

    Gaps narrower than a stroke do not part what they are in: pens skip.
    """
    reach = max(1, round(0.5 * stroke_width(mask)))
    # As a dilation by a disc is, but as fast for a wide one.
    away = cv2.distanceTransform(1 - mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    bridged = (away <= reach).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    labels[~mask] = 0
    smallest = max(3.0, 2e-5 * mask.size)
    parts = []
    largest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MAX_PARTS]
    for label in np.sort(largest).tolist():
        left, top, width, height, _ = stats[label].tolist()
        own = labels[top : top + height, left : left + width] == label
        area = int(np.count_nonzero(own))
        if area >= smallest:
            rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
            strength = quantile(ink[top : top + height, left : left + width][own], 0.75)
            parts.append(
                Part(
                    label,
                    left=left + int(columns[0]),
                    top=top + int(rows[0]),
                    right=left + int(columns[-1]) + 1,
                    bottom=top + int(rows[-1]) + 1,
                    area=area,
                    strength=strength,
                )
            )
    return labels, parts


def remove_ruled_lines(mask: Mask, ink: Ink) -> Mask:
    """Return the mask without straight lines across the picture, digits mended where they crossed.

    A line is told from the bar of a 7 by what is left without it: that must be
    substantial, and the line must go on beyond it on both sides.
    """
    if min(mask.shape) < 40:
        return mask
    level, upright = _long_lines(mask), _long_lines(mask.T).T
    if not (level.any() or upright.any()):
        return mask
    level, upright = (
        level & ~_crossing_strokes(mask & ~upright, level),
        upright & ~_crossing_strokes((mask & ~level).T, upright.T).T,
    )
    _, parts = connected_parts(mask & ~level & ~upright, ink)
    tall = [part for part in parts if part.size > 0.1 * min(mask.shape)]
    if not tall:
        return mask
    spans = [
        (min(part.left for part in tall), max(part.right for part in tall)),
        (min(part.top for part in tall), max(part.bottom for part in tall)),
    ]
    lines = np.zeros_like(mask)
    for axis, candidates in enumerate((level, upright)):
        along = np.flatnonzero(candidates.any(axis=axis))
        beyond = 0.08 * candidates.shape[1 - axis]
        if along.size and min(spans[axis][0] - along[0], along[-1] - spans[axis][1]) > beyond:
            lines |= candidates
    return mask & ~lines


def _long_lines(mask: Mask) -> Mask:
    """Return the level lines nearly as long as the picture is wide."""
    height, width = mask.shape
    # Photographed lines are not quite level: close them over a few rows before the opening.
    thick = cv2.dilate(mask.astype(np.uint8), np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, width // 4), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    long = [
        label
        for label, (_, _, extent, tall, _) in enumerate(stats.tolist())
        if label and extent > 0.75 * width and tall < max(6, 0.06 * height)
    ]
    near = cv2.dilate(np.isin(labels, long).astype(np.uint8), np.ones((3, 3), np.uint8))
    return mask & (near > 0)


def _crossing_strokes(mask: Mask, lines: Mask) -> Mask:
    """Return what is part of a longer upright run than level lines are thick."""
    columns = lines.any(axis=0)
    if not columns.any():
        return np.zeros_like(mask)
    crossings = np.diff(lines[:, columns].astype(np.int8), axis=0, prepend=0) == 1
    thickness = 3 + round(lines.sum() / max(1, int(crossings.sum())))
    kernel = np.ones((thickness, 1), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0


def _above_hysteresis(ink: Ink) -> Mask:
    """Return the pieces above `EDGE` that reach `CORE` somewhere."""
    count, labels = cv2.connectedComponents((ink > EDGE).astype(np.uint8), connectivity=8)
    reached = np.zeros(count, np.bool_)
    reached[labels[ink > CORE]] = True
    reached[0] = False
    return reached[labels]


def _is_frame(part: Part, parts: list[Part], labels: NDArray[np.int32]) -> bool:
    """Whether a part is a box: straight along its four sides, with something tall in it."""
    inside = [other for other in parts if other is not part and part.contains(other)]
    if not any(other.height > 0.2 * part.height for other in inside):
        return False
    box = labels[part.top : part.bottom, part.left : part.right] == part.label
    rim = max(2, round(0.06 * part.size))
    sides = (
        box[:rim].any(axis=0),
        box[-rim:].any(axis=0),
        box[:, :rim].any(axis=1),
        box[:, -rim:].any(axis=1),
    )
    return sum(side.mean() > 0.8 for side in sides) >= 3


def _hugs_border(part: Part, labels: NDArray[np.int32]) -> bool:
    """Whether a part lies along the picture's edge, or touches it and is not thin."""
    height, width = labels.shape
    touching = [
        (labels[0] == part.label).sum() / width,
        (labels[-1] == part.label).sum() / width,
        (labels[:, 0] == part.label).sum() / height,
        (labels[:, -1] == part.label).sum() / height,
    ]
    return max(touching) > 0.3 or sum(share > 0 for share in touching) >= 3


def find_row(ink: Ink, max_digits: int) -> list[Mask]:
    """Return the digits of a row, left to right; those that touch are one mask.

    Dirt is what is much lower than most of the ink, or not at the row's height.

    Raises:
        ImageError: nothing stands out from the background, nothing is in a row, or more than
            `max_digits` are.
    """
    labels, parts = find_parts(ink)
    heights = np.repeat([part.height for part in parts], [part.area for part in parts])
    height = float(np.median(heights))
    tall = [part for part in parts if part.height > 0.4 * height] or parts
    middle = float(np.median([(part.top + part.bottom) / 2 for part in tall]))
    groups: list[list[Part]] = []
    for part in sorted(tall, key=lambda part: part.left):
        if abs((part.top + part.bottom) / 2 - middle) > height:
            continue
        if groups and _overlap(groups[-1], part) > 0.5:
            groups[-1].append(part)
        else:
            groups.append([part])
    if not groups:
        raise ImageError(
            "the picture is no row of digits: nothing stands beside anything",
            "expected digits side by side",
        )
    if len(groups) > max_digits:
        raise ImageError(
            f"the picture is no row of digits: {len(groups)} things stand side by side",
            f"expected at most {max_digits} digits in a row",
        )
    others = [part for part in parts if not any(part in group for group in groups)]
    return [
        np.isin(labels, [part.label for part in (*group[1:], *gather(group[0], others))])
        for group in groups
    ]


def find_cuts(digits: Mask, max_digits: int) -> list[NDArray[np.int64]]:
    """Return where digits that touch may be cut, left to right, both ends included.

    Each cut goes down from where a column holds little ink, around the strokes where it can.

    Returns:
        For each cut, (H,): in each row the first pixel that is right of it.

    Raises:
        ImageError: there are many more such places than `max_digits` have.
    """
    columns = digits.sum(axis=0).astype(np.float32)
    filled = np.flatnonzero(columns)
    left, right = int(filled[0]), int(filled[-1]) + 1
    rows = int(np.count_nonzero(digits.any(axis=1)))
    smooth = cv2.blur(columns.reshape(1, -1), (max(3, rows // 12) | 1, 1)).ravel()
    step = max(2, rows // 10)
    lowest = cv2.erode(smooth.reshape(1, -1), np.ones((1, 2 * step + 1), np.uint8)).ravel()
    inner = [
        column
        for column in np.flatnonzero((smooth == lowest) & (smooth < 0.6 * rows)).tolist()
        if left + step < column < right - step
    ]
    # Of equal columns beside each other, the middle one.
    runs = np.split(inner, np.flatnonzero(np.diff(inner) > 1) + 1) if inner else []
    starts: list[int] = []
    for run in runs:
        middle = int(run[len(run) // 2])
        if not starts or middle - starts[-1] > step:  # those of a fence are all equal
            starts.append(middle)
    if len(starts) > CUTS_PER_DIGIT * max_digits:
        raise ImageError(
            "the picture is no row of digits: what touches could be cut at too many places",
            f"expected at most {max_digits} digits in a row",
        )
    seams = [_seam(digits, column, reach=2 * step) for column in starts]
    height = digits.shape[0]
    return [np.full(height, left), *seams, np.full(height, right)]


def without_slivers(piece: Mask) -> Mask:
    """Return a piece of touching digits without what is small and apart from most of it."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(piece.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if areas.size < 2:
        return piece
    is_large = np.append(False, areas > 0.15 * areas.max())
    return is_large[labels]


def _seam(digits: Mask, column: int, reach: int) -> NDArray[np.int64]:
    """Return the way from the top to the bottom, near a column, that cuts the least ink."""
    first, last = max(0, column - reach), min(digits.shape[1], column + reach + 1)
    band = digits[:, first:last].astype(np.float32)
    # Without ink in the way it stays straight.
    cost = band + 0.02 * np.abs(np.arange(first, last) - column) / reach
    total = cost.copy()
    above = np.full(total.shape[1] + 2, np.inf, np.float64)  # np.pad took most of the time
    for row in range(1, len(total)):
        above[1:-1] = total[row - 1]
        total[row] += np.minimum(above[1:-1], np.minimum(above[:-2], above[2:]) + 0.01)
    seam = np.zeros(len(total), np.int64)
    place = int(total[-1].argmin())
    for row in range(len(total) - 1, -1, -1):
        seam[row] = first + place
        if row:
            near = range(max(0, place - 1), min(total.shape[1], place + 2))
            bend = [total[row - 1, each] + 0.01 * (each != place) for each in near]
            place = near[int(np.argmin(bend))]
    return seam


def _overlap(group: list[Part], part: Part) -> float:
    """Return the share of the narrower one's width that lies above or below the other."""
    left, right = min(each.left for each in group), max(each.right for each in group)
    shared = min(right, part.right) - max(left, part.left)
    return shared / min(right - left, part.width)
