"""The picture files that the paths on a command line lead to."""

import glob
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mnistcli.errors import ImageError
from mnistcli.images.formats import EXPECTED_FORMATS, INSTALL_HEIF, is_picture, lacks_heif_reader
from mnistcli.images.read import STANDARD_INPUT, picture_name

_PATTERN = re.compile(r"[*?\[]")
# What macOS and Windows leave beside pictures, in archives and in folders, and nobody sees there.
_SYSTEM_NAMES = {"__macosx", "thumbs.db", "desktop.ini"}
_LABEL = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class PictureFile:
    """A picture to read.

    Attributes:
        path: its file, or `-` for standard input.
        label: the class that its folder is named after, where the user asked for labels.
    """

    path: Path
    label: int | None = None

    @property
    def name(self) -> str:
        """Its name for the user."""
        return picture_name(self.path)


@dataclass
class PictureSelection:
    """The pictures that the paths on a command line lead to.

    Attributes:
        pictures: in the order of the paths; a picture that is named twice is in it twice.
        omissions: for each other file and folder in a named folder, why it is not in `pictures`.
        errors: for each path that leads to no picture, the error.
    """

    pictures: list[PictureFile] = field(default_factory=list)
    omissions: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, labelled: bool = False) -> list[PictureFile]:
        """Add the pictures that a name leads to, or the error that there is none.

        A file is taken whatever its name. Of a folder, the files directly in it are taken that
        have a picture's suffix and are not hidden, `2.png` before `10.png`.

        Args:
            name: a file, a folder, a pattern such as `*.png`, or `-` for standard input.
            labelled: whether folders are named after the classes of their pictures. A folder is
                such a folder, or holds such folders, or a folder `test` that holds them.

        Returns:
            The pictures that were added.
        """
        count = len(self.pictures)
        try:
            for path in _expand(name):
                _add(path, labelled, self)
        except ImageError as error:
            self.errors[name] = str(error)
        return self.pictures[count:]


def find_labelled(folder: Path) -> PictureSelection:
    """Find the pictures of a folder that is named after a class, or holds folders that are.

    Raises:
        ImageError: it is no such folder, or there is no picture in it.
    """
    selection = PictureSelection()
    _add(folder, labelled=True, selection=selection)
    return selection


def names_label(folder: Path) -> bool:
    """Return whether a folder is named after a class, as the folder 3 is."""
    return bool(_LABEL.fullmatch(_folder_name(folder)))


def is_hidden(path: Path) -> bool:
    """Return whether a file or folder is none of the user's."""
    return path.name.startswith(".") or path.name.lower() in _SYSTEM_NAMES


def leads_to_file(name: str) -> bool:
    """Return whether a name is of a file or folder, or a pattern that matches some."""
    return _exists(Path(name)) or (
        _PATTERN.search(name) is not None and any(glob.iglob(name, recursive=True))  # noqa: PTH207
    )


def describe_omissions(omissions: dict[str, str]) -> str:
    """Return a text such as "9 files: 8 .txt, 1 hidden; 2 folders"."""
    counts = Counter(omissions.values()).most_common()
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


def _add(path: Path, labelled: bool, selection: PictureSelection) -> None:
    """Add a file, or the pictures of a folder, to a selection."""
    if path == STANDARD_INPUT and any(file.path == path for file in selection.pictures):
        raise ImageError("standard input can be read only once", "expected a single -")
    if path == STANDARD_INPUT or not _is_folder(path):
        selection.pictures.append(PictureFile(path, _label(path) if labelled else None))
        return
    files, omissions = _list_labelled(path) if labelled else _list_folder(path)
    if not files:
        reason = f"left out {describe_omissions(omissions)}" if omissions else "it is empty"
        raise ImageError(
            f"{path!s}: no picture in this folder ({reason})",
            f"expected {EXPECTED_FORMATS} files, such as {'3/a.png' if labelled else 'a.png'}",
        )
    selection.pictures += [PictureFile(file, _label(file) if labelled else None) for file in files]
    selection.omissions |= omissions


def _list_labelled(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """List a folder that is named after a class, or holds folders that are.

    Returns:
        The pictures, and for each other file and folder why it is left out.
    """
    files, omissions = _list_folder(folder)
    label_folders = _label_folders(folder)
    if names_label(folder) and (files or not label_folders):
        return files, omissions
    omissions |= {str(file): "in no folder of a label" for file in files}
    test_folder = folder / "test"  # of a data set in two parts
    if not label_folders and test_folder.is_dir():
        del omissions[str(test_folder)]
        test_files, test_omissions = _list_labelled(test_folder)
        return test_files, omissions | test_omissions
    if not label_folders:
        raise ImageError(
            f"{folder!s}: no folder named after a digit in it",
            "expected pictures such as 3/a.png",
        )
    labelled_files = []
    for label_folder in label_folders:
        files, folder_omissions = _list_folder(label_folder)
        labelled_files += files
        del omissions[str(label_folder)]
        omissions |= folder_omissions
        if not files:
            omissions[str(label_folder)] = "folder without pictures"
    return labelled_files, omissions


def _expand(name: str) -> list[Path]:
    """Return the paths that a pattern matches; a name that exists is never a pattern."""
    path = Path(name)
    if not _PATTERN.search(name) or _exists(path):
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
    """Return the class that a picture's folder is named after."""
    folder = _folder_name(path.parent)
    if path == STANDARD_INPUT or not _LABEL.fullmatch(folder):
        raise ImageError(
            f"{picture_name(path)}: its folder is not named after a digit",
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
            "expected a picture, a folder of pictures, or images of a data set as mnist:test:0-9",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from None
    return path.is_dir()


def _list_folder(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return the pictures directly in a folder, and for the other entries why they are left out."""
    files, omissions = [], {}
    for path in sorted(_entries(folder), key=_natural_order):
        if reason := _reason_to_omit(path):
            omissions[str(path)] = reason
        else:
            files.append(path)
    return files, omissions


def _reason_to_omit(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if is_hidden(path):
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
    """Return a key that sorts `2.png` before `10.png`."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", path.name.casefold())
    return [(float(digits or "inf"), text) for digits, text in parts], path.name


def _unreadable(path: Path, error: OSError | ValueError) -> ImageError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ImageError(f"{path!s}: cannot be read ({reason})", "check its name and its permissions")
