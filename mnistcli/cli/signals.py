"""The signals that ask the process to end, handled at any instant."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from mnistcli.errors import STOP_SIGNALS, StopSignal

# A command may take so long to clean up after a signal, before the exception is raised again.
RETRY_SECONDS = 1.0


def end_at_stop_signals() -> None:
    """End the process at once at a signal, before and after a command: nothing needs cleaning."""
    _handle_with(end_process)


@contextmanager
def raise_stop_signals() -> Iterator[None]:
    """Raise `StopSignal` at a signal in this context; after it, end the process at once.

    An exception in a destructor or a callback is lost, and some libraries catch all exceptions.
    So it is raised again every `RETRY_SECONDS` until it arrives here.
    """
    alarm = getattr(signal, "SIGALRM", None)  # Windows has none

    def raise_stop_signal(number: int, _frame: FrameType | None) -> None:
        threading.excepthook = lambda _: None  # of a pool, whose processes end too
        if alarm:
            signal.signal(alarm, lambda *_: raise_stop_signal(number, None))
            signal.setitimer(signal.ITIMER_REAL, RETRY_SECONDS)
        raise StopSignal(number)

    unraisable_hook = sys.unraisablehook

    def report_unless_stop_signal(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, StopSignal):
            unraisable_hook(unraisable)

    try:
        sys.unraisablehook = report_unless_stop_signal
        _handle_with(raise_stop_signal)
        yield
    finally:
        _handle_with(end_process)
        sys.unraisablehook = unraisable_hook
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)


def end_process(number: int, _frame: FrameType | None = None) -> NoReturn:
    """Print that a signal ends the process, and end it without waiting for pools and threads."""
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(128 + number)


def _handle_with(handler: Any) -> None:
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)
