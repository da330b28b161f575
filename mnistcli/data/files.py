"""Data sets in files: a folder of IDX files in MNIST's layout, or one .npz."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.idx import MAXIMUM_BYTES, read_idx
from mnistcli.data.part import PARTS, Part
from mnistcli.errors import DataError

IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}

# The arrays of Keras' mnist.npz, then two common pairs of names for a single set.
NPZ_NAMES = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
    "x": "x",
    "y": "y",
    "images": "images",
    "labels": "labels",
}

EXPECTED_FORMS = "a folder of IDX files, an .npz of arrays, or a folder of pictures as 3/a.png"
_SAVE = "save it with numpy.savez_compressed('set.npz', x_train=…, y_train=…, x_test=…, y_test=…)"
_MAXIMUM_NAMES = 6  # in a message


def read_parts(path: Path, part_names: Sequence[str]) -> dict[str, Part]:
    """Read the arrays of a data set from a folder of IDX files or an .npz.

    Args:
        path: the folder or the file.
        part_names: the parts to read, as keys of `NPZ_NAMES`.

    Returns:
        The parts that exist. They are not yet checked to be pictures and labels.

    Raises:
        DataError: `path` does not exist, cannot be read, is damaged, or is neither.
    """
    with report_os_errors(path):
        if path.is_dir():
            return {
                part: Part(read_idx(file, dimensions_of(part)), str(file), file.name)
                for part, file in find_idx_files(path).items()
                if part in part_names
            }
        if path.is_file():
            return _read_npz(path, part_names)
        state = " is neither a file nor a folder" if path.exists() else ": no such file or folder"
    raise DataError(f"{path}{state}", f"expected {EXPECTED_FORMS}")


@contextmanager
def report_os_errors(path: Path) -> Iterator[None]:
    """Raise any `OSError` of the block, which reads `path`, as a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read: {error.strerror}") from error


def find_idx_files(folder: Path) -> dict[str, Path]:
    """Return the file of each of the `PARTS` that the folder holds.

    A file has MNIST's name, perhaps with a dot before `idx`, with or without `.gz`. An
    uncompressed file is preferred, since it loads faster.
    """
    files = {}
    for part, name in IDX_NAMES.items():
        for suffix in ("", ".gz"):
            for variant in (name, name.replace("-idx", ".idx")):
                file = folder / f"{variant}{suffix}"
                if part not in files and file.is_file():
                    files[part] = file
    return files


def holds_pictures(path: Path) -> bool:
    """Return whether a path is of a folder that is meant to hold labelled pictures."""
    with report_os_errors(path):
        if not path.is_dir() or find_idx_files(path) or any(path.glob("*.npz")):
            return False
        from mnistcli.images import is_picture, names_label  # takes 0.1 s

        folders = [entry for entry in path.iterdir() if entry.is_dir()]
        if any(names_label(each) or each.name in ("train", "test") for each in folders):
            return True
        # Pictures in other places are a mistake to name.
        return any(is_picture(file) for file in chain(path.glob("*"), path.glob("*/*")))


def dimensions_of(part: str) -> int:
    """Return the number of dimensions of a part's array: 3 for images, 1 for labels."""
    return 3 if part.endswith("images") else 1


def layout_of(path: Path) -> dict[str, str]:
    """Return the name of each part in a folder of IDX files or in an .npz."""
    return IDX_NAMES if path.is_dir() else NPZ_NAMES


def find_single_archive(path: Path) -> Path:
    """Return the only .npz in a folder that has no IDX files, or else `path` itself."""
    with report_os_errors(path):
        if not path.is_dir() or find_idx_files(path):
            return path
        archives = [file for file in path.glob("*.npz") if file.is_file()]
    return archives[0] if len(archives) == 1 else path


def require_parts(parts: dict[str, Part], path: Path, part_names: Sequence[str] = PARTS) -> None:
    """Check that all these parts were read from `path`.

    Raises:
        DataError: some are missing; the message names them.
    """
    missing_parts = [part for part in part_names if part not in parts]
    if missing_parts:
        layout = layout_of(path)
        raise DataError(
            f"{path}: missing {', '.join(layout[part] for part in missing_parts)}"
            f"{describe_contents(path)}",
            f"expected {', '.join(layout[part] for part in part_names)}"
            + (" (or .gz), or one .npz, or pictures as 3/a.png" if path.is_dir() else ""),
            "fix: add what is missing, or give the path of another folder or .npz",
        )


def describe_contents(path: Path) -> str:
    """Return the names in a folder or an archive, as "; it holds a.png, b.png"."""
    with report_os_errors(path):
        if path.is_dir():
            names = sorted(file.name for file in path.iterdir())
        else:
            with zipfile.ZipFile(path) as archive:
                names = sorted(name.removesuffix(".npy") for name in archive.namelist())
    remainder = len(names) - _MAXIMUM_NAMES
    suffix = f" and {remainder:,} more" if remainder > 0 else ""
    return f"; it holds {', '.join(names[:_MAXIMUM_NAMES]) or 'nothing'}{suffix}"


def _read_npz(path: Path, part_names: Sequence[str]) -> dict[str, Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            return {
                part: Part(
                    _read_member(archive, f"{name}.npy", sizes, path), f"{path}: {name}", name
                )
                for part, name in NPZ_NAMES.items()
                if f"{name}.npy" in sizes and part in part_names
            }
    # RuntimeError: encryption, or an unknown compression; ValueError: not an array of NumPy.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path}: not a data set: {error}",
            f"expected {EXPECTED_FORMS}",
            f"fix: {_fix(path)}",
        ) from error


def _fix(path: Path) -> str:
    """Return how to make a data set from a file that is not an .npz of arrays."""
    suffix = path.suffix.lower()
    if path.name.removesuffix(".gz").replace(".idx", "-idx") in IDX_NAMES.values():
        return f"give the folder of the four IDX files, {path.parent}"
    if suffix in (".pkl", ".pickle", ".joblib", ".pt", ".pth"):
        return f"a pickle can run code, so none is opened; if you trust it, {_SAVE}"
    if suffix in (".csv", ".tsv", ".txt"):
        return f"read it with numpy.loadtxt, and {_SAVE}"
    if suffix in (".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar"):
        return "unpack it, and give the folder or the .npz"
    if suffix in ("", ".npz", ".zip"):
        return f"copy or download it again, or {_SAVE}"
    return _SAVE


def _read_member(
    archive: zipfile.ZipFile, member: str, sizes: dict[str, int], path: Path
) -> NDArray[Any]:
    # The zip module unpacks no more than the size in the directory of the archive.
    if sizes[member] > MAXIMUM_BYTES:
        raise ValueError(f"{member} is {sizes[member]:,} bytes, at most {MAXIMUM_BYTES:,} expected")
    with archive.open(member) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except MemoryError as error:  # its header states more than the machine has
            raise ValueError(f"{member}: {error}") from error
        except ValueError as error:
            if "Object arrays" not in str(error):
                raise
            raise DataError(
                f"{path}: {member.removesuffix('.npy')}: an array of Python objects",
                "expected an array of numbers; objects are pickled, and a pickle can run code",
                "fix: save numpy.stack(list(x)) of images, or y.astype(int) of labels",
            ) from error
