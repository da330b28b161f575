"""A function applied to many items by several processes at once.

Each process has a pipe of its own. `concurrent.futures` has one for all of them: where a process
was killed in the middle of a result, it waited for the other half forever.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import cv2

from mnistcli.errors import STOP_SIGNALS

CHUNK_SIZE = 16  # items that a process works on before it sends their results

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
        for result in _map_in_workers(function, items, num_workers):
            yield result
            count += 1
    except (EOFError, OSError):  # a worker was killed, perhaps for lack of memory
        yield from map(function, items[count:])
    finally:
        cv2.setNumThreads(num_threads)


def _map_in_workers(
    function: Callable[[Item], Result], items: Sequence[Item], num_workers: int
) -> Iterator[Result]:
    """Do as `map_in_processes`, but raise EOFError or OSError if a worker was killed."""
    chunks = [items[start : start + CHUNK_SIZE] for start in range(0, len(items), CHUNK_SIZE)]
    processes: list[multiprocessing.Process] = []
    readers: list[Connection[Any, Any]] = []
    try:
        # No signal may reach a worker before `_start_worker` has set its handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            # Threads would wait for each other: most of the time goes to Python code, under its
            # lock.
            for number in range(num_workers):
                reader, writer = multiprocessing.Pipe(duplex=False)
                arguments = (function, chunks[number::num_workers], writer)
                process = multiprocessing.Process(target=_work, args=arguments)
                process.start()
                writer.close()  # so that the pipe ends with its worker
                processes.append(process)
                readers.append(reader)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        for i in range(len(chunks)):
            yield from readers[i % num_workers].recv()
    finally:
        for process in processes:
            process.kill()
            process.join()


def _work(
    function: Callable[[Item], Result],
    chunks: Sequence[Sequence[Item]],
    writer: "Connection[Any, Any]",
) -> None:
    """Send the results for each chunk; what a worker process does."""
    _start_worker()
    with contextlib.suppress(BrokenPipeError):  # the parent is gone
        for chunk in chunks:
            writer.send([function(item) for item in chunk])


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
