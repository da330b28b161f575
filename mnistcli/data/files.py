"""Data sets in files: a folder of IDX files in MNIST's layout, or one .npz."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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

_EXPECTED_FORMS = "expected a folder of IDX files or an .npz of plain arrays"
_SAVE = "save it with numpy.savez_compressed('set.npz', x_train=…, y_train=…, x_test=…, y_test=…)"
_SHOWN_NAMES = 6


def read_parts(path: Path, wanted: Sequence[str]) -> dict[str, Part]:
    """Read the arrays of a data set that a folder of IDX files, or an .npz, holds.

    Args:
        path: the folder or the file.
        wanted: the parts to read, as keys of `NPZ_NAMES`.

    Returns:
        Those that are there, not yet checked to be pictures and labels.

    Raises:
        DataError: it is absent, cannot be read, is damaged, or is neither.
    """
    with reading(path):
        if path.is_dir():
            return {
                part: Part(read_idx(file, dimensions_of(part)), str(file), file.name)
                for part, file in find_idx_files(path).items()
                if part in wanted
            }
        if path.is_file():
            return _read_npz(path, wanted)
        state = " is neither a file nor a folder" if path.exists() else ": no such file or folder"
    raise DataError(f"{path}{state}", _EXPECTED_FORMS)


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


def names_in(path: Path) -> dict[str, str]:
    """Return what each part is called in a folder of IDX files, or in an .npz."""
    return IDX_NAMES if path.is_dir() else NPZ_NAMES


def find_single_archive(path: Path) -> Path:
    """Return the .npz that a folder without IDX files holds, if there is just one; or `path`."""
    with reading(path):
        if not path.is_dir() or find_idx_files(path):
            return path
        archives = [file for file in path.glob("*.npz") if file.is_file()]
    return archives[0] if len(archives) == 1 else path


def require_parts(parts: dict[str, Part], path: Path) -> None:
    """Check that all four `PARTS` were read from `path`.

    Raises:
        DataError: it names those that are missing.
    """
    missing = [part for part in PARTS if part not in parts]
    if missing:
        layout = names_in(path)
        raise DataError(
            f"{path}: missing {', '.join(layout[part] for part in missing)}"
            f"{describe_contents(path)}",
            f"expected {', '.join(layout[part] for part in PARTS)}"
            + (" (or .gz), or one .npz" if path.is_dir() else ""),
            "mend: add what is missing, or give the path of another folder or .npz",
        )


def describe_contents(path: Path) -> str:
    """Return "; it holds a.png, b.png" of a folder or an archive."""
    with reading(path):
        if path.is_dir():
            names = sorted(file.name for file in path.iterdir())
        else:
            with zipfile.ZipFile(path) as archive:
                names = sorted(name.removesuffix(".npy") for name in archive.namelist())
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    return f"; it holds {', '.join(names[:_SHOWN_NAMES]) or 'nothing'}{more}"


def _read_npz(path: Path, wanted: Sequence[str]) -> dict[str, Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            return {
                part: Part(
                    _read_member(archive, f"{name}.npy", sizes, path), f"{path}: {name}", name
                )
                for part, name in NPZ_NAMES.items()
                if f"{name}.npy" in sizes and part in wanted
            }
    # RuntimeError: an encrypted or unknown compression; ValueError: no array of NumPy's.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path}: not a data set: {error}", _EXPECTED_FORMS, f"mend: {_mend(path)}"
        ) from error


def _mend(path: Path) -> str:
    """What makes a data set of a file that is no .npz."""
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
    # The zip module unpacks no more than the directory of the archive promises.
    if sizes[member] > MAXIMUM_BYTES:
        raise ValueError(f"{member} is {sizes[member]:,} bytes, at most {MAXIMUM_BYTES:,} expected")
    with archive.open(member) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except MemoryError as error:  # its header promises more than the machine has
            raise ValueError(f"{member}: {error}") from error
        except ValueError as error:
            if "Object arrays" not in str(error):
                raise
            raise DataError(
                f"{path}: {member.removesuffix('.npy')}: an array of Python objects",
                "expected an array of numbers; objects are pickled, and a pickle can run code",
                "mend: save numpy.stack(list(x)) of images, or y.astype(int) of labels",
            ) from error
