"""The sheet that digits are drawn on: a page without its margins, or a canvas on a web page.

A screenshot shows a canvas with a title, buttons and ticks around it, and a canvas may be framed.
All of that stays outside. Of several sheets, the one with the highest piece of ink counts.
"""

from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom

MIN_DIFFERENCE = 24.0  # grey levels between a margin and the paper; JPEG's noise is below that
MIN_SIDE = 20  # pixels of a sheet
MIN_CONTENT = 0.002  # of a sheet; a smaller share is noise
MAX_CONTENT = 0.35  # of a sheet, that its drawing covers; a frame surrounds more
MAX_FRAME_SHARE = 0.5  # of its bounding box; a sheet of another colour than the page covers more
# A smaller picture is the drawing itself. Looking for sheets in it would take 10% of its time.
MIN_PAGE_SIDE = 64
# A page has fewer things on it; more are the grains of a photo.
MAX_THINGS = 500
MAX_NESTING = 20  # sheets within each other; hundreds would take seconds


@dataclass(frozen=True)
class Sheet:
    """A rectangle of a picture.

    Attributes:
        picture: (H, W, 3) uint8, RGB; what is on the sheet, but does not belong to the drawing,
            has the paper's colour.
        left: its first column in the picture that it is cut from.
        top: its first row.
        is_alone: whether no other sheet beside it is like it.
    """

    picture: Picture
    left: int = 0
    top: int = 0
    is_alone: bool = True

    @property
    def box(self) -> Box:
        """Left, top, right and bottom."""
        height, width = self.picture.shape[:2]
        return self.left, self.top, self.left + width, self.top + height

    def crop(self, left: int, top: int, right: int, bottom: int) -> Self:
        """Return a rectangle of this sheet."""
        inner = self.picture[top:bottom, left:right]
        return type(self)(inner, self.left + left, self.top + top, self.is_alone)


def find_sheet(picture: Picture) -> Sheet:
    """Find the sheet in a picture (H, W, 3); the whole picture if there is none."""
    sheet = Sheet(picture)
    for _ in range(MAX_NESTING):
        inner = _remove_margin(sheet) or _choose_sheet(sheet)
        if inner is None:
            break
        sheet = inner
    return sheet


