"""Many picture files, read by several processes at once."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images.find import PictureFile
from mnistcli.images.framing import Framing
from mnistcli.images.ink import Mask
from mnistcli.images.read import STANDARD_INPUT, name_error, read_picture
from mnistcli.images.reading import MNIST_FRAMING, Reading, frame_digit

MIN_PARALLEL_PICTURES = 100  # fewer are read sooner without other processes

DrawStages = Callable[[Reading], NDArray[np.uint8]]


@dataclass(frozen=True)
class Digit:
    """An image to classify.

    Attributes:
        name: its name for the user.
        image: (28, 28) uint8.
        label: its true class, where that is known.
        is_alone: whether nothing else in its picture is about as large.
        drawing: (H, W, 3) uint8, the stages of its reading; None where nobody asked for it.
        strokes: (H, W), at most 130 pixels a side, what the image was made of; None if that is
            too slim for several digits.
    """

    name: str
    image: NDArray[np.uint8]
    label: int | None = None
    is_alone: bool = True
    drawing: NDArray[np.uint8] | None = None
    strokes: Mask | None = None


def read_digits(
    files: Sequence[PictureFile],
    framing: Framing = MNIST_FRAMING,
    draw_stages: DrawStages | None = None,
) -> Iterator[Digit | ImageError]:
    """Read pictures, many of them on all cores at once.

    Args:
        files: the pictures.
        framing: of the images that the network was trained on.
        draw_stages: makes each digit's drawing of its reading. The reading itself is not kept,
            because it may be large.

    Yields:
        For each file in order, its digit, or the error that prevented the reading.
    """
    read = partial(_read_digit, framing=framing, draw_stages=draw_stages)
    num_workers = _available_cores()
    is_parallel = len(files) >= MIN_PARALLEL_PICTURES and num_workers > 1
    # Other processes have no standard input.
    if not is_parallel or any(file.path == STANDARD_INPUT for file in files):
        yield from map(read, files)
        return
    from mnistcli.images.workers import map_in_processes  # its imports take 5 ms

    yield from map_in_processes(read, files, num_workers)


def make_digit(
    name: str,
    reading: Reading,
    label: int | None = None,
    drawing: NDArray[np.uint8] | None = None,
) -> Digit:
    """Return the digit of a reading; the arguments are its fields."""
    return Digit(name, reading.image, label, reading.is_alone, drawing, reading.strokes)


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_digit(
    file: PictureFile, framing: Framing, draw_stages: DrawStages | None
) -> Digit | ImageError:
    try:
        reading = frame_digit(read_picture(file.path), framing)
    except ImageError as error:
        return name_error(file.path, error)
    drawing = draw_stages(reading) if draw_stages else None
    return make_digit(file.name, reading, file.label, drawing)
