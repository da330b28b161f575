"""SIGINT and SIGTERM while a run is trained."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from mnistcli.errors import StopSignal


class StopRequest:
    """Takes note of the first signal, so that no step and no file is cut in two.

    The second one raises `StopSignal` wherever the program is.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.is_urgent = False
        self._raises_at_once = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Python lets only the main thread have handlers; others leave them as they are.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def raise_if_requested(self) -> None:
        """Raise `StopSignal` if there was a signal."""
        if self.signal_number is not None:
            raise StopSignal(self.signal_number)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside this, where nothing can be cut in two, the first signal raises as well."""
        self._raises_at_once = True
        try:
            self.raise_if_requested()
            yield
        finally:
            self._raises_at_once = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.is_urgent = self.signal_number is not None
        self.signal_number = number
        if self.is_urgent or self._raises_at_once:
            raise StopSignal(number)
