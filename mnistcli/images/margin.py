"""The margins around the paper: a white page, the black bars of a screenshot, a drawn box."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

MIN_DIFFERENCE = 24.0  # grey levels between a margin and the paper; JPEG's noise is below that


def remove_margins(picture: Picture) -> Picture:
    """Return the part of a picture (H, W, 3) within all margins of one colour.

    A margin surrounds a rectangle of another colour. The rectangle has one colour along its rim,
    and something else inside: without that, it is ink and the margin is its paper.
    """
    while (inner := _crop_margin(picture)) is not None:
        picture = inner
    return picture


def _crop_margin(picture: Picture) -> Picture | None:
    """Return the rectangle within the outermost margin, or None without a margin."""
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    margin = np.median(corners, axis=0)
    if not _is_like(corners, margin, MIN_DIFFERENCE / 2).all():
        return None
    content = ~_is_like(picture, margin)
    rows, columns = np.flatnonzero(content.any(axis=1)), np.flatnonzero(content.any(axis=0))
    if (
        min(rows.size, columns.size) < 20
        or (np.ptp(rows) + 1, np.ptp(columns) + 1) == content.shape
    ):
        return None
    # JPEG blurs the rectangle's edge, so the rim begins a little inside it.
    inset = max(1, min(rows.size, columns.size) // 100)
    inner = picture[
        rows[0] + inset : rows[-1] + 1 - inset, columns[0] + inset : columns[-1] + 1 - inset
    ]
    rim = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    paper = np.median(rim, axis=0)
    contrast = float(np.abs(paper - margin).max())
    if contrast < MIN_DIFFERENCE or _is_like(rim, paper, contrast / 2).mean() < 0.9:
        return None
    is_blank = _is_like(inner, paper).mean() > 0.998
    return None if is_blank else inner


def _is_like(
    colours: Picture, colour: NDArray[np.float64], tolerance: float = MIN_DIFFERENCE
) -> NDArray[np.bool_]:
    """Return which of the colours (..., 3) are within the tolerance of one in every channel."""
    low, high = colour - tolerance, colour + tolerance
    pixels = np.ascontiguousarray(colours.reshape(-1, 1, 3))
    return cv2.inRange(pixels, low, high).reshape(colours.shape[:-1]) > 0
