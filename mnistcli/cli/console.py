"""Where output goes: results to stdout, progress and errors to stderr."""

import gc
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, BinaryIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from mnistcli.cli.streams import open_output
from mnistcli.errors import MnistcliError, printable

# With 3 GB, a small network of two layers was killed in its first step; with 4 GB it was trained.
ADDRESS_SPACE_BYTES = 4_000_000_000
USABLE_COLUMNS = range(40, 10_000)  # that COLUMNS may ask for


class PrintableConsole(Console):
    """Shows what a terminal would take for a command as an escape, whoever brought it.

    A string is one line, in a cell too: it may be a file's name, and hold a line break. Several
    lines are several strings with `sep="\\n"`, or a `Text`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape a string before it is measured."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Escape what a `Text` and other renderables hold, line breaks aside."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                lines = map(printable, segment.text.split("\n"))
                yield segment._replace(text="\n".join(lines))


@cache
def results() -> Console:
    """The console on stdout."""
    return _open_console()


@cache
def progress() -> Console:
    """The console on stderr.

    It writes to a copy of the descriptor, so that it stays visible while
    `tensorflow_starting` keeps what TensorFlow writes there to itself.
    """
    raw = io.FileIO(os.dup(sys.stderr.fileno()), "w")
    file = open_output(raw, sys.stderr.encoding, io.TextIOWrapper)
    return _open_console(file=file, stderr=True)


def _open_console(**options: Any) -> Console:
    columns = os.environ.get("COLUMNS", "")
    if not (columns.isascii() and columns.isdigit() and int(columns) in USABLE_COLUMNS):
        os.environ.pop("COLUMNS", None)
    # No markup: paths and names of users may hold brackets.
    return PrintableConsole(highlight=False, markup=False, emoji=False, **options)


def print_json(document: Any) -> None:
    """Write one JSON document to stdout."""
    from mnistcli.runs import dump_json

    sys.stdout.write(dump_json(document, indent=2))
    sys.stdout.flush()  # a reader that has gone is noticed here, where it is handled


# Keras and TensorFlow import these where they find them, for parts of theirs that are not
# used here: scikit-learn takes 0.9 s, JAX 0.5 s.
_NOT_NEEDED = ("sklearn", "jax")


@contextmanager
def _hidden(packages: tuple[str, ...]) -> Iterator[None]:
    """Inside this, packages seem not to be installed, but for those that are loaded already."""
    hidden = [package for package in packages if package not in sys.modules]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # `import` raises ImportError
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


@contextmanager
def tensorflow_starting(quiet: bool = False) -> Iterator[None]:
    """Import TensorFlow inside this, without the lines it logs about itself.

    It writes some before its own log level is in force, straight to the descriptor.
    They are shown if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _warn_of_little_memory()
    descriptor = sys.stderr.fileno()
    status = progress().status("Starting TensorFlow")  # before the descriptor is diverted
    with _open_log() as log:
        kept = os.dup(descriptor)
        sys.stderr.flush()
        os.dup2(log.fileno(), descriptor)
        try:
            with nullcontext() if quiet else status, _hidden(_NOT_NEEDED):
                yield
        except Exception as error:  # any, and raised again: what TensorFlow said may explain it
            log.seek(0)
            os.write(kept, log.read())
            if isinstance(error, ImportError) and not str(error.name).startswith("mnistcli"):
                first_line = str(error).partition("\n")[0]
                raise MnistcliError(
                    f"TensorFlow cannot be loaded: {first_line}",
                    "expected memory for it (see ulimit -v), and a whole installation of it",
                ) from error
            raise
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)
            gc.enable()


def _warn_of_little_memory() -> None:
    """Say that TensorFlow may abort: it ends the process then, and nothing can be said any more."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE_BYTES:
        progress().print(
            f"note: TensorFlow may abort with {format_bytes(limit)} of memory (ulimit -v); "
            f"it needs about {format_bytes(ADDRESS_SPACE_BYTES)}",
            style="yellow",
            soft_wrap=True,
        )


def _open_log() -> BinaryIO:
    """A file without a name, in memory where there are such: a disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("tensorflow-log"), "w+b")
    return tempfile.TemporaryFile()


def format_duration(seconds: float) -> str:
    """'0.4 s', '12 s', '3 min 05 s', '2 h 10 min'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_count(count: int, noun: str) -> str:
    """'1 epoch', '1,719 steps'."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_bytes(count: int) -> str:
    """'46.6 kB', '4.2 MB': powers of 1,000."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
