"""Reads the files of a run, which may come from a stranger.

Only regular files are read, up to a maximum size, so that no read fills the memory or blocks.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mnistcli.errors import RunError

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file to read it.

    Raises:
        FileNotFoundError: the file does not exist.
        RunError: it is a link, a folder, a pipe, a device or a socket, or cannot be opened.
    """
    try:
        # A pipe without a writer would block the call that opens it, hence O_NONBLOCK.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        _check_kind(path)
        raise cannot_read(path, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        _check_kind(path)
        raise RunError(f"{path} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_file(path: Path, maximum_bytes: int) -> bytes:
    """Return the contents of a regular file.

    Raises:
        FileNotFoundError: the file does not exist.
        RunError: it is not a regular file, cannot be read, or is larger than `maximum_bytes`.
    """
    with open_file(path) as file:
        try:
            content = file.read(maximum_bytes + 1)
        except OSError as error:
            raise cannot_read(path, error) from None
    if len(content) > maximum_bytes:
        raise RunError(f"{path} is larger than {maximum_bytes // 1024**2} MiB")
    return content


def check_files(folder: Path) -> None:
    """Raise `RunError` if a run directory contains anything but regular files and folders.

    A link might lead anywhere, and a pipe or a device might never end.
    """
    folder_paths = [os.fspath(folder)]
    while folder_paths:
        folder_path = folder_paths.pop()
        try:
            # Another process may remove files and folders meanwhile.
            with suppress(FileNotFoundError), os.scandir(folder_path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folder_paths.append(entry.path)
                    elif not entry.is_file(follow_symlinks=False):
                        _check_kind(Path(entry.path))
        except OSError as error:
            raise cannot_read(Path(folder_path), error) from None


def cannot_read(path: Path, error: Exception) -> RunError:
    """Return the error for a file that the system refuses to read."""
    return RunError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}")


def _check_kind(path: Path) -> None:
    """Raise a `RunError` that names the kind of file at `path`, unless it is a regular file."""
    with suppress(OSError, ValueError):
        kind = _KINDS.get(stat.S_IFMT(os.lstat(path).st_mode))
        if kind == "a link":
            raise RunError(
                f"{path} is a link to {path.readlink()}",
                "expected a run directory that holds its own files; copy what it leads to",
            )
        if kind:
            raise RunError(f"{path} is {kind}", "expected a regular file in a run directory")
