"""How the images of a data set lie in their 28x28 pixels, and any picture brought there."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
Kind = Literal["mnist", "as_is"]

# An image is in MNIST's frame if its ink is this long and its centre of mass no farther from the
# centre. All of MNIST and of `digits` is 20 and within 1; lossy files blur it a little.
LONGEST, SHORTEST, OFF_CENTRE = 21, 18, 1.25
INK = 32  # what lossy files leave around the ink is darker
# Of digits in a box of 20 whose middle is centred instead of their mass, half are so by chance.
MOST = 0.75


@dataclass(frozen=True)
class Framing:
    """How the images of a data set are made.

    Attributes:
        kind: "mnist", one digit fitted into 20x20 and centred by its mass; "as_is", anything
            else.
        dark_background: light on dark, as MNIST is.
    """

    kind: Kind = "mnist"
    dark_background: bool = True


def find_framing(images: NDArray[np.uint8]) -> Framing:
    """Return how images (N, 28, 28) are framed; blank ones do not count."""
    rim = np.concatenate([images[:, [0, -1]].ravel(), images[:, 1:-1, [0, -1]].ravel()])
    dark_background = bool(np.median(rim) < 128)
    # A sample is enough, and 60,000 take half a second.
    sample = images[:: max(1, len(images) // 2000)]
    light = sample if dark_background else 255 - sample
    light = light[light.max(axis=(1, 2)) > INK]
    are_framed = [_is_framed(image) for image in light]
    is_mnist = bool(are_framed) and float(np.mean(are_framed)) >= MOST
    return Framing("mnist" if is_mnist else "as_is", dark_background)


def take_whole(picture: NDArray[np.uint8], dark_background: bool) -> NDArray[np.uint8]:
    """Return a picture as 28x28 grey levels, with nothing looked for in it.

    Grey of 28x28 stays as it is. Any other picture is reduced and padded to a square with its
    border's colour, and inverted if that is dark where the data set's is light, or the reverse.

    Args:
        picture: (H, W, 3) uint8, RGB.

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
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, size, interpolation=method)
    square = np.full((SIDE, SIDE), border, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square if (border < 128) == dark_background else 255 - square


def _is_framed(image: NDArray[np.uint8]) -> bool:
    """Whether an image's ink, light on dark, is fitted and centred as MNIST's is."""
    ink = image > INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    levels = np.where(ink, image, 0).astype(np.float64)
    places = np.arange(SIDE) + 0.5
    off = max(
        abs(float(levels.sum(axis=axis) @ places) / float(levels.sum()) - SIDE / 2)
        for axis in (0, 1)
    )
    return bool(SHORTEST <= longer <= LONGEST) and off <= OFF_CENTRE
