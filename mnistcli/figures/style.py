"""The sizes, colours and axes that all figures share, and their rendering."""

import textwrap
import warnings
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from mnistcli.errors import printable

# The first seven are from Okabe and Ito (2008), Color Universal Design: they differ under every
# common colour blindness. The others are for data sets with more classes, and for more runs.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#000000", "#8B6C42", "#7F7F7F", "#5D3A9B"),
)
DOTS_PER_INCH = 100
TITLE_SIZE = 13  # in points
TITLE_LETTER = 0.12  # the width of most of its letters, in inches
INK_COLOURS = "gray_r"  # 0 is white, as on paper


def make_figure(width: float, height: float, title: str) -> Figure:
    """Return a figure with a title, of a size in inches."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    letters_per_line = int(width / TITLE_LETTER)
    lines = [textwrap.fill(line, letters_per_line) for line in title.split("\n")]
    # Names of runs and files may hold a dollar, which does not begin a formula.
    figure.suptitle("\n".join(lines), fontsize=TITLE_SIZE, fontweight="bold", parse_math=False)
    return figure


def render_figure(figure: Figure) -> NDArray[np.uint8]:
    """Return the pixels of a figure, (H, W, 3) uint8, RGB."""
    for text in figure.findobj(Text):
        # A font has no control characters, and raises on bytes that are no UTF-8.
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # Characters that the font lacks become boxes.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        canvas.draw()  # savefig would draw twice
    return np.asarray(canvas.buffer_rgba())[..., :3]


def show_image(
    axes: Axes, image: NDArray[Any], title: str = "", *, low: float = 0, high: float = 255
) -> None:
    """Draw grey levels (H, W) as ink on paper, without ticks.

    Args:
        axes: to draw on.
        image: (H, W).
        title: above the image.
        low: the level of paper.
        high: the level of full ink.
    """
    axes.imshow(image, cmap=INK_COLOURS, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#BBBBBB")
    if title:
        axes.set_title(title, fontsize=9, pad=3)


def make_grid(figure: Any, rows: int, columns: int) -> list[Axes]:
    """Return the axes of a grid, row by row."""
    return list(np.ravel(figure.subplots(rows, columns, squeeze=False)))


def simplify_axes(axes: Axes) -> None:
    """Remove the frame's upper and right side, and draw a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
