"""Many picture files, read by several processes at once."""

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

MIN_PARALLEL_PICTURES = 100  # fewer are read sooner without other processes
CHUNK_SIZE = 16  # pictures that a process gets at a time

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
    """

    name: str
    image: NDArray[np.uint8]
    label: int | None = None
    is_alone: bool = True
    drawing: NDArray[np.uint8] | None = None


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
    count = 0
    try:
        for digit in _read_in_parallel(read, files, num_workers):
            yield digit
            count += 1
    except BrokenProcessPool:  # a worker was killed, perhaps for lack of memory: go on alone
        yield from map(read, files[count:])


def _read_in_parallel(
    read: Callable[[PictureFile], Digit | ImageError],
    files: Sequence[PictureFile],
    num_workers: int,
) -> Iterator[Digit | ImageError]:
    """Read files in other processes, which end at once when this generator does."""
    earlier_processes = set(multiprocessing.active_children())
    # Threads would wait for each other: most of the time goes to Python code, under its lock.
    with ProcessPoolExecutor(num_workers, initializer=_follow_parent) as pool:
        try:
            # No signal may reach a worker before `_follow_parent` has set its handlers.
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            try:
                digits = pool.map(read, files, chunksize=CHUNK_SIZE)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            yield from digits
        except BaseException:
            for process in set(multiprocessing.active_children()) - earlier_processes:
                process.kill()
            pool.shutdown(cancel_futures=True)
            raise


def _follow_parent() -> None:
    """Let a worker end with the process that started it, and without a message at a signal."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches the workers too; only the parent handles it.
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
    file: PictureFile, framing: Framing, draw_stages: DrawStages | None
) -> Digit | ImageError:
    try:
        reading = frame_digit(read_picture(file.path), framing)
    except ImageError as error:
        return name_error(file.path, error)
    drawing = draw_stages(reading) if draw_stages else None
    return Digit(file.name, reading.image, file.label, reading.is_alone, drawing)
