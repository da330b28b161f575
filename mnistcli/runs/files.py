"""Writes files that are complete or absent, whenever the process dies."""

import errno
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mnistcli.errors import RunError
from mnistcli.runs.pin import check_pin

# The dot hides a file from listings while it is being written.
_UNFINISHED = ".writing-"


def write_whole(path: Path, content: bytes | str | Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to disk, and rename it to `path`.

    Args:
        path: the place of the file.
        content: the contents, or a function that writes them to a path with the same suffix.

    Raises:
        RunError: the folder is missing or read-only, its disk is full, or another folder took
            the place of the run that is being trained (see `pin_folder`).
    """
    check_pin(path)
    name = f"{_UNFINISHED}{path.stem}-{secrets.token_hex(8)}{path.suffix}"
    temporary_path = path.with_name(name)
    try:
        try:
            temporary_path.touch(exist_ok=False)
            if callable(content):
                content(temporary_path)
            else:
                data = content.encode() if isinstance(content, str) else content
                temporary_path.write_bytes(data)
            with temporary_path.open("r+b") as file:
                _flush(file.fileno())
            check_pin(path)
            temporary_path.replace(path)
        finally:
            with suppress(OSError):  # the first error is the one worth showing
                temporary_path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def append_whole(path: Path, line: str) -> None:
    """Append a line to a file and flush it to disk; a kill can leave the last line incomplete.

    Raises:
        RunError: see `write_whole`.
    """
    check_pin(path)
    try:
        with path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            _flush(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_file(path: Path) -> None:
    """Remove a file, if it exists.

    Raises:
        RunError: the file cannot be removed, or see `write_whole`.
    """
    check_pin(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"cannot remove {path}: {error.strerror}") from error


def sync_contents(folder: Path) -> None:
    """Flush all files in a folder to disk, and in the folders in it."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("r+b") as file:
                _flush(file.fileno())
        else:
            sync_folder(path)


def sync_folder(folder: Path) -> bool:
    """Flush a folder's list of names to disk, which makes a rename survive a power cut.

    Returns:
        False if the file system cannot do it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return _flush(descriptor)
    finally:
        os.close(descriptor)


def _flush(descriptor: int) -> bool:
    """Flush to disk; return False if the file system cannot, like some networks and FUSE."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF):
            raise
        return False
    return True


def remove_unfinished(folder: Path) -> None:
    """Remove the incomplete files of a killed process; the folder must be locked.

    Evaluations and figures of the last minute stay, because `evaluate` writes without the lock.
    """
    for path in folder.rglob(f"{_UNFINISHED}*"):
        is_evaluation = path.name.startswith(f"{_UNFINISHED}evaluation-")
        is_evaluation |= path.parent.name == "figures"
        with suppress(FileNotFoundError):
            if not is_evaluation or time.time() - path.stat().st_mtime > 60:
                path.unlink()


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return the error for a file that the system refuses to write."""
    return RunError(
        f"cannot write {path}: {error.strerror or error}",
        "expected a folder that exists, is writable, and has free space",
    )


def dump_json(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Return JSON with a line end. NaN and infinity, which JSON lacks, become null."""
    return json.dumps(_finite(document), indent=indent, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
