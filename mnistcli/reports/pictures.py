"""Images as data URIs: PNG files inside the page."""

import base64
import io
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_FILTERS = 64
FILTERS_PER_ROW = 8
FILTER_PIXELS = 40  # eight of them fit on a narrow screen
_GAP = 4
_GAP_COLOUR = 255  # in the palette of filters
# From blue by white to red, of Cynthia Brewer's RdBu, which the colour-blind can tell apart.
_BLUE, _WHITE, _RED = (33, 102, 172), (247, 247, 247), (178, 24, 43)


class Picture(NamedTuple):
    """A picture for the page, its size in pixels, and what a reader who cannot see it hears."""

    uri: str
    width: int
    height: int
    alt: str


def draw_digits(images: NDArray[np.uint8], alt: str) -> Picture:
    """Draw digits (N, 28, 28) beside each other, as the network sees them."""
    strip = np.concatenate(list(np.pad(images, ((0, 0), (1, 1), (1, 1)), "edge")), 1)
    return _to_picture(Image.fromarray(strip), alt)


def draw_filters(weights: NDArray[np.floating[Any]], alt: str) -> Picture:
    """Draw filters (H, W, N) in rows of eight, red for weights above 0 and blue below."""
    weights = np.nan_to_num(weights[..., :MAX_FILTERS])
    height, width, count = weights.shape
    largest = float(np.abs(weights).max()) or 1.0
    levels = np.rint((weights / largest + 1) * 127).astype(np.uint8)
    zoom = max(2, FILTER_PIXELS // max(height, width))
    levels = levels.repeat(zoom, axis=0).repeat(zoom, axis=1)
    height, width = height * zoom + _GAP, width * zoom + _GAP
    columns = min(FILTERS_PER_ROW, count)
    rows = math.ceil(count / columns)
    sheet = np.full((rows * height, columns * width), _GAP_COLOUR, np.uint8)
    for i in range(count):
        top, left = i // columns * height, i % columns * width
        sheet[top : top + height - _GAP, left : left + width - _GAP] = levels[..., i]
    image = Image.fromarray(sheet[:-_GAP, :-_GAP], mode="P")
    image.putpalette(_palette().tobytes())
    return _to_picture(image, alt, transparency=_GAP_COLOUR)


def _palette() -> NDArray[np.uint8]:
    """Return 256 colours, (256, 3): the weights from -1 to 1, and one for what lies between."""
    ends = np.array([_BLUE, _WHITE, _RED], float)
    levels = np.linspace(0, 2, 255)
    colours = [np.interp(levels, [0, 1, 2], ends[:, i]) for i in range(3)]
    return np.concatenate([np.stack(colours, 1), [_WHITE]]).astype(np.uint8)


def _to_picture(image: Image.Image, alt: str, **options: Any) -> Picture:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True, **options)
    uri = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    return Picture(uri, image.width, image.height, alt)
