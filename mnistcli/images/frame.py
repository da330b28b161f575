"""The ink of one digit, brought into MNIST's frame in the steps that its makers took.

LeCun, Bottou, Bengio, Haffner (1998), Gradient-Based Learning Applied to Document
Recognition, section III.A: a black and white digit is scaled into 20x20 pixels with its aspect
ratio kept, which makes its edges grey, and placed in 28x28 by its centre of mass.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images.ink import Ink, Mask, stroke_width
from mnistcli.images.parts import EDGE

SIDE = 28
BOX_SIDE = 20
# A digit is drawn this many times larger than in MNIST, black and white, before it is reduced.
OVERSAMPLING = 6
# Mean widths of strokes in pixels of MNIST's frame, as `stroke_width` measures them; nearly
# all of MNIST is between them.
THINNEST, THICKEST = 1.9, 3.6


def find_mnist_frame(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return a picture as (28, 28) if its digit is in MNIST's frame already, else None.

    Args:
        picture: (H, W, 3) uint8; light on black as in MNIST, or black on white.
    """
    grey = picture[..., 0]
    if grey.shape != (SIDE, SIDE) or not (picture == picture[..., :1]).all():
        return None
    image = grey if np.median(grey) < 128 else 255 - grey
    if image.max() < 128:
        return None
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    middles = (_centre(image.sum(axis=axis, dtype=np.float32)) + 0.5 for axis in (0, 1))
    is_centred = max(abs(middle - SIDE / 2) for middle in middles) <= 1
    return image.copy() if longer == BOX_SIDE and is_centred else None


def draw_large(ink: Ink, digit: Mask) -> Mask:
    """Return the digit alone in black and white, its longer side `OVERSAMPLING` times `BOX_SIDE`.

    Args:
        ink: (H, W) in [0, 1].
        digit: (H, W), the mask of the digit.

    Returns:
        (H', W'), the digit without a margin.
    """
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    surroundings = cv2.dilate(digit[box].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    crop = _pad(np.where(surroundings, ink[box], 0), 2)
    # Hairlines do not fill their pixels, so the level is half of the ink that the strokes have.
    level = _median(crop[crop > EDGE]) / 2 if (crop > EDGE).any() else 0.5
    scale = OVERSAMPLING * BOX_SIDE / max(digit[box].shape)
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    if scale > 1:
        large = cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC)
        # Interpolation leaves the steps of the pixels: smooth them away.
        large = cv2.GaussianBlur(large, (0, 0), min(0.3 * scale, OVERSAMPLING / 2))
    else:
        large = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    mask: Mask = large > min(level, float(large.max()) / 2)
    return _crop(mask)


def set_stroke_width(mask: Mask) -> Mask:
    """Return the digit with strokes at least `THINNEST` and at most `THICKEST` in MNIST's frame.

    To change the width, all edges move by the same distance, inwards or outwards.
    """
    longer = max(mask.shape)
    thickness = stroke_width(mask)
    target = float(np.clip(thickness * BOX_SIDE / longer, THINNEST, THICKEST))
    # The digit grows with its strokes, and is scaled to the box afterwards.
    shift = (target * longer - BOX_SIDE * thickness) / (2 * (BOX_SIDE - target))
    if abs(shift) < 0.25:
        return mask
    margin = int(abs(shift)) + 2
    padded = _pad(mask.astype(np.uint8), margin)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    outside = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    digit: Mask = inside - outside > -shift
    return _crop(digit) if digit.any() else mask


def frame_large_mask(mask: Mask) -> NDArray[np.uint8]:
    """Return a digit that is drawn large in black and white in MNIST's frame, (28, 28)."""
    return centre_by_mass(fit_to_box(_crop(mask)))


def fit_to_box(mask: Mask) -> Ink:
    """Return the digit with grey edges, its longer side `BOX_SIDE` pixels long."""
    scale = BOX_SIDE / max(mask.shape)
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    pixels = mask.astype(np.float32)
    ink: Ink = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return ink


def centre_by_mass(ink: Ink) -> NDArray[np.uint8]:
    """Return ink of at most 28x28 as (28, 28), with its centre of mass at the centre, as MNIST."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    rows = _placement(ink.sum(axis=1))
    columns = _placement(ink.sum(axis=0))
    image[rows, columns] = np.rint(ink * 255)
    return image


def _placement(profile: Ink) -> slice:
    start = min(max(round(SIDE / 2 - _centre(profile)), 0), SIDE - profile.size)
    return slice(start, start + profile.size)


def _centre(profile: Ink) -> float:
    return float(profile @ np.arange(profile.size) / profile.sum())


def _pad(pixels: NDArray[Any], margin: int) -> NDArray[Any]:
    """Return pixels (H, W) with zeros around them; np.pad takes ten times as long."""
    return cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_CONSTANT)


def _median(values: Ink) -> float:
    """Return the median of float32 values (N,); np.median imports numpy.ma, which takes 6 ms."""
    return float(np.sort(values)[[(values.size - 1) // 2, values.size // 2]].mean())


def _crop(mask: Mask) -> Mask:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
