"""Files that are whole or not there, whenever the process dies."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
        # A dot first: to a listing, a file that is being written is not there yet.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
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
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror}", "expected a folder with room to write to"
        ) from error


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
