"""Data sets in files: a folder of IDX files in MNIST's layout, or one .npz."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import PARTS, DataMissingError, Part
from mnistcli.data.idx import MAXIMUM_BYTES, read_idx
from mnistcli.errors import DataError

IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}

# The arrays of Keras' mnist.npz, then two common names of a single set.
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


def read_parts(path: Path, wanted: Sequence[str]) -> dict[str, Part]:
    """Read the arrays of a data set that a folder of IDX files, or an .npz, holds.

    Args:
        path: the folder or the file.
        wanted: the parts to read, as keys of `NPZ_NAMES`.

    Returns:
        Those that are there, not yet checked to be pictures and labels.

    Raises:
        DataMissingError: there is nothing at `path`.
        DataError: it cannot be read, is damaged, or is neither.
    """
    with reading(path):
        if path.is_dir():
            return {
                part: Part(read_idx(file, dimensions_of(part)), str(file))
                for part, file in find_idx_files(path).items()
                if part in wanted
            }
        if path.is_file():
            return _read_npz(path, wanted)
    raise DataMissingError(f"{path}: no such file or folder", ())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an `OSError` met while `path` is read into a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read: {error.strerror}") from error


def find_idx_files(folder: Path) -> dict[str, Path]:
    """Return the file of each of the `PARTS` that the folder holds.

    Known are MNIST's names, with a dot before `idx` as well, with and without `.gz`; a file
    that is not compressed comes first, since it loads faster.
    """
    found = {}
    for part, name in IDX_NAMES.items():
        for suffix in ("", ".gz"):
            for variant in (name, name.replace("-idx", ".idx")):
                file = folder / f"{variant}{suffix}"
                if part not in found and file.is_file():
                    found[part] = file
    return found


def dimensions_of(part: str) -> int:
    """Return the dimensions of a part's array: 3 for images, 1 for labels."""
    return 3 if part.endswith("images") else 1


def require_parts(parts: dict[str, Part], path: Path) -> None:
    """Check that all four `PARTS` were read from `path`.

    Raises:
        DataError: it names those that are missing.
    """
    missing = [part for part in PARTS if part not in parts]
    if missing:
        layout = IDX_NAMES if path.is_dir() else NPZ_NAMES
        raise DataError(
            f"{path}: missing {', '.join(layout[part] for part in missing)}",
            f"expected {', '.join(layout[part] for part in PARTS)}"
            + (" (or .gz)" if path.is_dir() else ""),
            "mend: add what is missing, or give the path of another folder or .npz",
        )


def _read_npz(path: Path, wanted: Sequence[str]) -> dict[str, Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            return {
                part: Part(_read_member(archive, f"{name}.npy", sizes), f"{path}: {name}")
                for part, name in NPZ_NAMES.items()
                if f"{name}.npy" in sizes and part in wanted
            }
    # RuntimeError: an encrypted or unknown compression; ValueError: pickled objects.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path}: not a data set: {error}",
            "expected a folder of IDX files or an .npz of plain arrays",
            "mend: copy or download it again, or save it with numpy.savez_compressed",
        ) from error


def _read_member(archive: zipfile.ZipFile, member: str, sizes: dict[str, int]) -> NDArray[Any]:
    # The zip module unpacks no more than the directory of the archive promises.
    if sizes[member] > MAXIMUM_BYTES:
        raise ValueError(f"{member} is {sizes[member]:,} bytes, at most {MAXIMUM_BYTES:,} expected")
    with archive.open(member) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except MemoryError as error:  # its header promises more than the machine has
            raise ValueError(f"{member}: {error}") from error
