"""What all figures have in common: sizes, colours, and how they become PNG."""

import io
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from mnistcli.errors import printable

# The first seven are of Okabe and Ito (2008), Color Universal Design: told apart under every
# common colour blindness. The others are for data sets with more classes, and for more runs.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#000000", "#8B6C42", "#7F7F7F", "#5D3A9B"),
)
DOTS_PER_INCH = 100
TITLE_SIZE = 13  # in points
TITLE_LETTER = 0.12  # the width of most of its letters, in inches
INK = "gray_r"  # as on paper: 0 is white


def new_figure(width: float, height: float, title: str) -> Figure:
    """Return a figure of a size in inches whose parts make room for each other."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    letters = int(width / TITLE_LETTER)
    lines = [textwrap.fill(line, letters) for line in title.split("\n")]
    # A dollar in the name of a run or of a file begins no formula.
    figure.suptitle("\n".join(lines), fontsize=TITLE_SIZE, fontweight="bold", parse_math=False)
    return figure


def draw_pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure as pixels, (H, W, 3)."""
    for text in figure.findobj(Text):
        # A font has no control characters, and cannot take bytes that are no UTF-8.
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # Of a script that the font lacks, boxes are drawn.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        canvas.draw()  # once; savefig does it twice
    return np.asarray(canvas.buffer_rgba())[..., :3]


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (H, W, 3) as the contents of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


def show_image(
    axes: Axes, image: NDArray[Any], title: str = "", *, low: float = 0, high: float = 255
) -> None:
    """Draw a (28, 28) image as ink on paper, without axes."""
    axes.imshow(image, cmap=INK, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#BBBBBB")
    if title:
        axes.set_title(title, fontsize=9, pad=3)


def grid(figure: Any, rows: int, columns: int) -> Iterator[Axes]:
    """Yield the axes of a grid, row by row."""
    yield from np.ravel(figure.subplots(rows, columns, squeeze=False))


def plain_axes(axes: Axes) -> None:
    """Leave out the frame's upper and right side, and draw a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
