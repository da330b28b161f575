"""Pictures with boxes around their digits, and what was read in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Sizes in pixels.
MIN_WIDTH, MAX_SIDE = 640, 1600  # of a drawing; small pictures are enlarged
MARGIN = 44  # room for the texts above and below a box at the picture's edge
TITLE_HEIGHT = 30
BACKGROUND, TEXT_COLOUR = 245, (40, 40, 40)
SURE, DOUBTFUL = (0, 130, 60), (205, 85, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Mark:
    """A box to draw on a picture.

    Attributes:
        box: left, top, right and bottom, as shares of the picture's width and height.
        title: the text above it.
        caption: the text below it.
        is_doubtful: whether the reading is uncertain.
    """

    box: tuple[float, float, float, float]
    title: str
    caption: str
    is_doubtful: bool


def annotate(picture: NDArray[np.uint8], marks: Sequence[Mark], title: str) -> NDArray[np.uint8]:
    """Draw boxes with texts on a picture, below a title in ASCII.

    Args:
        picture: (H, W, 3) uint8, RGB.
        marks: the boxes.
        title: such as the picture's name.

    Returns:
        (H', W', 3) uint8, RGB, at most `MAX_SIDE` a side but for the margins.
    """
    height, width = picture.shape[:2]
    scale = min(max(1.0, MIN_WIDTH / width), MAX_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    top = TITLE_HEIGHT + MARGIN
    drawing = np.full((size[1] + top + MARGIN, size[0] + 2 * MARGIN, 3), BACKGROUND, np.uint8)
    scaled = cv2.resize(picture, size, interpolation=interpolation)
    drawing[top : top + size[1], MARGIN : MARGIN + size[0]] = scaled
    _write(drawing, title, MARGIN, TITLE_HEIGHT - 6, 0.6, TEXT_COLOUR)
    for mark in marks:
        left, right = (MARGIN + round(share * size[0]) for share in mark.box[::2])
        upper, lower = (top + round(share * size[1]) for share in mark.box[1::2])
        colour = DOUBTFUL if mark.is_doubtful else SURE
        cv2.rectangle(drawing, (left - 2, upper - 2), (right + 1, lower + 1), colour, 2)
        _write(drawing, mark.title, left, upper - 8, 0.9, colour)
        _write(drawing, mark.caption, left, lower + 18, 0.45, colour)
    return drawing


def stack_drawings(drawings: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Return drawings of any widths below each other."""
    width = max(drawing.shape[1] for drawing in drawings)
    sheet = Image.new("RGB", (width, sum(len(each) for each in drawings)), (BACKGROUND,) * 3)
    top = 0
    for drawing in drawings:
        sheet.paste(Image.fromarray(drawing), (0, top))
        top += len(drawing)
    return sheet


def _write(
    drawing: NDArray[np.uint8],
    text: str,
    left: int,
    baseline: int,
    size: float,
    colour: tuple[int, int, int],
) -> None:
    """Write text with a light outline, so that it can be read on any picture."""
    place = left, baseline
    cv2.putText(drawing, text, place, FONT, size, (BACKGROUND,) * 3, 5, cv2.LINE_AA)
    cv2.putText(drawing, text, place, FONT, size, colour, 2 if size > 0.7 else 1, cv2.LINE_AA)
