"""A function applied to many items by several processes at once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import cv2

from mnistcli.errors import STOP_SIGNALS

CHUNK_SIZE = 16  # items that a process gets at a time

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], num_workers: int
) -> Iterator[Result]:
    """Yield a function's result for each item in order; the processes end when this does."""
    count = 0
    # Each core has a worker, and OpenCV's threads in each took a quarter more processor time. This
    # is set here, because a worker that sets it waits forever for threads that only its parent has.
    num_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for result in _map_in_pool(function, items, num_workers):
            yield result
            count += 1
    except BrokenProcessPool:  # a worker was killed, perhaps for lack of memory: go on alone
        yield from map(function, items[count:])
    finally:
        cv2.setNumThreads(num_threads)


def _map_in_pool(
    function: Callable[[Item], Result], items: Sequence[Item], num_workers: int
) -> Iterator[Result]:
    """Do as `map_in_processes`, but raise `BrokenProcessPool` if a process was killed."""
    earlier_processes = set(multiprocessing.active_children())
    # Threads would wait for each other: most of the time goes to Python code, under its lock.
    with ProcessPoolExecutor(num_workers, initializer=_start_worker) as pool:
        try:
            # No signal may reach a worker before `_start_worker` has set its handlers.
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            try:
                results = pool.map(function, items, chunksize=CHUNK_SIZE)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            yield from results
        except BaseException:
            for process in set(multiprocessing.active_children()) - earlier_processes:
                process.kill()
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker() -> None:
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
