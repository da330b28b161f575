"""What lies around the paper: a white page, the black bars of a screenshot, a drawn box."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

MIN_DIFFERENCE = 24.0  # grey levels between a margin and the paper; JPEG's noise is less


def remove_margins(picture: Picture) -> Picture:
    """Return the part of a picture within all one-coloured margins, (H, W, 3) uint8.

    A margin is told from paper by what it surrounds: a rectangle of another colour, even along
    its rim, in which there is something else again.
    """
    while (inner := _within_margin(picture)) is not None:
        picture = inner
    return picture


def _within_margin(picture: Picture) -> Picture | None:
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    margin = np.median(corners, axis=0)
    if not _is_like(corners, margin, MIN_DIFFERENCE / 2).all():
        return None
    differs = ~_is_like(picture, margin)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if (
        min(rows.size, columns.size) < 20
        or (np.ptp(rows) + 1, np.ptp(columns) + 1) == differs.shape
    ):
        return None
    # JPEG blurs the rim itself: look a little within it.
    skip = max(1, min(rows.size, columns.size) // 100)
    inner = picture[
        rows[0] + skip : rows[-1] + 1 - skip, columns[0] + skip : columns[-1] + 1 - skip
    ]
    rim = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    paper = np.median(rim, axis=0)
    contrast = float(np.abs(paper - margin).max())
    if contrast < MIN_DIFFERENCE or _is_like(rim, paper, contrast / 2).mean() < 0.9:
        return None
    holds_something = not _is_like(inner, paper).mean() > 0.998
    return inner if holds_something else None


def _is_like(
    colours: Picture, colour: NDArray[np.float64], difference: float = MIN_DIFFERENCE
) -> NDArray[np.bool_]:
    """Return which colours differ by no more in any channel; (…, 3) -> (…)."""
    low, high = colour - difference, colour + difference
    pixels = np.ascontiguousarray(colours.reshape(-1, 1, 3))
    return cv2.inRange(pixels, low, high).reshape(colours.shape[:-1]) > 0
