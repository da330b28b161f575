"""A picture brought to the 28x28 image that the network sees, with the stages in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.images.frame import (
    centre_by_mass,
    draw_large,
    find_mnist_frame,
    fit_to_box,
    set_stroke_width,
)
from mnistcli.images.framing import Framing, take_whole
from mnistcli.images.ink import Ink, Mask, measure_ink
from mnistcli.images.segment import find_digit
from mnistcli.images.sheet import Sheet, find_sheet

MNIST_FRAMING = Framing()
MIN_WIDTH_OF_SEVERAL = 0.6  # as a share of their height


@dataclass(frozen=True)
class Reading:
    """A picture as the network sees it, and the stages of its reading.

    Attributes:
        stages: the result of each stage, by the stage's name: (H, W, 3) uint8, RGB, (H, W) uint8,
            or (H, W) in [0, 1]. All readings with the same kind of framing have the same stages.
        image: (28, 28) uint8. In MNIST's frame 0 is the background and 255 full ink, or the
            reverse if the data set's background is light.
        is_alone: whether nothing else in the picture is about as large as the digit.
        strokes: (H, W), the digit in black and white, at most 130 pixels a side; None if it is too
            slim to be several digits.
    """

    stages: Mapping[str, NDArray[Any]]
    image: NDArray[np.uint8]
    is_alone: bool = True
    strokes: Mask | None = None


def frame_digit(picture: NDArray[np.uint8], framing: Framing = MNIST_FRAMING) -> Reading:
    """Bring a picture into the frame of a data set's images.

    If that is MNIST's frame, the picture's digit is fitted into it; a digit that is in the frame
    already stays as it is. Otherwise the whole picture is taken.

    Args:
        picture: (H, W, 3) uint8, RGB.
        framing: of the data set's images.

    Raises:
        ImageError: the framing is MNIST's, and the picture is blank.
    """
    if framing.kind == "as_is":
        image = take_whole(picture, framing.dark_background)
        return Reading({"the picture": picture, "28 x 28 pixels": image}, image)
    reading = _fit_digit(picture)
    image = reading.image if framing.dark_background else 255 - reading.image
    stages = {**reading.stages, "28 x 28 pixels": image}
    return Reading(stages, image, reading.is_alone, reading.strokes)


def frame_mask(ink: Ink, digit: Mask, framing: Framing = MNIST_FRAMING) -> NDArray[np.uint8]:
    """Return the ink within a mask in MNIST's frame, (28, 28) uint8.

    Args:
        ink: (H, W) in [0, 1].
        digit: (H, W), the mask of the digit.
        framing: whether the background is dark.
    """
    image = centre_by_mass(fit_to_box(set_stroke_width(draw_large(ink, digit))))
    return image if framing.dark_background else 255 - image


def _fit_digit(picture: NDArray[np.uint8]) -> Reading:
    """Return the digit as a light-on-black image, with the stages before."""
    image = find_mnist_frame(picture)
    is_alone, sheet = True, Sheet(picture)
    if image is not None:
        ink = image.astype(np.float32) / np.float32(255)
        digit = pen = image > 127
        strokes = draw_large(ink, digit)
    else:
        sheet = find_sheet(picture)
        ink = measure_ink(sheet.picture)
        digit, is_alone = find_digit(ink)
        is_alone &= sheet.is_alone
        strokes = draw_large(ink, digit)
        pen = set_stroke_width(strokes)
        image = centre_by_mass(fit_to_box(pen))
    stages = {
        "the picture": picture,
        "the sheet": sheet.picture,
        "its ink": ink,
        "the digit": digit,
        "MNIST's pen": pen,
    }
    height, width = strokes.shape
    is_slim = width <= MIN_WIDTH_OF_SEVERAL * height
    return Reading(stages, image, is_alone, None if is_slim else strokes)
