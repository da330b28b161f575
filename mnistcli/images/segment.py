"""The ink of a picture that is its digit, without dirt, ruled lines and boxes around it."""

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images.ink import Ink, Mask
from mnistcli.images.lines import remove_ruled_lines
from mnistcli.images.parts import Part, connected_parts, ink_mask

MIN_SIZE_SHARE = 0.02  # of the shorter side; a page with smaller specks only is blank


def find_digit(ink: Ink) -> tuple[Mask, bool]:
    """Find the largest piece of ink, with the smaller pieces that belong to it.

    Returns:
        The mask (H, W) of the digit, and whether nothing else is about as large.

    Raises:
        ImageError: nothing stands out from the background.
    """
    labels, parts, _ = find_parts(ink)
    main = max(parts, key=lambda part: part.weight)
    # A circle around a digit is thinner than the digit.
    parts = [part for part in parts if not _surrounds(part, main, labels)]
    digit_parts = gather_parts(main, [part for part in parts if part is not main])
    is_alone = not any(
        _surrounds(main, part, labels) or (part not in digit_parts and _is_equal(part, main))
        for part in parts
        if part is not main
    )
    return np.isin(labels, [part.label for part in digit_parts]), is_alone


def find_parts(ink: Ink) -> tuple[NDArray[np.int32], list[Part], list[Part]]:
    """Find the pieces of ink that may belong to digits.

    Returns:
        The labels (H, W) of all ink, the pieces, and those along the border, which are mostly a
        table's edge or the rim of a page.

    Raises:
        ImageError: there is no such piece.
    """
    mask = remove_ruled_lines(ink_mask(ink), ink)
    labels, parts = connected_parts(mask, ink)
    largest = max((part.size for part in parts), default=0)
    if largest < MIN_SIZE_SHARE * min(mask.shape):
        problem = (
            "nothing in the picture is large enough for a digit"
            if largest
            else "the picture is blank"
        )
        raise ImageError(problem, "expected one digit that stands out from its background")
    parts = [part for part in parts if not _is_frame(part, parts, labels)]
    inner_parts = [part for part in parts if not _is_along_border(part, labels)]
    max_area = max(part.area for part in parts)
    # Ink along the border may be the only digit.
    if not inner_parts or max(part.area for part in inner_parts) <= 0.02 * max_area:
        return labels, parts, []
    return labels, inner_parts, [part for part in parts if part not in inner_parts]


def gather_parts(main: Part, candidates: list[Part]) -> list[Part]:
    """Return the parts of one digit: a 5 may have a loose bar, and a loop may be broken.

    A part belongs to the digit if it is near, large enough and of equally strong ink. Dirt is
    smaller or farther away, and the remains of a shadow are paler.
    """
    digit_parts = [main]
    for part in sorted(candidates, key=lambda part: part.gap(main)):
        gap = min(part.gap(digit_part) for digit_part in digit_parts)
        share = part.area / main.area
        if part.strength < 0.75 * main.strength:
            continue
        reach = 0.12 if share <= 0.25 else 0.5 if _is_bar_over(part, main) else 0.3
        if share > 0.05 and gap < reach * main.size:
            digit_parts.append(part)
    return digit_parts


def _is_bar_over(part: Part, main: Part) -> bool:
    """Return whether one of two parts is flat, so that it is no digit, and right over the other."""
    overlap = min(part.right, main.right) - max(part.left, main.left)
    is_flat = any(each.width > 2 * each.height for each in (part, main))
    return is_flat and overlap > 0.5 * min(part.width, main.width)


def _surrounds(outer: Part, part: Part, labels: NDArray[np.int32]) -> bool:
    """Return whether an outer part is on all sides of a part, as a circle around a digit."""
    if outer is part or not outer.contains(part) or part.size < 0.25 * outer.size:
        return False
    ink = labels == outer.label
    rows, columns = slice(part.top, part.bottom), slice(part.left, part.right)
    sides = [ink[rows, : part.left].any(axis=1), ink[rows, part.right :].any(axis=1)]
    sides += [ink[: part.top, columns].any(axis=0), ink[part.bottom :, columns].any(axis=0)]
    return min(float(side.mean()) for side in sides) > 0.9


def _is_equal(part: Part, main: Part) -> bool:
    """Return whether a part may be a digit beside the main one: a 1 has little ink."""
    overlap = min(part.bottom, main.bottom) - max(part.top, main.top)
    is_beside = overlap > 0.7 * main.height and part.width < part.height < 1.4 * main.height
    is_heavy = part.weight > 0.4 * main.weight and part.size > 0.5 * main.size
    return is_heavy or (is_beside and part.weight > 0.1 * main.weight)


def _is_frame(part: Part, parts: list[Part], labels: NDArray[np.int32]) -> bool:
    """Return whether a part is a box: straight along its sides, with something tall inside."""
    contents = [inner for inner in parts if inner is not part and part.contains(inner)]
    if not any(inner.height > 0.2 * part.height for inner in contents):
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


def _is_along_border(part: Part, labels: NDArray[np.int32]) -> bool:
    """Return whether a part covers much of one side of the picture, or touches three sides."""
    height, width = labels.shape
    shares = [
        (labels[0] == part.label).sum() / width,
        (labels[-1] == part.label).sum() / width,
        (labels[:, 0] == part.label).sum() / height,
        (labels[:, -1] == part.label).sum() / height,
    ]
    return max(shares) > 0.3 or sum(share > 0 for share in shares) >= 3
