"""Protects the folder that takes a run's place while the run is being trained.

Someone may rename the run directory and put another folder at its path. Nothing may be
written there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.reading import cannot_read

# The run directories that this process trains, each with a descriptor that keeps its inode in use.
_descriptors: dict[Path, int] = {}


@contextmanager
def pin_folder(folder: Path) -> Iterator[None]:
    """Make `check_pin` refuse any other folder at the path of this one, for the block.

    Raises:
        RunError: the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_read(folder, error) from None
    _descriptors[folder] = descriptor
    try:
        yield
    finally:
        del _descriptors[folder]
        os.close(descriptor)


def check_pin(path: Path) -> None:
    """Raise `RunError` if a file's run directory is pinned, and no longer at its path."""
    for folder in path.parents:
        if folder in _descriptors and not _is_at(folder, _descriptors[folder]):
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
