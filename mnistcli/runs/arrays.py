"""Reads the arrays of a run from an .npz file without pickle, and verifies their CRC-32."""

import math
import warnings
import zipfile
from collections.abc import Iterator, KeysView
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mnistcli.runs.reading import open_file


class ArrayFile:
    """An open .npz file.

    Attributes:
        names: the names of its arrays, in their order in the file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        names = (name.removesuffix(".npy") for name in archive.namelist())
        self.names: KeysView[str] = dict.fromkeys(names).keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array.

        Raises:
            ValueError: the array is missing or damaged.
        """
        with self._open(name) as stream:
            return _read_header(stream)[0]

    def read(self, name: str, dtype: DTypeLike, maximum_bytes: int) -> NDArray[Any]:
        """Return a read-only array in C order, after all of it was verified.

        Args:
            name: the array.
            dtype: the dtype that it must have, byte order included.
            maximum_bytes: its largest possible size.

        Raises:
            ValueError: the array is missing, damaged, larger than `maximum_bytes`, or of
                another dtype.
        """
        dtype = np.dtype(dtype)
        with self._open(name) as stream:
            shape, header_dtype = _read_header(stream)
            # bfloat16 is written as raw bytes, since NumPy has no name for it.
            storage_dtype = np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(dtype))
            if header_dtype != storage_dtype:
                raise ValueError(f"it holds {header_dtype}, expected {dtype}")
            size = math.prod(shape) * dtype.itemsize
            if min(shape, default=0) < 0 or size > maximum_bytes:
                raise ValueError(f"it is larger than {maximum_bytes:,} bytes")
            content = stream.read(size + 1)  # to its end, where the CRC-32 is compared
            if len(content) != size:
                raise ValueError(f"it does not have the {size:,} bytes of its shape")
            return np.frombuffer(content, dtype).reshape(shape)

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        """Open an array, and raise any error of the block as a ValueError that names the array."""
        try:
            with self._archive.open(f"{name}.npy") as stream:
                yield stream
        except Exception as error:  # zipfile, decompressors and NumPy's parser share no base class
            raise ValueError(f"{name}: {_reason(error)}") from None


@contextmanager
def open_arrays(path: Path) -> Iterator[ArrayFile]:
    """Open an .npz file.

    Raises:
        FileNotFoundError: the file does not exist.
        RunError: it is not a regular file, or cannot be opened.
        ValueError: it is damaged.
    """
    with open_file(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # any class, as in `_open`
            raise ValueError(_reason(error)) from None
        with archive:
            yield ArrayFile(archive)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is of a later format")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # mnistcli writes no header that NumPy has to repair
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if is_fortran and len(shape) > 1:
        raise ValueError("an array is in Fortran's order")
    return shape, dtype


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
