"""Files that are whole or not there, whenever the process dies."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from mnistcli.errors import RunError


def write_whole(path: Path, content: bytes | str | Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to disk, and rename it there.

    Args:
        content: what to write, or what writes it to the path that it is given,
            which ends as `path` does.

    Raises:
        RunError: the folder is gone, read-only, or its disk is full.
    """
    try:
        # Dots first: a listing of *.npz does not see a file that is being written.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
        temporary = Path(name)
        try:
            os.close(descriptor)
            if callable(content):
                content(temporary)
            else:
                data = content.encode() if isinstance(content, str) else content
                temporary.write_bytes(data)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror}", "expected a folder with room to write to"
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
