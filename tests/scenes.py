"""Pictures with more than one digit's paper in them: canvases on pages, and rows of digits.

`CANVASES` are pictures of one digit, as those of `pictures.NUISANCES`. `ROWS` take several
digits' inks and a random generator, and return a picture of them, side by side or in lines.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pictures import BLACK, WHITE, Ink, Picture, Random, colour, gradient, grain, jpeg, place

FONT = cv2.FONT_HERSHEY_SIMPLEX


def write(page: NDArray[np.uint8], text: str, left: int, top: int, size: float = 0.6) -> None:
    """Write text on a page, black on a light page and white on a dark one."""
    ink = (0, 0, 0) if page[-1].mean() > 127 else (255, 255, 255)
    cv2.putText(page, text, (left, top), FONT, size, ink, 1, cv2.LINE_AA)


def canvas(ink: Ink, random: Random, *, is_dark: bool, pen: int = 255) -> tuple[Picture, Picture]:
    """Return a drawing of 200 to 280 pixels, and a page of the opposite colour with room for it."""
    side = int(random.integers(200, 280))
    size = int(side * random.uniform(0.6, 0.9))
    top, left = random.integers(0, side - size, 2)
    large = place(ink, side, side, top, left, size)
    drawing = colour(large, BLACK, np.full(3, pen)) if is_dark else colour(large, WHITE, BLACK)
    shade = int(random.integers(225, 256)) if is_dark else int(random.integers(20, 60))
    page = np.full((side + random.integers(120, 300), side + random.integers(100, 500), 3), shade)
    return drawing, page.astype(np.uint8)


def put(page: Picture, drawing: Picture, top: int, left: int) -> None:
    page[top : top + len(drawing), left : left + drawing.shape[1]] = drawing


def captioned(ink: Ink, random: Random, *, is_dark: bool) -> Picture:
    """A canvas in the middle of a page, with a title above and a caption below it."""
    drawing, page = canvas(ink, random, is_dark=is_dark)
    left = (page.shape[1] - len(drawing)) // 2
    put(page, drawing, 60, left)
    write(page, "Draw a digit", left, 40, 0.9)
    write(page, "prediction: none yet", left, 60 + len(drawing) + 30)
    return page


def buttons(ink: Ink, random: Random, *, is_dark: bool) -> Picture:
    """A canvas at the left of a page, with coloured buttons below, text beside, and a cursor."""
    drawing, page = canvas(ink, random, is_dark=is_dark)
    side = len(drawing)
    put(page, drawing, 20, 20)
    for left, text, shade in ((20, "Clear", (200, 60, 60)), (110, "Predict", (40, 120, 200))):
        page[side + 40 : side + 72, left : left + 80] = shade
        cv2.putText(page, text, (left + 8, side + 62), FONT, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    write(page, "0 1 2 3 4 5 6 7 8 9", side + 40, 60)
    arrow = np.array([[0, 0], [0, 16], [5, 12], [11, 12]]) + random.integers(20, side, 2)
    cv2.fillPoly(page, [arrow.astype(np.int32)], (128, 128, 128))
    return page


def plotted(ink: Ink, random: Random, *, is_dark: bool) -> Picture:
    """A figure as matplotlib draws it: 28 square pixels a side, a black frame, ticks, a title."""
    size = int(random.integers(19, 23))
    top, left = random.integers(2, 28 - size, 2)
    pixels = place(ink, 28, 28, top, left, size)
    pixels = np.repeat(np.repeat(pixels, 12, axis=0), 12, axis=1)
    drawing = colour(pixels, BLACK, WHITE) if is_dark else colour(pixels, WHITE, BLACK)
    page = np.full((480, 640, 3), 255, np.uint8)
    put(page, drawing, 76, 152)
    cv2.rectangle(page, (151, 75), (488, 412), (0, 0, 0), 1)
    for tick in range(0, 28, 5):
        at = 152 + 6 + 12 * tick
        page[413:418, at] = page[at - 76, 146:151] = 0
        write(page, str(tick), at - 5, 433, 0.4)
        write(page, str(tick), 122, at - 72, 0.4)
    write(page, "label: ?", 280, 65, 0.6)
    return page


def screenshot(ink: Ink, random: Random) -> Picture:
    """A window with a blue bar, a framed white canvas on white, and text around it."""
    side = int(random.integers(200, 280))
    page = np.full((side + 180, side + 260, 3), 255, np.uint8)
    page[:40] = (30, 60, 150)
    cv2.putText(page, "Digit recognizer", (20, 27), FONT, 0.7, (255, 255, 255), 1, cv2.LINE_AA)
    size = int(side * random.uniform(0.6, 0.85))
    top, left = random.integers(5, side - size - 5, 2)
    large = place(ink, side, side, top, left, size)
    put(page, colour(large, WHITE, BLACK), 60, 30)
    cv2.rectangle(page, (29, 59), (30 + side, 60 + side), (60, 60, 60), 1)
    write(page, "Clear", 40, side + 90)
    write(page, "Your digit: ?", side + 50, 100)
    return page


CANVASES: dict[str, Callable[[Ink, Random], Picture]] = {
    "a dark canvas with a title": lambda ink, r: captioned(ink, r, is_dark=True),
    "a light canvas with a title": lambda ink, r: captioned(ink, r, is_dark=False),
    "a dark canvas with buttons": lambda ink, r: buttons(ink, r, is_dark=True),
    "a light canvas with buttons": lambda ink, r: buttons(ink, r, is_dark=False),
    "a dark figure with ticks": lambda ink, r: plotted(ink, r, is_dark=True),
    "a light figure with ticks": lambda ink, r: plotted(ink, r, is_dark=False),
    "a framed canvas": screenshot,
}


def trim(ink: Ink) -> Ink:
    columns = np.flatnonzero((ink > 0.1).any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1]


def line_up(inks: Sequence[Ink], gap: int | None, height: int = 240) -> Ink:
    """Return digits side by side, `gap` pixels apart; None: they just touch."""
    row = trim(inks[0])
    for ink in map(trim, inks[1:]):
        wide = np.pad(ink, ((0, 0), (row.shape[1] + (gap or 0), 0)))
        row = np.pad(row, ((0, 0), (0, wide.shape[1] - row.shape[1])))
        while gap is None and not ((row > 0.5) & (wide > 0.5)).any() and wide[:, 0].max() < 0.5:
            wide = np.roll(wide, -1, axis=1)
        row = np.maximum(row, wide)
    row = trim(row)
    scale = height / 240
    small = cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.pad(small, round(30 * scale))


def on_white(ink: Ink) -> Picture:
    return colour(ink, WHITE, np.full(3, 20.0))


def ruled_row(inks: Sequence[Ink], random: Random) -> Picture:
    """A photo of a row on ruled paper; the digits stand on a line, which slopes a little."""
    row = np.pad(line_up(inks, 30, 120), ((40, 40), (40, 40)))
    height, width = row.shape
    picture = colour(row, np.array([222.0, 220, 212]), np.array([40.0, 40, 70]))
    slope = random.uniform(-0.03, 0.03)
    for middle in range(150 - 85, height, 85):
        ends = [(0, round(middle - slope * width / 2)), (width, round(middle + slope * width / 2))]
        cv2.line(picture, ends[0], ends[1], (130, 150, 190), 2, cv2.LINE_AA)
    light = picture * gradient(picture.shape, random, 0.7) + grain(picture.shape, random, 0.6, 3)
    return jpeg(np.clip(light, 0, 255).astype(np.uint8), 80)


def table_row(inks: Sequence[Ink], random: Random) -> Picture:
    """Each digit in a cell of a table."""
    cell = 110
    page = np.zeros((cell + 40, cell * len(inks) + 40), np.float32)
    for i, ink in enumerate(inks):
        size = int(random.integers(80, 105))
        top, left = 20 + (cell - size) // 2, 20 + cell * i + (cell - size) // 2
        page = np.maximum(page, place(ink, *page.shape, top, left, size))
    picture = on_white(page)
    for i in range(len(inks) + 1):
        cv2.line(picture, (20 + cell * i, 20), (20 + cell * i, 20 + cell), (60, 60, 60), 2)
    for top in (20, 20 + cell):
        cv2.line(picture, (20, top), (20 + cell * len(inks), top), (60, 60, 60), 2)
    return picture


def two_lines(inks: Sequence[Ink], random: Random) -> Picture:
    """The first half of the digits above the others."""
    half = len(inks) // 2
    lines = [line_up(part, 25, 120) for part in (inks[:half], inks[half:])]
    width = max(line.shape[1] for line in lines)
    return on_white(
        np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines])
    )


def punctuated(inks: Sequence[Ink], random: Random) -> Picture:
    """A comma after the first digit, and a dot after the last."""
    row = np.pad(line_up(inks, 60, 120), ((0, 20), (0, 40)))
    column = round(15 + trim(inks[0]).shape[1] / 2 + 14)
    cv2.line(row, (column, 118), (column - 6, 134), 1.0, 6, cv2.LINE_AA)
    cv2.circle(row, (row.shape[1] - 42, 119), 5, 1.0, -1, cv2.LINE_AA)
    return on_white(row)


ROWS: dict[str, Callable[[Sequence[Ink], Random], Picture]] = {
    "side by side": lambda inks, _: on_white(line_up(inks, 40)),
    "light on dark": lambda inks, _: 255 - on_white(line_up(inks, 40)),
    "very near": lambda inks, _: on_white(line_up(inks, 8)),
    "touching": lambda inks, _: on_white(line_up(inks, None)),
    "28 pixels high": lambda inks, _: on_white(line_up(inks, 20, 22)),
    "on ruled paper": ruled_row,
    "in a table": table_row,
    "two lines": two_lines,
    "with comma and dot": punctuated,
}
