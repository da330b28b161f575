"""The standard streams of the process, which never fail a command in the middle of its work."""

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
    """A descriptor to write to, which goes silent at its first error and keeps it.

    The reader of a pipe goes, a terminal closes, a disk fills up: a training goes on, and what
    it writes after that is lost.

    Attributes:
        failure: the first error.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw = raw
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.raw.fileno()

    def isatty(self) -> bool:
        return self.raw.isatty()

    def close(self) -> None:
        super().close()
        self.raw.close()

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]  # of any buffer
        if self.failure is None:
            try:
                while (count := self.raw.write(data)) is None:  # does not block, and is full
                    select.select([], [self.raw.fileno()], [])
                return count
            except OSError as error:
                self.failure = error
        return len(data)


class _PlainTextStream(io.TextIOWrapper):
    """For what comes unescaped: usage errors, warnings and tracebacks."""

    def write(self, text: str) -> int:
        return super().write("\n".join(map(printable, text.split("\n"))))


def connect_streams() -> None:
    """Make stdout and stderr streams that never fail, and open the descriptors that are closed.

    Without that, the next file to be opened would become stdout or stderr. They are opened the
    wrong way round: to read from stdin, and to write to stdout, stays an error.
    """
    for descriptor, mode in enumerate(_WRONG_MODES):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest number that is free: this one
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = open_output(_raw(sys.stdout, 1), _encoding(sys.stdout), io.TextIOWrapper)
    sys.stderr = open_output(_raw(sys.stderr, 2), _encoding(sys.stderr), _PlainTextStream)


def open_output(raw: io.RawIOBase, encoding: str, kind: type[io.TextIOWrapper]) -> TextIO:
    """A text stream that never fails, neither at a character that its encoding lacks."""
    buffer = io.BufferedWriter(OutputStream(raw))  # type: ignore[type-var]  # has what it uses
    return kind(buffer, encoding=encoding, errors="replace", line_buffering=raw.isatty())


def finish_output(status: int) -> int:
    """Write what stdout still holds; returns the exit status, with what happened to stdout in it.

    Where its reader has gone, that is the status of any command that SIGPIPE ended.
    """
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, OutputStream) else None
    if failure is None or status:
        return status
    if failure.errno == errno.EPIPE:
        return 128 + getattr(signal, "SIGPIPE", 13)
    reason = failure.strerror or failure
    sys.stderr.write(f"error: cannot write to standard output: {reason}\n")
    return 1


def _raw(stream: TextIO | None, descriptor: int) -> io.RawIOBase:
    """What writes for a stream: on Windows, a console has something of its own."""
    if stream is None:
        return io.FileIO(descriptor, "w", closefd=False)
    buffer: BinaryIO = stream.buffer
    return cast("io.RawIOBase", getattr(buffer, "raw", buffer))


def _encoding(stream: TextIO | None) -> str:
    return stream.encoding if stream else "utf-8"
