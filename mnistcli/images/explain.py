"""The stages of reading a picture, side by side in one image."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images.reading import Reading

TILE = 196  # seven times 28: the last stage's pixels stay square
MARGIN = 12
TITLE_HEIGHT = 26
TITLES = ("the picture", "its ink", "the digit", "MNIST's pen", "28 x 28 pixels")
WIDTH = MARGIN + len(TITLES) * (TILE + MARGIN)
BACKGROUND, TEXT = 245, (40, 40, 40)


def draw_stages(reading: Reading) -> NDArray[np.uint8]:
    """Return a strip of picture, ink, digit, strokes, and what the network sees.

    Returns:
        (208, 1052, 3) uint8, RGB.
    """
    strip = np.full((TILE + MARGIN, WIDTH, 3), BACKGROUND, np.uint8)
    stages: tuple[NDArray[Any], ...] = (
        reading.picture,
        reading.ink,
        reading.digit,
        reading.strokes,
        reading.image,
    )
    for column, stage in enumerate(stages):
        left = MARGIN + column * (TILE + MARGIN)
        strip[:TILE, left : left + TILE] = _tile(stage)
    return strip


def encode_stages(strips: Sequence[NDArray[np.uint8]]) -> bytes:
    """Return strips of `draw_stages` beneath their titles, as a PNG file."""
    titles = np.full((TITLE_HEIGHT + MARGIN, WIDTH, 3), BACKGROUND, np.uint8)
    for column, title in enumerate(TITLES):
        place = (MARGIN + column * (TILE + MARGIN), TITLE_HEIGHT)
        cv2.putText(titles, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, TEXT, 1, cv2.LINE_AA)
    sheet = np.concatenate([titles, *strips])
    return bytes(cv2.imencode(".png", sheet[..., ::-1])[1].tobytes())


def _tile(stage: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a stage as (TILE, TILE, 3), its aspect kept."""
    levels = stage if stage.dtype == np.uint8 else stage.astype(np.float32) * 255
    pixels = np.rint(levels).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., np.newaxis], 3, axis=2)
    scale = TILE / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    scaled = cv2.resize(pixels, size, interpolation=smaller)
    tile = np.full((TILE, TILE, 3), BACKGROUND - 25, np.uint8)
    top, left = (TILE - scaled.shape[0]) // 2, (TILE - scaled.shape[1]) // 2
    tile[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return tile
