"""The signals that ask the process to end: at any instant, they do."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from mnistcli.errors import STOP_SIGNALS, StopSignal

# How long a command may take to tidy up after a signal, before it is raised once more.
RETRY_SECONDS = 1.0


def end_at_stop_signals() -> None:
    """End the process at once at a signal: before and after a command there is nothing to tidy."""
    _handle_with(_end)


@contextmanager
def raised_stop_signals() -> Iterator[None]:
    """Inside this, a signal raises `StopSignal`; afterwards it ends the process at once.

    An exception that is raised in a destructor or a callback is lost, and some libraries catch
    every one. So it is raised again and again until it comes out here.
    """
    alarm = getattr(signal, "SIGALRM", None)  # Windows has none

    def raise_stop_signal(number: int, _frame: FrameType | None) -> None:
        if alarm:
            signal.signal(alarm, lambda *_: raise_stop_signal(number, None))
            signal.setitimer(signal.ITIMER_REAL, RETRY_SECONDS)
        raise StopSignal(number)

    try:
        _handle_with(raise_stop_signal)
        yield
    finally:
        _handle_with(_end)
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _end(number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(128 + number)


def _handle_with(handler: Any) -> None:
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)
