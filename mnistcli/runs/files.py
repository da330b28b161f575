"""Files that are whole or not there, whenever the process dies."""

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
from mnistcli.runs.held import check_held

# A dot first: to a listing, a file that is being written is not there yet.
_UNFINISHED = ".writing-"


def write_whole(path: Path, content: bytes | str | Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to disk, and rename it there.

    Args:
        content: what to write, or what writes it to the path that it is given,
            which ends as `path` does.

    Raises:
        RunError: the folder is gone, read-only, or its disk is full; or it is of a run that is
            being trained, and no longer at its place.
    """
    check_held(path)
    temporary = path.with_name(f"{_UNFINISHED}{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        try:
            temporary.touch(exist_ok=False)
            if callable(content):
                content(temporary)
            else:
                data = content.encode() if isinstance(content, str) else content
                temporary.write_bytes(data)
            with temporary.open("r+b") as file:
                _flush(file.fileno())
            check_held(path)
            temporary.replace(path)
        finally:
            with suppress(OSError):  # what went wrong first is what is worth showing
                temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def append_whole(path: Path, line: str) -> None:
    """Add a line to a file and flush it to disk; a kill leaves at worst a torn last line.

    Raises:
        RunError: as `write_whole`.
    """
    check_held(path)
    try:
        with path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            _flush(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        RunError: as `write_whole`.
    """
    check_held(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"cannot remove {path}: {error.strerror}") from error


def sync_folder(folder: Path) -> bool:
    """Flush a folder's list of names to disk: a rename is safe from a power cut only then.

    Returns:
        False where the file system cannot.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return _flush(descriptor)
    finally:
        os.close(descriptor)


def _flush(descriptor: int) -> bool:
    """Flush to disk; False where the file system cannot, as some of networks and FUSE."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF):
            raise
        return False
    return True


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing; the folder's lock must be held.

    A new evaluation and its figures are left alone: `evaluate` writes them without the lock.
    """
    for path in folder.rglob(f"{_UNFINISHED}*"):
        is_evaluation = path.name.startswith(f"{_UNFINISHED}evaluation-")
        is_evaluation |= path.parent.name == "figures"
        with suppress(FileNotFoundError):
            if not is_evaluation or time.time() - path.stat().st_mtime > 60:
                path.unlink()


def cannot_write(path: Path, error: OSError) -> RunError:
    """The error for a file that the system refuses to write."""
    return RunError(
        f"cannot write {path}: {error.strerror or error}",
        "expected a folder that is there, may be written to, and has room",
    )


def dump_json(document: Mapping[str, Any], indent: int | None = None) -> str:
    """JSON with a line end, with null for the loss that diverged: JSON has no NaN."""
    return json.dumps(_finite(document), indent=indent, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
