"""Files that are whole or not there, whenever the process dies."""

import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnistcli.errors import RunError

# A dot first: to a listing, a file that is being written is not there yet.
_UNFINISHED = ".writing-"


def write_whole(path: Path, content: bytes | str | Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to disk, and rename it there.

    Args:
        content: what to write, or what writes it to the path that it is given,
            which ends as `path` does.

    Raises:
        RunError: the folder is gone, read-only, or its disk is full.
    """
    try:
        descriptor, name = tempfile.mkstemp(
            dir=path.parent, prefix=f"{_UNFINISHED}{path.stem}-", suffix=path.suffix
        )
        temporary = Path(name)
        try:
            os.close(descriptor)
            if callable(content):
                content(temporary)
            else:
                data = content.encode() if isinstance(content, str) else content
                temporary.write_bytes(data)
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def append_whole(path: Path, line: str) -> None:
    """Add a line to a file and flush it to disk; a kill leaves at worst a torn last line.

    Raises:
        RunError: the folder is gone, read-only, or its disk is full.
    """
    try:
        with path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to disk: a rename is safe from a power cut only then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing; the folder's lock must be held.

    A new evaluation and its figures are left alone: `evaluate` writes them without the lock.
    """
    for path in folder.rglob(f"{_UNFINISHED}*"):
        is_evaluation = path.name.startswith(f"{_UNFINISHED}evaluation-")
        is_evaluation |= path.parent.name == "figures"
        if not is_evaluation or time.time() - path.stat().st_mtime > 60:
            path.unlink(missing_ok=True)


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
