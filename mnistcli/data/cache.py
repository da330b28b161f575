"""What mnistcli keeps for this user between commands: downloads, and pictures that were read."""

import os
import tempfile
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return one of the folders of mnistcli's cache."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("mnistcli", appauthor=False)) / name


def store(path: Path, *contents: bytes | memoryview) -> None:
    """Write a file beside `path` and rename it, so that it is whole or absent.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for content in contents:
                file.write(content)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
