"""Digits and pictures, drawn in a terminal with one character for two pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

RGB = tuple[int, int, int]

SHADES = " ░▒▓█"
ASCII_SHADES = " .+*#"  # for an encoding without blocks, as in a pipe on Windows


def digit_view(digit: NDArray[np.uint8]) -> RenderableType:
    """Draw an image (28, 28) uint8, 255 for ink, in 28 columns and 14 rows.

    A console with colours shows grey half blocks, any other shading characters.
    """
    return _DigitView(digit)


def picture_view(picture: NDArray[np.uint8]) -> RenderableType:
    """Draw a small picture (H, W, 3) uint8, H even, pixel by pixel, in W columns."""
    return _PictureView(picture)


def colour_style(colour: RGB, background: RGB) -> Style:
    """Return a style with a text colour and a background colour."""
    return Style(color=Color.from_rgb(*colour), bgcolor=Color.from_rgb(*background))


@dataclass(frozen=True)
class _PictureView:
    picture: NDArray[np.uint8]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = self.picture.shape[1]
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system is None or console.no_color or options.ascii_only:
            yield Text("(needs colours)", style="dim")
            return
        upper_rows, lower_rows = self.picture[::2].tolist(), self.picture[1::2].tolist()
        for upper_row, lower_row in zip(upper_rows, lower_rows, strict=True):
            for upper, lower in zip(upper_row, lower_row, strict=True):
                yield Segment("▀", colour_style(tuple(upper), tuple(lower)))
            yield Segment.line()


@dataclass(frozen=True)
class _DigitView:
    digit: NDArray[np.uint8]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = self.digit.shape[1]
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        has_colours = console.color_system is not None and not console.no_color
        shades = ASCII_SHADES if options.ascii_only else SHADES
        for upper_row, lower_row in zip(self.digit[::2], self.digit[1::2], strict=True):
            for upper, lower in zip(upper_row.tolist(), lower_row.tolist(), strict=True):
                if has_colours and not options.ascii_only:
                    yield Segment("▀", colour_style((upper,) * 3, (lower,) * 3))
                else:
                    # Rounded up, so that the faintest ink shows.
                    yield Segment(shades[math.ceil((upper + lower) / 510 * (len(shades) - 1))])
            yield Segment.line()