def _remove_margin(sheet: Sheet) -> Sheet | None:
    """Return what is within a margin of one colour, or None without such a margin.

    The margin surrounds a rectangle of another colour. The rectangle has one colour along its
    rim, and something else inside: without that, it is ink and the margin is its paper.
    """
    picture = sheet.picture
    margin = _corner_colour(picture)
    if margin is None:
        return None
    content = ~_is_like(picture, margin)
    rows, columns = np.flatnonzero(content.any(axis=1)), np.flatnonzero(content.any(axis=0))
    if (
        min(rows.size, columns.size) < MIN_SIDE
        or (np.ptp(rows) + 1, np.ptp(columns) + 1) == content.shape
    ):
        return None
    # JPEG blurs the rectangle's edge, so the rim begins a little inside it.
    inset = max(1, min(rows.size, columns.size) // 100)
    inner = sheet.crop(
        columns[0] + inset, rows[0] + inset, columns[-1] + 1 - inset, rows[-1] + 1 - inset
    )
    paper = _paper_colour(inner.picture, margin)
    if paper is None:
        return None
    is_margin = _is_like(inner.picture, margin)
    if is_margin.all(axis=0).any() or is_margin.all(axis=1).any():  # between two sheets
        return None
    content = ~_is_like(inner.picture, paper)
    if _is_empty(content) or (content.mean() > MAX_CONTENT and not _is_sheet(content)):
        return None
    return inner


def _is_empty(content: NDArray[np.bool_]) -> bool:
    """Return whether nothing is on a sheet (H, W) but for its corners.

    There its page shows where its corners are round: the straight stroke of a 1 has round ends.
    """
    _, labels = cv2.connectedComponents(content.astype(np.uint8), connectivity=8)
    corners = set(labels[[0, 0, -1, -1], [0, -1, 0, -1]].tolist())
    return bool((content & ~np.isin(labels, list(corners))).mean() < MIN_CONTENT)


def _is_sheet(content: NDArray[np.bool_]) -> bool:
    """Return whether what a frame surrounds (H, W) is one thing with something on it."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(content.astype(np.uint8), connectivity=8)
    _, _, width, height, area = max(stats[1:].tolist(), key=lambda thing: thing[-1])
    return bool(area > 0.9 * content.sum() and area < 0.995 * width * height)


def _choose_sheet(page: Sheet) -> Sheet | None:
    """Return the sheet on a page whose highest piece of ink is the highest of all.

    Returns:
        The page itself without other sheets on it, if it has ink that is higher than the sheet.
        None if the page holds no sheet, or equal boxes for a digit each.
    """
    picture = page.picture
    if min(picture.shape[:2]) < MIN_PAGE_SIDE:
        return None
    margin, content = _separate(picture)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        content.astype(np.uint8), connectivity=8
    )
    if count > MAX_THINGS:
        return None
    things = [
        (left, top, left + width, top + height)
        for left, top, width, height, _ in stats[1:].tolist()
    ]
    sheets, frames = {}, set()
    for label, box in enumerate(things, start=1):
        left, top, right, bottom = box
        if (
            min(right - left, bottom - top) < MIN_SIDE
            or (bottom - top, right - left) == content.shape
        ):
            continue
        thing = labels[top:bottom, left:right] == label
        is_frame = thing.mean() < MAX_FRAME_SHARE
        touches_border = min(box) == 0 or right == content.shape[1] or bottom == len(content)
        if touches_border and is_frame:
            continue  # ruled lines in both directions
        inner = _inside(page.crop(*box), thing, margin)
        if inner is not None:
            sheets[box] = inner
            if is_frame:
                frames.add(box)
    if not sheets:
        return None
    inks = {box: _ink_height(inner.picture) for box, inner in sheets.items()}
    highest = max(inks, key=lambda box: inks[box])
    equals = [
        box
        for box in sheets
        if box != highest and inks[box] > 0.3 * inks[highest] and _have_one_size(box, highest)
    ]
    if highest in frames and frames.intersection(equals):
        return None
    # A colour bar is as high as the sheet that it is beside.
    outside = [box for box in things if not any(_is_within(box, sheet) for sheet in sheets)]
    page_ink = max((bottom - top for _, top, _, bottom in outside), default=0)
    if margin is None or 1.15 * (highest[3] - highest[1]) > page_ink:
        return replace(_round_corners(sheets[highest], margin), is_alone=not equals)
    picture = picture.copy()
    for left, top, right, bottom in sheets:
        picture[top:bottom, left:right] = np.rint(margin)
    return replace(page, picture=picture)


def _separate(picture: Picture) -> tuple[Colour | None, NDArray[np.bool_]]:
    """Return the colour of a page and where other colours are.

    Of a page with many colours, return None and where its most common colour is, which may be a
    sheet's: nowhere, if no colour is common.
    """
    margin = _corner_colour(picture)
    if margin is None:
        margin = _common_colour(_rim(picture), 0.4)
    if margin is not None:
        return margin, ~_is_like(picture, margin)
    paper = _common_colour(picture[::4, ::4].reshape(-1, 3), 0.1)
    if paper is None:
        return None, np.zeros(picture.shape[:2], np.bool_)
    return None, _is_like(picture, paper)


def _have_one_size(box: Box, other: Box) -> bool:
    sides = ((each[2] - each[0], each[3] - each[1]) for each in (box, other))
    return all(0.8 < one / two < 1.25 for one, two in zip(*sides, strict=True))


def _is_within(box: Box, other: Box) -> bool:
    return box[0] >= other[0] and box[1] >= other[1] and box[2] <= other[2] and box[3] <= other[3]


def _inside(sheet: Sheet, thing: NDArray[np.bool_], margin: Colour | None) -> Sheet | None:
    """Return the inside of a thing that is a sheet or the frame of one, or None for another thing.

    Args:
        sheet: the thing's bounding box.
        thing: (H, W), where the thing is.
        margin: the colour around it; None if it varies.
    """
    rim = max(2, round(0.04 * min(thing.shape)))
    sides = [thing[:rim].any(axis=0), thing[-rim:].any(axis=0)]
    sides += [thing[:, :rim].any(axis=1), thing[:, -rim:].any(axis=1)]
    if min(side.mean() for side in sides) < 0.9:
        return None
    is_frame = thing.mean() < MAX_FRAME_SHARE
    rows, columns = thing.mean(axis=1) > 0.5, thing.mean(axis=0) > 0.5
    inset = max(1, min(thing.shape) // 100)
    top, bottom = (_depth(line, is_frame) + inset for line in (rows, rows[::-1]))
    left, right = (_depth(line, is_frame) + inset for line in (columns, columns[::-1]))
    height, width = thing.shape
    if min(height - top - bottom, width - left - right) < MIN_SIDE:
        return None
    inner = sheet.crop(left, top, width - right, height - bottom)
    paper = _paper_colour(inner.picture, None if is_frame else margin)
    if paper is None or _is_empty(~_is_like(inner.picture, paper)):
        return None
    return inner


def _depth(line: NDArray[np.bool_], is_frame: bool) -> int:
    """Return how many rows to leave out: the ticks outside a sheet, and its frame."""
    depth = int(line.argmax())
    return depth + int((~line[depth:]).argmax()) if is_frame else depth


def _round_corners(sheet: Sheet, margin: Colour | None) -> Sheet:
    """Return a sheet with its paper's colour where the margin shows at its corners."""
    paper = _rim_median(sheet.picture)
    if margin is None or np.abs(paper - margin).max() < MIN_DIFFERENCE:  # a frame is between them
        return sheet
    is_margin = _is_like(sheet.picture, margin).astype(np.uint8)
    if not is_margin[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return sheet
    _, labels = cv2.connectedComponents(is_margin, connectivity=8)
    corners = set(labels[[0, 0, -1, -1], [0, -1, 0, -1]].tolist()) - {0}
    picture = sheet.picture.copy()
    picture[np.isin(labels, list(corners))] = np.rint(paper)
    return replace(sheet, picture=picture)


def _ink_height(picture: Picture) -> int:
    """Return the height of the highest connected thing that has not the paper's colour."""
    content = (~_is_like(picture, _rim_median(picture))).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(content, connectivity=8)
    return int(stats[1:, cv2.CC_STAT_HEIGHT].max(initial=0))


def _corner_colour(picture: Picture) -> Colour | None:
    """Return the colour of all four corners, or None if they differ."""
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    colour: Colour = np.median(corners, axis=0)
    return colour if _is_like(corners, colour, MIN_DIFFERENCE / 2).all() else None


def _common_colour(colours: Picture, min_share: float) -> Colour | None:
    """Return the most common of colours (N, 3), or None if a smaller share of them is like it."""
    bins = (colours >> 4) @ np.array([256, 16, 1])
    most_common = int(np.bincount(bins, minlength=4096).argmax())
    colour: Colour = np.median(colours[bins == most_common], axis=0)
    return colour if _is_like(colours, colour).mean() > min_share else None


def _paper_colour(picture: Picture, margin: Colour | None) -> Colour | None:
    """Return the colour along the rim of a sheet; None if it varies or is like the margin's."""
    paper = _rim_median(picture)
    contrast = 2 * MIN_DIFFERENCE if margin is None else float(np.abs(paper - margin).max())
    is_uniform = _is_like(_rim(picture), paper, contrast / 2).mean() >= 0.9
    return paper if contrast >= MIN_DIFFERENCE and is_uniform else None


def _rim(picture: Picture) -> Picture:
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def _rim_median(picture: Picture) -> Colour:
    colour: Colour = np.median(_rim(picture), axis=0)
    return colour


def _is_like(
    colours: Picture, colour: Colour, tolerance: float = MIN_DIFFERENCE
) -> NDArray[np.bool_]:
    """Return which of the colours (..., 3) are within the tolerance of one in every channel."""
    low, high = colour - tolerance, colour + tolerance
    pixels = np.ascontiguousarray(colours.reshape(-1, 1, 3))
    return cv2.inRange(pixels, low, high).reshape(colours.shape[:-1]) > 0
