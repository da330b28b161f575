"""Other hands than MNIST's, out of its digits, and letters: large ink, as `pictures.draw` gives it.

These are other strokes than those that `mnistcli.handwriting` draws for training.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike
from pictures import SIDE, Ink, Random

Hand = Callable[[Ink, Random], Ink]

WIDTH = 17  # of a stroke, in pixels; MNIST's are 10 to 30 wide in this size


def flag(ink: Ink, random: Random) -> Ink:
    """Return a 1 with a stroke from its top down to the left."""
    rows, columns = np.nonzero(ink > 0.5)
    top, height = rows.min(), np.ptp(rows)
    x = columns[rows < top + 8].mean()
    angle, length = np.radians(random.uniform(28, 52)), height * random.uniform(0.25, 0.45)
    tip = (x - length * np.sin(angle), top + 6 + length * np.cos(angle))
    return _draw_line(ink, (x, top + 6), tip)


def foot(ink: Ink, random: Random) -> Ink:
    """Return a 1 with a stroke below it."""
    rows, columns = np.nonzero(ink > 0.5)
    bottom, height = rows.max(), np.ptp(rows)
    x = columns[rows > bottom - 8].mean()
    left, right = random.uniform(0.15, 0.3, 2) * height
    return _draw_line(ink, (x - left, bottom - 6), (x + right, bottom - 6))


def bar(ink: Ink, random: Random) -> Ink:
    """Return a 7 with a stroke through its stem."""
    rows, columns = np.nonzero(ink > 0.5)
    y = rows.min() + np.ptp(rows) * random.uniform(0.45, 0.6)
    x, reach = columns[np.abs(rows - y) < 5].mean(), np.ptp(rows) * random.uniform(0.15, 0.28)
    return _draw_line(ink, (x - reach, y + random.uniform(-6, 6)), (x + reach, y))


def slash(ink: Ink, random: Random) -> Ink:
    """Return a 0 with a stroke through it."""
    rows, columns = np.nonzero(ink > 0.5)
    middle = np.array([columns.mean(), rows.mean()])
    reach = np.array([np.ptp(columns), -np.ptp(rows)]) * random.uniform(0.3, 0.55)
    return _draw_line(ink, middle - reach, middle + reach)


# A name, the digit, and what makes a picture's ink of it.
HANDS: dict[str, tuple[int, Hand]] = {
    "a 1 with a flag": (1, flag),
    "a 1 with a foot": (1, foot),
    "a 1 with both": (1, lambda ink, random: foot(flag(ink, random), random)),
    "a 7 with a bar": (7, bar),
    "a 0 with a slash": (0, slash),
}

# Letters of other scripts than those that the training draws, each of lines in a square of 10.
_LETTERS = {
    "zhe": "1,1 9,9 / 9,1 1,9 / 5,0 5,10",
    "ya": "8,10 8,0 3,0 1,2 3,5 8,5 / 5,5 1,10",
    "sha": "0,0 0,10 10,10 10,0 / 5,0 5,10",
    "de": "0,10 0,8 2,8 4,0 8,0 8,8 10,8 10,10 / 2,8 8,8",
    "yu": "0,0 0,10 / 0,5 4,5 / 4,2 6,0 8,0 10,3 10,7 8,10 6,10 4,7 4,2",
    "mieum and i": "0,2 5,2 5,8 0,8 0,2 / 9,0 9,10",
    "chieut": "4,0 6,0 / 1,3 9,3 / 5,3 1,10 / 5,4 9,10",
    "hieut": "4,0 6,0 / 1,2 9,2 / 5,4 8,6 8,8 5,10 2,8 2,6 5,4",
    "kieuk and a": "0,1 5,1 4,9 / 0,5 5,5 / 8,0 8,10 / 8,5 10,5",
    "aleph": "1,0 9,10 / 9,0 7,5 / 3,3 1,7 1,10",
    "shin": "0,0 1,8 5,10 9,8 10,0 / 5,0 4,8",
    "person": "5,0 4,4 0,10 / 5,3 10,10",
    "tree": "0,3 10,3 / 5,0 5,10 / 5,3 1,8 / 5,3 9,8",
    "big": "0,4 10,4 / 5,0 5,4 0,10 / 5,4 10,10",
}


def draw_letter(name: str, random: Random) -> Ink:
    """Return one of `LETTERS` as ink, slanted and stretched by chance."""
    matrix = np.diag(random.uniform(11, 15, 2)) @ np.array(
        [[1, random.uniform(-0.25, 0.1)], [0, 1]]
    )
    ink = np.zeros((SIDE, SIDE), np.float32)
    for stroke in _LETTERS[name].split(" / "):
        points = np.array([point.split(",") for point in stroke.split()], np.float64)
        placed = (points - 5) @ matrix.T + SIDE / 2 + random.normal(0, 3, points.shape)
        for start, end in pairwise(placed):
            ink = _draw_line(ink, start, end)
    return ink


LETTERS = tuple(_LETTERS)


def _draw_line(ink: Ink, start: ArrayLike, end: ArrayLike) -> Ink:
    first, last = (np.rint(np.asarray(point)).astype(int).tolist() for point in (start, end))
    return np.asarray(cv2.line(ink.copy(), first, last, 1.0, WIDTH, cv2.LINE_AA), np.float32)
