"""The lines of digits in one picture, read as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images import (
    MNIST_FRAMING,
    Digit,
    Framing,
    Row,
    find_rows,
    find_sheet,
    frame_mask,
    measure_ink,
)
from mnistcli.recognition.predictions import Prediction, Recognizer
from mnistcli.recognition.split import MAX_DIGITS, bounding_box, split_digits

Box = tuple[int, int, int, int]  # left, top, right and bottom; the last two are just outside


@dataclass(frozen=True)
class Line:
    """A line of digits.

    Attributes:
        digits: left to right.
        boxes: of each digit, in pixels of the picture as the user has it.
        is_separate: for each digit, whether it stands apart from its neighbours, or the cuts
            between them are beyond doubt.
    """

    digits: list[Prediction]
    boxes: list[Box]
    is_separate: list[bool]

    @property
    def number(self) -> str:
        """The digits as text."""
        return "".join(str(prediction.digit) for prediction in self.digits)

    def to_json(self) -> dict[str, Any]:
        """Return the number and its digits as plain values, for JSON."""
        lefts, tops, rights, bottoms = zip(*self.boxes, strict=True)
        digits = zip(self.digits, self.boxes, self.is_separate, strict=True)
        return {
            "number": self.number,
            "box": [min(lefts), min(tops), max(rights), max(bottoms)],
            "digits": [
                prediction.to_json() | {"box": list(box), "separated": is_separate}
                for prediction, box, is_separate in digits
            ],
        }


@dataclass(frozen=True)
class NumberReading:
    """What a picture's digits say.

    Attributes:
        lines: top to bottom, at least one.
        size: the width and height of the picture as the user has it, in pixels.
        left_out: the number of lines that are left out, since their digits are much smaller.
    """

    lines: list[Line]
    size: tuple[int, int]
    left_out: int = 0

    @property
    def number(self) -> str:
        """The digits as text, a line for each line of the picture."""
        return "\n".join(line.number for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Return the lines as plain values, for JSON; `digits` has those of all lines."""
        lines = [{"line": i} | line.to_json() for i, line in enumerate(self.lines, start=1)]
        digits = [{"line": line["line"]} | digit for line in lines for digit in line["digits"]]
        return {
            "number": self.number,
            "width": self.size[0],
            "height": self.size[1],
            "lines": lines,
            "lines_left_out": self.left_out,
            "digits": digits,
        }


def read_number(
    picture: NDArray[np.uint8],
    recognizer: Recognizer,
    framing: Framing = MNIST_FRAMING,
    size: tuple[int, int] | None = None,
) -> NumberReading:
    """Read lines of digits, top to bottom and left to right.

    Args:
        picture: (H, W, 3) uint8, RGB.
        recognizer: the network.
        framing: of the network's training images; its kind is "mnist".
        size: the width and height of the user's picture, where it is larger than `picture`.

    Raises:
        ImageError: the picture is blank, holds several sheets, or has too many digits in a line.
    """
    height, width = picture.shape[:2]
    size = size or (width, height)
    scale = size[0] / width, size[1] / height
    sheet = find_sheet(picture)
    if not sheet.is_alone:
        raise ImageError(
            "the picture holds several sheets of one size", "expected one; make a picture of each"
        )
    lines = []
    rows, left_out = find_rows(measure_ink(sheet.picture), MAX_DIGITS)
    for number, row in enumerate(rows, start=1):
        masks, is_separate = _split_row(row, recognizer, framing)
        digits = [
            Digit(f"line {number}, digit {i}", frame_mask(row.ink, mask, framing))
            for i, mask in enumerate(masks, start=1)
        ]
        offset = sheet.left + row.left, sheet.top + row.top
        boxes = [_scale_box(bounding_box(mask), offset, scale) for mask in masks]
        lines.append(Line(recognizer.predict(digits), boxes, is_separate))
    return NumberReading(lines, size, left_out)


def _split_row(
    row: Row, recognizer: Recognizer, framing: Framing
) -> tuple[list[NDArray[np.bool_]], list[bool]]:
    """Return the masks of a row's single digits, and for each whether it is clearly separate."""
    masks, is_separate = [], []
    for mask in row.masks:
        pieces, is_clear = split_digits(row.ink, mask, recognizer, framing)
        masks += pieces
        is_separate += [is_clear] * len(pieces)
    return masks, is_separate


def _scale_box(box: Sequence[int], offset: tuple[int, int], scale: tuple[float, float]) -> Box:
    """Return a box on a row in pixels of the user's picture."""
    left, top, right, bottom = box
    return (
        round((left + offset[0]) * scale[0]),
        round((top + offset[1]) * scale[1]),
        round((right + offset[0]) * scale[0]),
        round((bottom + offset[1]) * scale[1]),
    )
