"""The consoles, results to stdout and progress and errors to stderr, and number formats."""

import gc
import io
import logging
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
from mnistcli.numbers import format_bytes

# With 3 GB a small network of two layers was killed in its first step; with 4 GB it trained.
ADDRESS_SPACE_BYTES = 4_000_000_000
PIPE_COLUMNS = 10_000  # a file or a pipe has room for all: nothing is wrapped or left out
USABLE_COLUMNS = range(40, 10_000)  # other values of COLUMNS are ignored


class PrintableConsole(Console):
    """A console that escapes characters that a terminal would take for a command.

    A string is one line, in a table's cell too, because it may be a file's name with a line break.
    For several lines, print several strings with a line break as `sep`, or a `Text`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape a string before its width is measured."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Escape the contents of a `Text` and other renderables, except line breaks."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                lines = map(printable, segment.text.split("\n"))
                yield segment._replace(text="\n".join(lines))


@cache
def results() -> Console:
    """Return the console on stdout."""
    return _open_console()


@cache
def progress() -> Console:
    """Return the console on stderr.

    It writes to a copy of the descriptor, so `tensorflow_starting` hides only TensorFlow's output.
    """
    raw = io.FileIO(os.dup(sys.stderr.fileno()), "w")
    file = open_output(raw, sys.stderr.encoding, io.TextIOWrapper)
    return _open_console(file=file, stderr=True)


def _open_console(**options: Any) -> Console:
    columns = os.environ.get("COLUMNS", "")
    if not (columns.isascii() and columns.isdigit() and int(columns) in USABLE_COLUMNS):
        os.environ.pop("COLUMNS", None)
    # Without markup, because paths and names may hold brackets.
    console = PrintableConsole(highlight=False, markup=False, emoji=False, **options)
    if "COLUMNS" not in os.environ and not console.file.isatty():
        console.width = PIPE_COLUMNS
    return console


def print_json(document: Any) -> None:
    """Write one JSON document to stdout."""
    from mnistcli.runs import dump_json

    sys.stdout.write(dump_json(document, indent=2))
    sys.stdout.flush()  # so that a closed pipe is noticed here, where it is handled


# Keras and TensorFlow import these if they are installed, for features that are not used here.
# Neither requires them, so each does without. scikit-learn takes 0.9 s, JAX 0.5 s, Matplotlib's
# pyplot 0.2 s, pandas 0.1 s, SciPy 0.05 s.
_UNNEEDED_PACKAGES = ("sklearn", "jax", "matplotlib", "pandas", "scipy")


@contextmanager
def _hide(packages: tuple[str, ...]) -> Iterator[None]:
    """Let packages seem missing in this context, unless they are imported already."""
    new_packages = [package for package in packages if package not in sys.modules]
    for package in new_packages:
        sys.modules[package] = None  # type: ignore[assignment]  # `import` raises ImportError
    try:
        yield
    finally:
        for package in new_packages:
            del sys.modules[package]


@contextmanager
def tensorflow_starting(quiet: bool = False) -> Iterator[None]:
    """Import TensorFlow in this context without its log lines.

    It writes some straight to the descriptor before its own log level takes effect. They are
    shown if the import fails.

    Args:
        quiet: whether to hide the status line.

    Raises:
        MnistcliError: TensorFlow cannot be imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Its Python code advises programmers: five networks in a process are "frequent tracing".
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    _warn_of_little_memory()
    descriptor = sys.stderr.fileno()
    status = progress().status("Starting TensorFlow")  # before the descriptor changes
    with _open_log() as log:
        stderr = os.dup(descriptor)
        sys.stderr.flush()
        os.dup2(log.fileno(), descriptor)
        try:
            with nullcontext() if quiet else status, _hide(_UNNEEDED_PACKAGES):
                yield
        except Exception as error:  # raised again; TensorFlow's output may explain it
            log.seek(0)
            os.write(stderr, log.read())
            if isinstance(error, ImportError) and not str(error.name).startswith("mnistcli"):
                first_line = str(error).partition("\n")[0]
                raise MnistcliError(
                    f"TensorFlow cannot be loaded: {first_line}",
                    "allow it more memory (see ulimit -v), or install it again",
                ) from error
            raise
        finally:
            os.dup2(stderr, descriptor)
            os.close(stderr)
            gc.enable()


def _warn_of_little_memory() -> None:
    """Warn that TensorFlow may abort the process, after which no message is possible."""
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
    """Return a file without a name, in memory where possible because the disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("tensorflow-log"), "w+b")
    return tempfile.TemporaryFile()
