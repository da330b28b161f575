"""The signals that ask to stop, while a run is trained."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from mnistcli.errors import STOP_SIGNALS, StopSignal

GRACE_SECONDS = 0.5


class StopRequest:
    """Takes note of the first signal, so that no step and no file is cut in two.

    The second one raises `StopSignal` wherever the program is. Python can raise only between
    two of its own operations, and a step of training is one: where that takes longer than
    `GRACE_SECONDS`, a thread ends the process, if that is a command's own.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.is_urgent = False
        self._raises_at_once = False
        self._handlers: dict[int, Any] = {}
        self._wakeup: tuple[socket.socket, int] | None = None

    def __enter__(self) -> Self:
        # Python lets only the main thread have handlers; others leave them as they are.
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    self._handlers[number] = signal.signal(number, self._note)
            # A notebook's process is not to be ended: Python's own handler is there.
            if self._handlers.get(signal.SIGINT) is signal.default_int_handler:
                return self
            # Signals are written there even while the main thread is inside TensorFlow.
            receiver, sender = socket.socketpair()
            sender.setblocking(False)
            self._wakeup = sender, signal.set_wakeup_fd(sender.fileno())
            threading.Thread(target=_watch, args=(receiver,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._wakeup:
            sender, descriptor_before = self._wakeup
            signal.set_wakeup_fd(descriptor_before)
            sender.close()  # ends the thread

    def raise_if_requested(self) -> None:
        """Raise `StopSignal` if there was a signal."""
        if self.signal_number is not None:
            raise StopSignal(self.signal_number)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside this, where nothing can be cut in two, the first signal raises as well.

        If it was raised in a destructor or a callback, which lose it, it is raised at the end.
        """
        self._raises_at_once = True
        try:
            self.raise_if_requested()
            yield
        finally:
            self._raises_at_once = False
        self.raise_if_requested()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.is_urgent = self.signal_number is not None
        self.signal_number = number
        if self.is_urgent or self._raises_at_once:
            raise StopSignal(number)


def _watch(receiver: socket.socket) -> None:
    """End the process if it still trains a while after the second signal."""
    with receiver:
        numbers: list[int] = []
        while received := receiver.recv(1):
            numbers += [number for number in received if number in STOP_SIGNALS]
            if len(numbers) >= 2:
                receiver.settimeout(GRACE_SECONDS)
                try:
                    while receiver.recv(1):
                        pass
                except TimeoutError:
                    cursor = b"\x1b[?25h\n" if os.isatty(2) else b""  # live bars hide it
                    with suppress(OSError):
                        os.write(2, cursor + b"stopped at once, in the middle of a step\n")
                    os._exit(128 + numbers[-1])
