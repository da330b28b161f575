"""Which files a user means by the paths on the command line."""

import re
from collections.abc import Sequence
from pathlib import Path

from mnistcli.errors import ImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def find_images(paths: Sequence[Path]) -> list[Path]:
    """Lists files as given, and folders as the pictures directly in them, `2.png` before `10.png`.

    A file is kept whatever its name; of a folder's, those that end as a picture does and
    are not hidden.

    Raises:
        ImageError: a path is missing or unreadable, or a folder holds no picture.
    """
    return [
        image for path in paths for image in (_list_folder(path) if _is_folder(path) else [path])
    ]


def _is_folder(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        raise ImageError(
            f"{path}: no such file or folder", "expected a picture, or a folder of pictures"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from None
    return path.is_dir()


def _list_folder(folder: Path) -> list[Path]:
    try:
        images = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        ]
    except OSError as error:
        raise _unreadable(folder, error) from None
    if not images:
        raise ImageError(
            f"{folder}: no picture in this folder",
            f"expected files that end in {', '.join(SUFFIXES)} (not in its subfolders)",
        )
    return sorted(images, key=_natural_order)


def _natural_order(path: Path) -> tuple[list[tuple[float, str]], str]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", path.name.casefold())
    return [(float(digits or "inf"), text) for digits, text in parts], path.name


def _unreadable(path: Path, error: OSError | ValueError) -> ImageError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ImageError(f"{path}: cannot be read ({reason})", "check its name and its permissions")
