"""Which files a user means by the paths on the command line."""

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from mnistcli.errors import ImageError
from mnistcli.images.read import STANDARD_INPUT

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def find_images(names: Sequence[str], labelled: bool = False) -> list[Path]:
    """List the pictures that are meant: files, folders, patterns such as `*.png`, or `-`.

    A file is kept whatever its name; of a folder's, those directly in it that end as a picture
    does and are not hidden, `2.png` before `10.png`.

    Args:
        labelled: a folder holds folders named after digits, and those the pictures; or it is
            itself one of those.

    Raises:
        ImageError: a path is missing or unreadable, a pattern matches nothing, a folder holds
            no picture, or, if labelled, a picture's folder names no digit.
    """
    found = []
    for path in (path for name in names for path in _expand(name)):
        if path == STANDARD_INPUT or not _is_folder(path):
            found.append(path)
        elif labelled and not path.name.isdecimal():
            found += [image for folder in _label_folders(path) for image in _list_folder(folder)]
        else:
            found += _list_folder(path)
    if labelled:
        for path in found:
            if not _is_label(path.absolute().parent.name):
                raise ImageError(
                    f"{path}: its folder names no digit", "expected a path such as 3/a.png"
                )
    return found


def _expand(name: str) -> list[Path]:
    """The paths that a pattern matches; a name that exists is none, whatever it holds."""
    path = Path(name)
    if not re.search(r"[*?\[]", name) or _exists(path):
        return [path]
    matches = [Path(match) for match in glob.glob(name, recursive=True)]  # noqa: PTH207
    if not matches:
        raise ImageError(f"{name}: nothing matches this pattern", "expected names of pictures")
    return sorted(matches, key=lambda match: (match.parent, _natural_order(match)))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _is_label(name: str) -> bool:
    return name.isdecimal() and len(name) <= 3


def _label_folders(folder: Path) -> list[Path]:
    try:
        folders = [path for path in folder.iterdir() if path.is_dir() and _is_label(path.name)]
    except OSError as error:
        raise _unreadable(folder, error) from None
    if not folders:
        raise ImageError(
            f"{folder}: no folder named after a digit in it", "expected pictures such as 3/a.png"
        )
    return sorted(folders, key=lambda path: int(path.name))


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
