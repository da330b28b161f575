"""The standard streams of the process; a failing stream does not end a command."""

import errno
import io
import os
import select
import signal
import sys
from typing import BinaryIO, TextIO, cast

from mnistcli.errors import printable

_WRONG_MODES = (os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)


class OutputStream(io.RawIOBase):
    """A descriptor to write to that discards all output after its first error.

    The reader of a pipe may end, a terminal may close, a disk may be full: a training continues.

    Attributes:
        failure: the first error; None without an error.
        has_output: whether anything was written to it.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw = raw
        self.failure: OSError | None = None
        self.has_output = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.raw.fileno()

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return self.raw.isatty()

    def close(self) -> None:
        """Close the descriptor."""
        super().close()
        self.raw.close()

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]  # of any buffer
        """Write the data, or discard it after an error; return the number of bytes."""
        self.has_output = True
        if self.failure is None:
            try:
                while (
                    count := self.raw.write(data)
                ) is None:  # a non-blocking descriptor that is full
                    select.select([], [self.raw.fileno()], [])
                return count
            except OSError as error:
                self.failure = error
        return len(data)


class _PlainTextStream(io.TextIOWrapper):
    """A stream that escapes usage errors, warnings and tracebacks."""

    def write(self, text: str) -> int:
        return super().write("\n".join(map(printable, text.split("\n"))))


def connect_streams() -> None:
    """Make stdout and stderr streams that never fail, and open closed descriptors.

    Otherwise the next file that is opened would become stdin, stdout or stderr. A closed descriptor
    is opened in the wrong mode, so that reading stdin or writing stdout is still an error.
    """
    for descriptor, mode in enumerate(_WRONG_MODES):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # it gets the lowest free number, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = open_output(_raw(sys.stdout, 1), _encoding(sys.stdout), io.TextIOWrapper)
    sys.stderr = open_output(_raw(sys.stderr, 2), _encoding(sys.stderr), _PlainTextStream)


def open_output(raw: io.RawIOBase, encoding: str, kind: type[io.TextIOWrapper]) -> TextIO:
    """Return a text stream that never fails; it replaces characters that its encoding lacks."""
    buffer = io.BufferedWriter(OutputStream(raw))  # type: ignore[type-var]  # has what it uses
    return kind(buffer, encoding=encoding, errors="replace", line_buffering=raw.isatty())


def finish_output(status: int) -> int:
    """Flush stdout and return the exit status of the command.

    Returns:
        The given status if it is not 0 or stdout has no error. Otherwise 128 plus SIGPIPE if the
        reader of stdout has ended, or 1 after any other error.
    """
    sys.stdout.flush()
    raw = _stdout_stream()
    failure = raw.failure if raw else None
    if failure is None or status:
        return status
    if failure.errno == errno.EPIPE:
        return 128 + getattr(signal, "SIGPIPE", 13)
    reason = failure.strerror or failure
    sys.stderr.write(f"error: cannot write to standard output: {reason}\n")
    return 1


def is_stdout_empty() -> bool:
    """Return whether nothing was written to stdout so far."""
    sys.stdout.flush()
    raw = _stdout_stream()
    return raw is not None and not raw.has_output


def _stdout_stream() -> OutputStream | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, OutputStream) else None


def _raw(stream: TextIO | None, descriptor: int) -> io.RawIOBase:
    """Return the raw stream behind a text stream; a Windows console has a class of its own."""
    if stream is None:
        return io.FileIO(descriptor, "w", closefd=False)
    buffer: BinaryIO = stream.buffer
    return cast("io.RawIOBase", getattr(buffer, "raw", buffer))


def _encoding(stream: TextIO | None) -> str:
    return stream.encoding if stream else "utf-8"
