"""How the images of a data set fill their 28x28 pixels, and pictures fitted into them whole."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
Kind = Literal["mnist", "as_is"]

# An image is in MNIST's frame if the longer side of its ink is from MIN_LENGTH to MAX_LENGTH
# pixels and its centre of mass at most MAX_OFFSET pixels from the centre. In all of MNIST and
# `digits` the length is 20 and the offset below 1, but lossy files blur them.
MIN_LENGTH, MAX_LENGTH, MAX_OFFSET = 18, 21, 1.25
MIN_INK = 32  # grey levels; what lossy files leave around the ink is darker
# A data set is in MNIST's frame if at least this share of its images is. Of digits whose box of 20
# pixels is centred, not their mass, half are in it by chance.
MIN_SHARE = 0.75


@dataclass(frozen=True)
class Framing:
    """How the images of a data set fill their 28x28 pixels.

    Attributes:
        kind: "mnist" for one digit fitted into 20x20 and centred by its mass, "as_is" for
            anything else.
        dark_background: whether the ink is light on dark, as in MNIST.
    """

    kind: Kind = "mnist"
    dark_background: bool = True


def find_framing(images: NDArray[np.uint8]) -> Framing:
    """Return the framing of images (N, 28, 28); blank images do not count."""
    # A sample is enough: 60,000 images take half a second.
    sample = images[:: max(1, len(images) // 2000)]
    rim = np.concatenate([sample[:, [0, -1]].ravel(), sample[:, 1:-1, [0, -1]].ravel()])
    dark_background = bool(np.median(rim) < 128)
    light_on_dark = sample if dark_background else 255 - sample
    light_on_dark = light_on_dark[light_on_dark.max(axis=(1, 2)) > MIN_INK]
    is_mnist = len(light_on_dark) > 0 and float(_are_framed(light_on_dark).mean()) >= MIN_SHARE
    return Framing("mnist" if is_mnist else "as_is", dark_background)


def take_whole(picture: NDArray[np.uint8], dark_background: bool) -> NDArray[np.uint8]:
    """Return a whole picture as 28x28 grey levels.

    A grey picture of 28x28 stays as it is. Any other is scaled, and padded to a square with the
    colour of its border. It is inverted if its border is dark and the data set's background
    light, or the reverse.

    Args:
        picture: (H, W, 3) uint8, RGB.
        dark_background: whether the data set's background is dark.

    Returns:
        (28, 28) uint8.
    """
    height, width = picture.shape[:2]
    if (height, width) == (SIDE, SIDE) and (picture == picture[..., :1]).all():
        return picture[..., 0].copy()
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    border = round(float(np.median(np.concatenate([*grey[[0, -1]], *grey.T[[0, -1]]]))))
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, size, interpolation=interpolation)
    square = np.full((SIDE, SIDE), border, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square if (border < 128) == dark_background else 255 - square


def _are_framed(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return of which images (N, 28, 28) the ink is fitted and centred as in MNIST, (N,).

    The ink is light on dark, and none of the images is without ink.
    """
    levels = np.where(images > MIN_INK, images, 0).astype(np.float64)
    profiles = np.stack([levels.sum(axis=2), levels.sum(axis=1)])  # (2, N, 28)
    has_ink = profiles > 0
    lengths = SIDE - has_ink.argmax(axis=2) - has_ink[..., ::-1].argmax(axis=2)  # (2, N)
    centres = profiles @ (np.arange(SIDE) + 0.5) / profiles.sum(axis=2)
    longer, offset = lengths.max(axis=0), np.abs(centres - SIDE / 2).max(axis=0)
    return (longer >= MIN_LENGTH) & (longer <= MAX_LENGTH) & (offset <= MAX_OFFSET)
