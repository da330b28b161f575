"""The one place of what all figures share: palette, sizes, axes and rendering."""

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from mnistcli.errors import printable

# The first seven are from Okabe and Ito (2008), Color Universal Design: they differ under every
# common colour blindness. The others are for data sets with more classes, and for more runs.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#000000", "#8B6C42", "#7F7F7F", "#5D3A9B"),
)
# The same hues, light enough for a dark background.
LIGHT_COLOURS = (
    *("#56B4E9", "#FF8C42", "#2FCB9B", "#E79AC4", "#F2C14E"),
    *("#A9D8F5", "#FFFFFF", "#C9A878", "#A6A6A6", "#A98BE8"),
)
MARKERS = "osD^vPX*p"  # nine: with ten colours, ninety lines have another pair each
DOTS_PER_INCH = 200
MAX_PIXELS = 12_000_000  # in all; 256 classes would have 36,000,000, and take 6 s
TITLE_SIZE, HEADING_SIZE, TEXT_SIZE, SMALL_SIZE = 12, 10, 9, 8  # in points
TITLE_LETTER = 0.11  # the width of most of the title's letters, in inches
DIGIT_COLOURS = "gray"  # light on dark, as the network sees a digit
CREATOR = "mnistcli"  # what SVG files name as their software


@dataclass(frozen=True)
class Theme:
    """The colours of a figure.

    Attributes:
        muted: of axes, frames and notes.
        colours: of lines and bars.
        error: the strongest colour of a mistake.
        correct: the background of what is right.
        signed: the name of a colour map with 0 in its middle, in the background's colour.
    """

    background: str
    ink: str
    muted: str
    grid: str
    colours: tuple[str, ...]
    error: str
    correct: str
    signed: str

    def error_colours(self) -> Colormap:
        """Return a colour map from the background to the colour of many mistakes."""
        return LinearSegmentedColormap.from_list("errors", [self.background, self.error])

    def signed_colours(self) -> Colormap:
        """Return a colour map of values below and above 0, transparent where there are none."""
        return colormaps[self.signed].with_extremes(bad=(0, 0, 0, 0))


LIGHT = Theme("#FFFFFF", "#1F1F1F", "#666666", "#E3E3E3", COLOURS, "#E0561B", "#DCE9F3", "RdBu_r")
DARK = Theme(
    "#16181D", "#ECECEC", "#A0A4AB", "#30343C", LIGHT_COLOURS, "#FF7A33", "#21384B", "berlin"
)
_theme: ContextVar[Theme] = ContextVar("theme", default=LIGHT)
Parameters = ParamSpec("Parameters")


def theme() -> Theme:
    """Return the colours to draw with."""
    return _theme.get()


@contextmanager
def dark_figures() -> Iterator[None]:
    """Draw figures for a dark background in this context."""
    token = _theme.set(DARK)
    try:
        yield
    finally:
        _theme.reset(token)


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Let a function draw with the sizes and colours of all figures."""

    @wraps(draw)
    def styled_draw(*args: Parameters.args, **options: Parameters.kwargs) -> Figure:
        with rc_context(_settings(theme())):
            figure = draw(*args, **options)
            figure.findobj(Text)  # makes the ticks, which take their style when they are made
        return figure

    return styled_draw


def _settings(colours: Theme) -> dict[str, Any]:
    """Return Matplotlib's settings; those of the user are left as they are."""
    return {
        "figure.facecolor": colours.background,
        "axes.facecolor": colours.background,
        "text.color": colours.ink,
        "axes.labelcolor": colours.muted,
        "axes.edgecolor": colours.muted,
        "xtick.color": colours.muted,
        "ytick.color": colours.muted,
        "grid.color": colours.grid,
        "font.size": TEXT_SIZE,
        "axes.titlesize": HEADING_SIZE,
        "axes.labelsize": TEXT_SIZE,
        "figure.labelsize": TEXT_SIZE,
        "xtick.labelsize": SMALL_SIZE,
        "ytick.labelsize": SMALL_SIZE,
        "legend.fontsize": TEXT_SIZE,
        "legend.frameon": False,
    }


