"""The signals that ask the process to end: at any instant, they do."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from mnistcli.errors import STOP_SIGNALS, StopSignal

# How long a command may take to tidy up after a signal, before it is raised once more.
RETRY_SECONDS = 1.0


def end_at_stop_signals() -> None:
    """End the process at once at a signal: before and after a command there is nothing to tidy."""
    _handle_with(end_process)


@contextmanager
def raised_stop_signals() -> Iterator[None]:
    """Inside this, a signal raises `StopSignal`; afterwards it ends the process at once.

    An exception that is raised in a destructor or a callback is lost, and some libraries catch
    every one. So it is raised again and again until it comes out here.
    """
    alarm = getattr(signal, "SIGALRM", None)  # Windows has none

    def raise_stop_signal(number: int, _frame: FrameType | None) -> None:
        threading.excepthook = lambda _: None  # of a pool, whose processes end as well
        if alarm:
            signal.signal(alarm, lambda *_: raise_stop_signal(number, None))
            signal.setitimer(signal.ITIMER_REAL, RETRY_SECONDS)
        raise StopSignal(number)

    report = sys.unraisablehook

    def report_others(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, StopSignal):
            report(unraisable)

    try:
        sys.unraisablehook = report_others
        _handle_with(raise_stop_signal)
        yield
    finally:
        _handle_with(end_process)
        sys.unraisablehook = report
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)


def end_process(number: int, _frame: FrameType | None = None) -> NoReturn:
    """Say that a signal ends the process, and end it; no pool and no thread is waited for."""
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(128 + number)


def _handle_with(handler: Any) -> None:
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)
