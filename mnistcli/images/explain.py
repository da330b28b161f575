"""The stages of reading a picture, side by side in one image."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.images.reading import Reading

TILE = 196  # seven times 28: the last stage's pixels stay square
MARGIN = 12
TITLE_HEIGHT = 26
BACKGROUND, TEXT = 245, (40, 40, 40)
MAX_DRAWINGS = 100  # 20,000 pixels high: larger images do not open everywhere


def draw_stages(reading: Reading) -> NDArray[np.uint8]:
    """Return the stages of a reading, from the picture to what the network sees, in a strip.

    The strip begins with the stages' names, which `join_drawings` keeps once.

    Returns:
        (246, W, 3) uint8, RGB, as wide as there are stages.
    """
    top = TITLE_HEIGHT + MARGIN
    width = MARGIN + len(reading.stages) * (TILE + MARGIN)
    strip = np.full((top + TILE + MARGIN, width, 3), BACKGROUND, np.uint8)
    for column, (title, stage) in enumerate(reading.stages.items()):
        left = MARGIN + column * (TILE + MARGIN)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(strip, title, (left, TITLE_HEIGHT), font, 0.55, TEXT, 1, cv2.LINE_AA)
        strip[top : top + TILE, left : left + TILE] = _tile(stage)
    return strip


def join_drawings(strips: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Return strips of `draw_stages` below each other, with one row of titles."""
    top = TITLE_HEIGHT + MARGIN
    height, width, _ = strips[0].shape
    # Pillow's own, into which they are copied: another array of all would take 60 MB more.
    sheet = Image.new("RGB", (width, top + len(strips) * (height - top)))
    sheet.paste(Image.fromarray(strips[0][:top]))
    for i, strip in enumerate(strips):
        sheet.paste(Image.fromarray(strip[top:]), (0, top + i * (height - top)))
    return sheet


def _tile(stage: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a stage as (TILE, TILE, 3), its aspect kept."""
    scale = TILE / max(stage.shape[:2])
    size = max(1, round(stage.shape[1] * scale)), max(1, round(stage.shape[0] * scale))
    smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    levels = stage.astype(np.uint8) * 255 if stage.dtype == np.bool_ else stage
    scaled = cv2.resize(levels, size, interpolation=smaller)
    if scaled.dtype != np.uint8:
        scaled = np.rint(scaled * 255).astype(np.uint8)
    if scaled.ndim == 2:
        scaled = np.repeat(scaled[..., np.newaxis], 3, axis=2)
    tile = np.full((TILE, TILE, 3), BACKGROUND - 25, np.uint8)
    top, left = (TILE - scaled.shape[0]) // 2, (TILE - scaled.shape[1]) // 2
    tile[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return tile
