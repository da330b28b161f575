"""Many picture files, read by as many processes as pay."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import STOP_SIGNALS, ImageError
from mnistcli.images.find import PictureFile
from mnistcli.images.framing import Framing
from mnistcli.images.read import STANDARD_INPUT, name_error, read_picture
from mnistcli.images.reading import MNIST_FRAMING, Reading, frame_digit

MANY = 100  # pictures from which on another process pays

Draw = Callable[[Reading], NDArray[np.uint8]]


@dataclass(frozen=True)
class Digit:
    """What a network is asked about: an image, and what is known of it.

    Attributes:
        name: what its user calls it.
        image: (28, 28) uint8.
        label: the class that it should be, where that is known.
        is_alone: nothing else in its picture is about as large.
        drawing: what was drawn of how it was read.
    """

    name: str
    image: NDArray[np.uint8]
    label: int | None = None
    is_alone: bool = True
    drawing: NDArray[np.uint8] | None = None


def read_digits(
    files: Sequence[PictureFile],
    framing: Framing = MNIST_FRAMING,
    draw_stages: Draw | None = None,
) -> Iterator[Digit | ImageError]:
    """Read pictures; many are shared out among the processor's cores.

    Args:
        draw_stages: makes the drawing that is to be kept of each reading, which itself may be
            large.

    Yields:
        For each file in turn, what was read, or why it was not.
    """
    read = partial(_read_digit, framing=framing, draw_stages=draw_stages)
    workers = _available_cores()
    # Other processes have no standard input.
    is_shared = len(files) >= MANY and workers > 1
    if not is_shared or any(file.path == STANDARD_INPUT for file in files):
        yield from map(read, files)
        return
    count = 0
    try:
        for digit in _read_shared(read, files, workers):
            yield digit
            count += 1
    except BrokenProcessPool:  # a worker was killed, such as for want of memory: go on alone
        yield from map(read, files[count:])


def _read_shared(
    read: Callable[[PictureFile], Digit | ImageError], files: Sequence[PictureFile], workers: int
) -> Iterator[Digit | ImageError]:
    """Read files in other processes, which end at once when this generator does."""
    others = set(multiprocessing.active_children())
    # Not threads: most of the time is Python's own, under its lock.
    with ProcessPoolExecutor(workers, initializer=_follow_parent) as pool:
        try:
            # A signal must not find a worker before that has left it to this process.
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            try:
                digits = pool.map(read, files, chunksize=16)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            yield from digits
        except BaseException:
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            pool.shutdown(cancel_futures=True)
            raise


def _follow_parent() -> None:
    """End a worker with the process that started it, and without a word at a signal."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches the workers, too, and is left to the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_digit(
    file: PictureFile, framing: Framing, draw_stages: Draw | None
) -> Digit | ImageError:
    try:
        reading = frame_digit(read_picture(file.path), framing)
    except ImageError as error:
        return name_error(file.path, error)
    drawing = draw_stages(reading) if draw_stages else None
    return Digit(file.name, reading.image, file.label, reading.is_alone, drawing)
