"""The stages of a picture's reading, side by side in one drawing."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.images.reading import Reading

# Sizes in pixels.
TILE = 196  # seven times 28: the last stage's pixels stay square
MARGIN = 12
TITLE_HEIGHT = 26
BACKGROUND, TILE_BACKGROUND, TEXT_COLOUR = 245, 220, (40, 40, 40)
CAPTION_COLOUR = (0, 90, 160)
CAPTION_HEIGHT = 22
MAX_DRAWINGS = 100  # their sheet is 20,000 pixels high; many programs open nothing larger


def draw_stages(reading: Reading) -> NDArray[np.uint8]:
    """Draw the stages of a reading in a strip, from the picture to what the network sees.

    Returns:
        (246, W, 3) uint8, RGB. The stages' names are at the top; W depends on their number.
    """
    top = TITLE_HEIGHT + MARGIN
    width = MARGIN + len(reading.stages) * (TILE + MARGIN)
    strip = np.full((top + TILE + MARGIN, width, 3), BACKGROUND, np.uint8)
    for column, (title, stage) in enumerate(reading.stages.items()):
        left = MARGIN + column * (TILE + MARGIN)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(strip, title, (left, TITLE_HEIGHT), font, 0.55, TEXT_COLOUR, 1, cv2.LINE_AA)
        strip[top : top + TILE, left : left + TILE] = draw_stage(stage)
    return strip


def join_drawings(strips: Sequence[NDArray[np.uint8]], captions: Sequence[str]) -> Image.Image:
    """Return strips of `draw_stages` below each other, with the stages' names once at the top.

    Args:
        strips: the drawings.
        captions: a line in ASCII above each of them.
    """
    top = TITLE_HEIGHT + MARGIN
    height, width, _ = strips[0].shape
    row_height = height - top + CAPTION_HEIGHT
    # An array of all strips, besides Pillow's image, would take 60 MB more.
    sheet = Image.new("RGB", (width, top + len(strips) * row_height))
    sheet.paste(Image.fromarray(strips[0][:top]))
    for i, (strip, caption) in enumerate(zip(strips, captions, strict=True)):
        row = np.full((row_height, width, 3), BACKGROUND, np.uint8)
        row[CAPTION_HEIGHT:] = strip[top:]
        place = MARGIN, CAPTION_HEIGHT - 7
        cv2.putText(
            row, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, CAPTION_COLOUR, 1, cv2.LINE_AA
        )
        sheet.paste(Image.fromarray(row), (0, top + i * row_height))
    return sheet


def draw_stage(stage: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a stage of a reading, scaled into (196, 196, 3) uint8, with its aspect ratio kept."""
    scale = TILE / max(stage.shape[:2])
    size = max(1, round(stage.shape[1] * scale)), max(1, round(stage.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    levels = stage.astype(np.uint8) * 255 if stage.dtype == np.bool_ else stage
    levels = cv2.resize(levels, size, interpolation=interpolation)
    if levels.dtype != np.uint8:
        levels = np.rint(levels * 255).astype(np.uint8)
    if levels.ndim == 2:
        levels = np.repeat(levels[..., np.newaxis], 3, axis=2)
    tile = np.full((TILE, TILE, 3), TILE_BACKGROUND, np.uint8)
    height, width = levels.shape[:2]
    top, left = (TILE - height) // 2, (TILE - width) // 2
    tile[top : top + height, left : left + width] = levels
    return tile
