"""A run directory that is being trained stays the one it was, whatever its path leads to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.reading import cannot_read

# The folders that this process trains in, each with a descriptor that keeps its inode in use.
_held: dict[Path, int] = {}


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Inside this, `check_held` refuses to write into another folder that took this one's place.

    Raises:
        RunError: the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_read(folder, error) from None
    _held[folder] = descriptor
    try:
        yield
    finally:
        del _held[folder]
        os.close(descriptor)


def check_held(path: Path) -> None:
    """Raise `RunError` if a file's run directory is held, and no longer at its place."""
    for folder in path.parents:
        if folder in _held and not _is_at(folder, _held[folder]):
            raise RunError(
                f"{folder} is no longer the run that is trained: it was renamed, removed or "
                "replaced",
                "nothing was written to what is there now",
                "go on where the run is now: mnistcli train --resume RUN",
            )


def _is_at(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except OSError:
        return False
