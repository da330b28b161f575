"""Which files a user means by the paths on the command line."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnistcli.errors import ImageError
from mnistcli.images.formats import EXPECTED_FORMATS, INSTALL_HEIF, is_picture, lacks_heif_reader
from mnistcli.images.read import STANDARD_INPUT, picture_name

_LABEL = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class PictureFile:
    """A picture that is to be read.

    Attributes:
        path: its file, or `-` for standard input.
        label: the class that its folder names, where that was asked for.
    """

    path: Path
    label: int | None = None

    @property
    def name(self) -> str:
        """What it is called: its path, as it is."""
        return picture_name(self.path)


@dataclass
class FoundPictures:
    """What the paths on a command line lead to.

    Attributes:
        pictures: in the order of the paths; one that is named twice is there twice.
        left_out: why each other thing in the folders is no picture to read.
        errors: what is wrong with the paths that lead to no picture.
    """

    pictures: list[PictureFile] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def find_images(names: Sequence[str], labelled: bool = False) -> FoundPictures:
    """Find the pictures that are meant: files, folders, patterns such as `*.png`, or `-`.

    A file is kept whatever its name; of a folder's, those directly in it that end as a picture
    does and are not hidden, `2.png` before `10.png`.

    Args:
        labelled: a folder holds folders named after classes, and those the pictures; or it is
            itself one of those.
    """
    found = FoundPictures()
    for name in names:
        try:
            for path in _expand(name):
                _add(path, labelled, found)
        except ImageError as error:
            found.errors[name] = str(error)
    return found


def describe_left_out(left_out: dict[str, str]) -> str:
    """Return such as "9 files: 8 .heic (pip install 'mnistcli[heic]'), 1 hidden; 2 folders"."""
    counts = Counter(left_out.values()).most_common()
    files = [(reason, count) for reason, count in counts if not reason.startswith("folder")]
    parts = []
    if files:
        total = sum(count for _, count in files)
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in files)
        parts.append(f"{total:,} {'file' if total == 1 else 'files'}: {reasons}")
    parts += [
        f"{count:,} {reason if count == 1 else reason.replace('folder', 'folders', 1)}"
        for reason, count in counts
        if reason.startswith("folder")
    ]
    return "; ".join(parts)


def _add(path: Path, labelled: bool, found: FoundPictures) -> None:
    """Add what a path leads to, a file or a folder."""
    if path == STANDARD_INPUT and any(file.path == path for file in found.pictures):
        raise ImageError("standard input can be read only once", "expected a single -")
    if path == STANDARD_INPUT or not _is_folder(path):
        found.pictures.append(PictureFile(path, _label(path) if labelled else None))
        return
    images, left_out = _list_labelled(path) if labelled else _list_folder(path)
    if not images:
        reason = f"left out {describe_left_out(left_out)}" if left_out else "it is empty"
        raise ImageError(
            f"{path!s}: no picture in this folder ({reason})",
            f"expected {EXPECTED_FORMATS} files, such as {'3/a.png' if labelled else 'a.png'}",
        )
    found.pictures += [PictureFile(each, _label(each) if labelled else None) for each in images]
    found.left_out |= left_out


def _list_labelled(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return the pictures in a folder's folders of labels, or in the folder if it is one itself.

    As `_list_folder` does, with why each other thing is left out.
    """
    images, left_out = _list_folder(folder)
    is_label = bool(_LABEL.fullmatch(_folder_name(folder)))
    label_folders = _label_folders(folder)
    if is_label and (images or not label_folders):
        return images, left_out
    if not label_folders:
        raise ImageError(
            f"{folder!s}: no folder named after a digit in it",
            "expected pictures such as 3/a.png",
        )
    left_out |= {str(image): "in no folder of a label" for image in images}
    labelled_images = []
    for label_folder in label_folders:
        del left_out[str(label_folder)]
        images, others = _list_folder(label_folder)
        labelled_images += images
        left_out |= others if images else others | {str(label_folder): "folder without pictures"}
    return labelled_images, left_out


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


def _label(path: Path) -> int:
    """Return the class that a picture's folder names."""
    folder = _folder_name(path.parent)
    if path == STANDARD_INPUT or not _LABEL.fullmatch(folder):
        raise ImageError(
            f"{picture_name(path)}: its folder names no digit",
            "expected a path such as 3/a.png",
        )
    return int(folder)


def _folder_name(folder: Path) -> str:
    return Path(os.path.abspath(folder)).name  # noqa: PTH100  # without the .. of 3/../4


def _label_folders(folder: Path) -> list[Path]:
    folders = [path for path in _entries(folder) if path.is_dir() and _LABEL.fullmatch(path.name)]
    return sorted(folders, key=lambda path: (int(path.name), path.name))


def _is_folder(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        raise ImageError(
            f"{path!s}: no such file or folder",
            "expected a picture, or a folder of pictures",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from None
    return path.is_dir()


def _list_folder(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return the pictures directly in a folder, and why each other thing is none."""
    images, left_out = [], {}
    for path in sorted(_entries(folder), key=_natural_order):
        if reason := _reason_to_leave_out(path):
            left_out[str(path)] = reason
        else:
            images.append(path)
    return images, left_out


def _reason_to_leave_out(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return "hidden"
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "not a regular file"
    if lacks_heif_reader(path):
        return f"{suffix} ({INSTALL_HEIF})"
    if not is_picture(path):
        return suffix or "without a suffix"
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from None


def _natural_order(path: Path) -> tuple[list[tuple[float, str]], str]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", path.name.casefold())
    return [(float(digits or "inf"), text) for digits, text in parts], path.name


def _unreadable(path: Path, error: OSError | ValueError) -> ImageError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ImageError(f"{path!s}: cannot be read ({reason})", "check its name and its permissions")
