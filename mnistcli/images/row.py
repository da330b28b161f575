"""The rows of digits in a picture, from top to bottom."""

from dataclasses import dataclass

import numpy as np

from mnistcli.errors import ImageError
from mnistcli.images.ink import Ink, Mask
from mnistcli.images.parts import Part
from mnistcli.images.segment import find_parts, gather_parts

# Heights as shares of a digit's height in the picture.
MIN_HEIGHT = 0.4  # what is lower is a comma, a dot or dirt
SMALL_PRINT = 0.5  # a row so low is a caption
NO_DIGIT = 2.0  # a row so high is a bracket or a shadow


@dataclass(frozen=True)
class Row:
    """A row of digits, cut out of its picture.

    Attributes:
        ink: (H, W) in [0, 1].
        masks: (H, W), one for each digit, left to right; digits that touch are one mask.
        left: the first column in the picture.
        top: the first row in the picture.
    """

    ink: Ink
    masks: list[Mask]
    left: int
    top: int


def find_rows(ink: Ink, max_digits: int) -> tuple[list[Row], int]:
    """Return the rows of digits, top to bottom, and how many rows of small print are left out.

    Ink that is much lower than most of the ink is left out: dirt, commas and captions.

    Args:
        ink: (H, W) in [0, 1].
        max_digits: the number of digits that a row may have.

    Raises:
        ImageError: nothing stands out from the background, or too many things do.
    """
    labels, parts, border_parts = find_parts(ink)
    heights = np.repeat([part.height for part in parts], [part.area for part in parts])
    height = float(np.median(heights))
    parts += [part for part in border_parts if _is_digit_at_border(part, height)]
    tall_parts = [part for part in parts if part.height > MIN_HEIGHT * height] or parts
    small_parts = [part for part in parts if part not in tall_parts]
    joined_rows = _join_rows(tall_parts)
    main_rows = _main_rows(joined_rows)
    rows = []
    for row in main_rows:
        groups = _stack(row)
        if len(groups) > max_digits:
            raise ImageError(
                f"the picture holds no lines of digits: {len(groups)} things stand side by side",
                f"expected at most {max_digits} digits in a line",
            )
        groups = [
            group
            + gather_parts(
                group[0], [part for part in small_parts if not _is_punctuation(part, group)]
            )[1:]
            for group in groups
        ]
        members = [part for group in groups for part in group]
        left, top = (min(getattr(part, side) for part in members) for side in ("left", "top"))
        right, bottom = (max(getattr(p, side) for p in members) for side in ("right", "bottom"))
        window = slice(top, bottom), slice(left, right)
        masks = [np.isin(labels[window], [part.label for part in group]) for group in groups]
        rows.append(Row(ink[window], masks, left, top))
    lowest = min(_median_height(row) for row in main_rows)
    # One thing alone, or two, may be dirt; what is lower still may be dots.
    small_print = [
        row
        for row in joined_rows + _join_rows(small_parts)
        if row not in main_rows and len(row) > 2 and 0.25 * lowest < _median_height(row) < lowest
    ]
    return rows, len(small_print)


def _join_rows(parts: list[Part]) -> list[list[Part]]:
    """Return the parts in rows: each part's neighbour to the right is as high up as the part.

    So a row may slope, as long as each two neighbours overlap vertically.
    """
    rows: list[list[Part]] = []
    for part in sorted(parts, key=lambda part: part.left):
        fitting_rows = [row for row in rows if _are_in_one_row(row[-1], part)]
        if fitting_rows:
            max(fitting_rows, key=lambda row: _vertical_overlap(row[-1], part)).append(part)
        else:
            rows.append([part])
    return rows


def _are_in_one_row(part: Part, other: Part) -> bool:
    """Return whether two parts are as high up as each other, or halves of a broken digit."""
    overlap = _vertical_overlap(part, other)
    return overlap > 0.4 or (overlap > 0.2 and _horizontal_overlap([part], other) > 0.5)


def _main_rows(rows: list[list[Part]]) -> list[list[Part]]:
    """Return the rows that are about as high and as strong as the one with most ink."""
    main = max(rows, key=lambda row: sum(part.weight for part in row))
    height, strength = _median_height(main), max(part.strength for part in main)
    main_rows = [
        row
        for row in rows
        if SMALL_PRINT * height < _median_height(row) < NO_DIGIT * height
        and max(part.strength for part in row) > 0.75 * strength
    ]
    return sorted(main_rows, key=lambda row: np.median([part.top + part.bottom for part in row]))


def _stack(row: list[Part]) -> list[list[Part]]:
    """Return the parts of a row in groups of those above each other, left to right."""
    groups: list[list[Part]] = []
    for part in row:
        if groups and _horizontal_overlap(groups[-1], part) > 0.5:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _is_digit_at_border(part: Part, height: float) -> bool:
    """Return whether a part at the picture's border is a digit: as high as digits, and no block."""
    is_stroke = part.area < 0.6 * part.width * part.height or part.width < 0.3 * part.height
    return is_stroke and 0.7 * height < part.height < 1.4 * height


def _is_punctuation(part: Part, group: list[Part]) -> bool:
    """Return whether a small part is at the foot of a digit and beside it."""
    top, bottom = min(member.top for member in group), max(member.bottom for member in group)
    is_low = part.top > bottom - 0.3 * (bottom - top)
    return is_low and _horizontal_overlap(group, part) < 0.5


def _median_height(row: list[Part]) -> float:
    return float(np.median([part.height for part in row]))


def _vertical_overlap(part: Part, other: Part) -> float:
    """Return the vertical overlap of two parts, as a share of the lower one's height."""
    overlap = min(part.bottom, other.bottom) - max(part.top, other.top)
    return overlap / min(part.height, other.height)


def _horizontal_overlap(group: list[Part], part: Part) -> float:
    """Return the horizontal overlap of a group and a part, as a share of the narrower one."""
    left, right = min(member.left for member in group), max(member.right for member in group)
    overlap = min(right, part.right) - max(left, part.left)
    return overlap / min(right - left, part.width)
