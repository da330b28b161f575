"""What all figures have in common: sizes, colours, and how they become PNG."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

# Okabe and Ito (2008), Color Universal Design: told apart under every common colour blindness.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#000000", "#8B6C42", "#7F7F7F", "#5D3A9B"),
)
DOTS_PER_INCH = 100
INK = "gray_r"  # as on paper: 0 is white


def new_figure(width: float, height: float, title: str) -> Figure:
    """Return a figure of a size in inches whose parts make room for each other."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    figure.suptitle(title, fontsize=13, fontweight="bold")
    return figure


def encode_png(figure: Figure) -> bytes:
    """Return a figure as the contents of a PNG file."""
    stream = io.BytesIO()
    canvas = FigureCanvasAgg(figure)
    with rc_context({"font.family": "DejaVu Sans"}):  # it comes with matplotlib
        canvas.draw()  # once; savefig does it twice
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(stream, "png")
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
