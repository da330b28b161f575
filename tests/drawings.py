"""A drawn 5, its file, and what is read of it; digits of a data set as pictures in folders."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnistcli.data import Dataset
from mnistcli.errors import ImageError
from mnistcli.images import PictureFile, read_digits

FIVE = ((75, 5), (30, 5), (27, 45), (55, 40), (75, 60), (65, 90), (20, 85))
BLACK, WHITE, CLEAR = (0, 0, 0, 255), (255, 255, 255, 255), (0, 0, 0, 0)
Colour = tuple[int, ...]


def draw_five(
    paper: Colour = WHITE,
    ink: Colour = BLACK,
    *,
    size: tuple[int, int] = (400, 400),
    start: tuple[int, int] = (100, 100),
    scale: float = 2.0,
    stroke: int = 20,
) -> Image.Image:
    """Draws a 5 about 60 x 90 times `scale` pixels large, as RGBA."""
    image = Image.new("RGBA", size, paper)
    pen = ImageDraw.Draw(image)
    points = [(start[0] + x * scale, start[1] + y * scale) for x, y in FIVE]
    pen.line(points, fill=ink, width=stroke, joint="curve")
    for x, y in points:
        pen.circle((x, y), stroke / 2, fill=ink)
    return image


def encode(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def write(folder: Path, content: bytes, name: str = "digit.png") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def write_labelled(folder: Path, digits: Dataset, numbers: range) -> Path:
    """Write test images as ink on paper into a folder for each class."""
    for i in numbers:
        path = folder / str(digits.test_labels[i]) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - digits.test_images[i]).resize((84, 84)).save(path)
    return folder


def read_digit(path: Path) -> NDArray[np.uint8]:
    (digit,) = read_digits([PictureFile(path)])
    if isinstance(digit, ImageError):
        raise digit
    return digit.image


def extents(digit: NDArray[np.uint8]) -> tuple[int, int]:
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
