"""From the ink of one digit to MNIST's frame, in the steps that its makers took.

LeCun, Bottou, Bengio, Haffner (1998), Gradient-Based Learning Applied to Document
Recognition, section III.A: black and white ink is fitted into 20x20 with its aspect kept,
which leaves grey levels where it is anti-aliased, and placed in 28x28 by its centre of mass.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images.ink import Ink, stroke_width
from mnistcli.images.segment import EDGE, Mask

SIDE = 28
BOX_SIDE = 20
# A digit is drawn this many times larger than in MNIST, black and white, before it is reduced.
OVERSAMPLING = 6


def find_mnist_frame(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return a picture's digit (28, 28) if it is fitted and centred as MNIST's are, else None.

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
    """Return the digit alone in black and white, its longer side `OVERSAMPLING` times 20.

    Args:
        ink: (H, W) in [0, 1].
        digit: (H, W), which of it is the digit.
    """
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    near = cv2.dilate(digit[box].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    cut = np.pad(np.where(near, ink[box], 0), 2)
    # Half of what the strokes reach: hairlines do not fill their pixels.
    level = float(np.median(cut[cut > EDGE])) / 2 if (cut > EDGE).any() else 0.5
    scale = OVERSAMPLING * BOX_SIDE / max(digit[box].shape)
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    if scale > 1:
        large = cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC)
        # What was interpolated has the steps of the pixels: smooth them away.
        large = cv2.GaussianBlur(large, (0, 0), min(0.3 * scale, OVERSAMPLING / 2))
    else:
        large = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    mask: Mask = large > min(level, float(large.max()) / 2)
    return _crop(mask)


# Mean widths of strokes in MNIST's frame, as `stroke_width` measures them, in pixels.
THINNEST, THICKEST = 1.9, 3.6


def set_stroke_width(mask: Mask) -> Mask:
    """Return the digit with a pen that MNIST's writers could have had.

    All edges move by the same distance, inwards or outwards, where its strokes are
    thinner or thicker than nearly all of MNIST's.
    """
    longer = max(mask.shape)
    thickness = stroke_width(mask)
    wanted = float(np.clip(thickness * BOX_SIDE / longer, THINNEST, THICKEST))
    # The digit grows with its pen, and is then scaled to the box.
    move = (wanted * longer - BOX_SIDE * thickness) / (2 * (BOX_SIDE - wanted))
    if abs(move) < 0.25:
        return mask
    margin = int(abs(move)) + 2
    padded = np.pad(mask.astype(np.uint8), margin)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    outside = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    moved = inside - outside > -move
    return _crop(moved) if moved.any() else mask


def fit_to_box(mask: Mask) -> Ink:
    """Return the digit anti-aliased, its longer side 20."""
    scale = BOX_SIDE / max(mask.shape)
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    pixels = mask.astype(np.float32)
    fitted: Ink = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return fitted


def centre_by_mass(ink: Ink) -> NDArray[np.uint8]:
    """Return ink of at most 28x28 with its centre of mass on pixel 14, as all of MNIST has it."""
    framed = np.zeros((SIDE, SIDE), np.uint8)
    rows = _placement(ink.sum(axis=1))
    columns = _placement(ink.sum(axis=0))
    framed[rows, columns] = np.rint(ink * 255)
    return framed


def _placement(profile: Ink) -> slice:
    start = min(max(round(SIDE / 2 - _centre(profile)), 0), SIDE - profile.size)
    return slice(start, start + profile.size)


def _centre(profile: Ink) -> float:
    return float(profile @ np.arange(profile.size) / profile.sum())


def _crop(mask: Mask) -> Mask:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