def make_figure(width: float, height: float, title: str = "") -> Figure:
    """Return a figure with a title, or without one, of a size in inches."""
    dots_per_inch = min(DOTS_PER_INCH, int(math.sqrt(MAX_PIXELS / (width * height))))
    figure = Figure(figsize=(width, height), dpi=dots_per_inch, layout="constrained")
    if not title:
        return figure
    letters_per_line = int(width / TITLE_LETTER)
    lines = [textwrap.fill(line, letters_per_line) for line in title.split("\n")]
    # Names of runs and files may hold a dollar, which does not begin a formula.
    figure.suptitle("\n".join(lines), fontsize=TITLE_SIZE, fontweight="bold", parse_math=False)
    return figure


def render_figure(figure: Figure) -> NDArray[np.uint8]:
    """Return the pixels of a figure, (H, W, 3) uint8, RGB."""
    canvas = FigureCanvasAgg(figure)
    with _printable_texts(figure):
        canvas.draw()  # savefig would draw twice
    return np.asarray(canvas.buffer_rgba())[..., :3]


def render_svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file, the same bytes for the same figure."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.BytesIO()
    # The names of its parts come from random numbers otherwise.
    with rc_context({"svg.hashsalt": CREATOR}), _printable_texts(figure):
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Creator": CREATOR, "Date": None})
    return stream.getvalue()


@contextmanager
def _printable_texts(figure: Figure) -> Iterator[None]:
    """Make a figure's texts safe to draw."""
    for text in figure.findobj(Text):
        # A font has no control characters, and raises on bytes that are no UTF-8.
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
    with warnings.catch_warnings():
        # Characters that the font lacks become boxes.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        yield


def show_image(
    axes: Axes, image: NDArray[Any], title: str = "", *, low: float = 0, high: float = 255
) -> None:
    """Draw grey levels (H, W), the high ones light, without ticks.

    Args:
        axes: to draw on.
        image: (H, W); NaN is transparent.
        title: above the image.
        low: the level of black.
        high: the level of white.
    """
    shares = (np.asarray(image, np.float64) - low) / (high - low)
    colours = colormaps[DIGIT_COLOURS].with_extremes(bad=(0, 0, 0, 0))
    # Bytes: Matplotlib takes twice the time to enlarge the numbers before it colours them.
    axes.imshow(colours(np.ma.masked_invalid(shares), bytes=True), interpolation="nearest")
    remove_ticks(axes)
    if title:
        axes.set_title(title, fontsize=TEXT_SIZE, pad=3)


def remove_ticks(axes: Axes) -> None:
    """Leave nothing of the axes but what is drawn on them."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def write_inside(axes: Axes, x: float, y: float, text: str, **options: Any) -> None:
    """Write a text inside axes. The layout leaves it out: to measure a hundred takes 0.2 s."""
    axes.text(x, y, text, **options).set_in_layout(False)


def make_grid(figure: Any, rows: int, columns: int) -> list[Axes]:
    """Return the axes of a grid, row by row."""
    return list(np.ravel(figure.subplots(rows, columns, squeeze=False)))


def tile_images(images: NDArray[Any], columns: int, gap: int = 1) -> NDArray[np.float64]:
    """Return images (N, H, W) beside and below each other, with NaN between them.

    One sheet for all of them: axes for each would take ten times as long.

    Args:
        images: (N, H, W).
        columns: how many stand in a row.
        gap: pixels between them.

    Returns:
        (rows * (H + gap), columns * (W + gap)) float64.
    """
    count, height, width = images.shape
    rows = max(1, math.ceil(count / columns))
    cells = np.full((rows * columns, height + gap, width + gap), np.nan)
    cells[:count, gap // 2 : gap // 2 + height, gap // 2 : gap // 2 + width] = images
    cells = cells.reshape(rows, columns, height + gap, width + gap)
    return cells.transpose(0, 2, 1, 3).reshape(rows * (height + gap), columns * (width + gap))


def simplify_axes(axes: Axes) -> None:
    """Remove the frame's upper and right side, and draw a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.7)
    axes.set_axisbelow(True)


def set_ticks(axis: Any, ticks: Sequence[float], text: Callable[[float], str]) -> None:
    """Give an axis these ticks and no others, with plain texts."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_locator(NullLocator())
