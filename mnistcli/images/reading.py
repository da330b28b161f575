"""One picture of one digit, from the file to MNIST's frame, with every stage on the way."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import STOP_SIGNALS, ImageError
from mnistcli.images.frame import (
    centre_by_mass,
    draw_large,
    find_mnist_frame,
    fit_to_box,
    set_stroke_width,
)
from mnistcli.images.ink import Ink, measure_ink
from mnistcli.images.margin import remove_margins
from mnistcli.images.read import STANDARD_INPUT, name_error, read_picture
from mnistcli.images.segment import Mask, find_digit

Drawing = TypeVar("Drawing")
MANY = 100  # images from which on another process pays


@dataclass(frozen=True)
class Reading:
    """What became of a picture.

    Attributes:
        picture: (H, W, 3) uint8, RGB, as it was decoded, without margins.
        ink: (H, W) in [0, 1], how much ink each pixel holds.
        digit: (H, W), which of it is the digit.
        strokes: the digit in black and white, with a pen of MNIST's width; its longer side
            is about 120.
        image: (28, 28) uint8, what the network sees: 0 the background and 255 the ink.
        is_alone: nothing else in the picture is about as large as the digit.
    """

    picture: NDArray[np.uint8]
    ink: Ink
    digit: Mask
    strokes: Mask
    image: NDArray[np.uint8]
    is_alone: bool


@dataclass(frozen=True)
class DigitImage(Generic[Drawing]):
    """What is kept of a `Reading`, whose picture may be large, and what was drawn of it."""

    image: NDArray[np.uint8]
    is_alone: bool
    drawing: Drawing | None


def frame_digit(picture: NDArray[np.uint8]) -> Reading:
    """Bring a picture of one digit, of any colours, into MNIST's frame.

    A digit that is in MNIST's frame already stays as it is.

    Args:
        picture: (H, W, 3) uint8, RGB.

    Raises:
        ImageError: the picture is blank.
    """
    image = find_mnist_frame(picture)
    if image is not None:
        ink = image.astype(np.float32) / np.float32(255)
        return Reading(picture, ink, image > 127, image > 127, image, True)
    picture = remove_margins(picture)
    ink = measure_ink(picture)
    digit, is_alone = find_digit(ink)
    strokes = set_stroke_width(draw_large(ink, digit))
    return Reading(picture, ink, digit, strokes, centre_by_mass(fit_to_box(strokes)), is_alone)


def read_digits(
    paths: Sequence[Path], draw_stages: Callable[[Reading], Drawing] | None = None
) -> Iterator[DigitImage[Drawing] | ImageError]:
    """Read pictures of one digit each; many are shared out among the processor's cores.

    Args:
        draw_stages: makes something to be kept of each reading, which itself may be large.

    Yields:
        For each path in turn, what was read, or why it was not.
    """
    read = partial(_read_digit, draw_stages=draw_stages)
    if len(paths) < MANY or STANDARD_INPUT in paths:  # other processes have no standard input
        yield from map(read, paths)
        return
    # Not threads: most of the time is Python's own, under its lock.
    with ProcessPoolExecutor(initializer=_follow_parent) as pool:
        yield from pool.map(read, paths, chunksize=16)


def _follow_parent() -> None:
    """End a process of the pool with the one that started it, and without a word at a signal."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_digit(
    path: Path, draw_stages: Callable[[Reading], Drawing] | None
) -> DigitImage[Drawing] | ImageError:
    try:
        reading = frame_digit(read_picture(path))
    except ImageError as error:
        return name_error(path, error)
    drawing = draw_stages(reading) if draw_stages else None
    return DigitImage(reading.image, reading.is_alone, drawing)


def frame_mask(ink: Ink, digit: Mask) -> NDArray[np.uint8]:
    """Bring what a mask holds of the ink into MNIST's frame, (28, 28) uint8."""
    return centre_by_mass(fit_to_box(set_stroke_width(draw_large(ink, digit))))
