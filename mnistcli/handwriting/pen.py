"""Strokes drawn by a pen, as images in MNIST's frame."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.handwriting.strokes import Random, Stroke
from mnistcli.images import frame_large_mask

SIDE = 120  # pixels of the longer side of what is drawn
THINNEST, THICKEST = 0.07, 0.24  # widths of a pen, as shares of that side
MARGIN = 16
SHIFT = 4  # bits of a fraction of a pixel


def draw(strokes: Sequence[Stroke], random: Random) -> NDArray[np.uint8]:
    """Return what a pen of some width draws, (28, 28) uint8, 0 the background."""
    width = np.exp(random.uniform(np.log(THINNEST), np.log(THICKEST)))
    return draw_with(strokes, width)


def draw_with(strokes: Sequence[Stroke], width: float) -> NDArray[np.uint8]:
    """Return what a pen draws, (28, 28) uint8.

    Args:
        strokes: of any size.
        width: of the pen, as a share of the longer side of the strokes.
    """
    points = np.vstack(strokes)
    low = points.min(axis=0)
    size = max(1e-6, float(np.ptp(points, axis=0).max()))
    scale = SIDE / size
    thickness = max(1, round(width * SIDE))
    canvas = np.zeros((SIDE + 2 * MARGIN + thickness,) * 2, np.uint8)
    offset = MARGIN + thickness / 2
    lines = [
        np.rint(((stroke - low) * scale + offset) * 2**SHIFT).astype(np.int32) for stroke in strokes
    ]
    cv2.polylines(canvas, lines, False, 1, thickness, cv2.LINE_8, SHIFT)
    return frame_large_mask(canvas > 0)
