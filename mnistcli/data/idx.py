"""IDX, the file format of MNIST: a big-endian header, then the bytes of one array.

The format is described at the end of http://yann.lecun.com/exdb/mnist/. The first bytes
of a file say whether it is compressed. Its name does not: browsers unpack `.gz` files and
keep the name.
"""

import gzip
import hashlib
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import DataError

# 5.4 million pictures of 28x28, six times EMNIST, the largest set in this layout. As
# float32 they fill 17 GB, so more would fail later, and less clearly.
MAXIMUM_BYTES = 4 * 1024**3

_GZIP_MAGIC = b"\x1f\x8b"
# One byte of DEFLATE unpacks to at most 1032 (https://zlib.net/zlib_tech.html).
_DEFLATE_MAXIMUM_RATIO = 1032
_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, compressed with gzip or not.

    Args:
        path: the file.
        dimensions: 3 for images, 1 for labels.

    Returns:
        A read-only array, (N, rows, columns) or (N,).

    Raises:
        DataError: the file is incomplete, or does not hold such an array.
        OSError: the file cannot be opened.
    """
    if path.stat().st_size > MAXIMUM_BYTES:
        raise _too_large(str(path), path.stat().st_size)
    return parse_idx(path.read_bytes(), dimensions, str(path))


def parse_idx(content: bytes, dimensions: int, origin: str) -> NDArray[np.uint8]:
    """Parse the bytes of an IDX file, compressed or not, into a read-only array.

    A header that states more bytes than the file can hold is refused before anything is
    unpacked, so it takes no memory.

    Args:
        content: the whole file.
        dimensions: 3 for images, 1 for labels.
        origin: the name of the file in errors.

    Returns:
        (N, rows, columns) or (N,).

    Raises:
        DataError: the content is incomplete, or does not hold such an array.
    """
    if content[:2] == _GZIP_MAGIC:
        content = _inflate(content, dimensions, origin)
    shape = _parse_header(content, dimensions, origin)
    size = _header_bytes(dimensions) + math.prod(shape)
    if len(content) != size:
        difference = "ends early" if len(content) < size else "goes on after its last element"
        raise DataError(
            f"{origin}: the file {difference}",
            f"expected {size:,} bytes for the shape {shape} in its header",
            "fix: copy or download the file again",
        )
    return np.frombuffer(content, np.uint8, offset=_header_bytes(dimensions)).reshape(shape)


def idx_header(array: NDArray[np.uint8]) -> bytes:
    """Return the header of the IDX file that holds the array."""
    return struct.pack(f">HBB{array.ndim}I", 0, _UNSIGNED_BYTE, array.ndim, *array.shape)


def idx_sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the uncompressed IDX file that holds the array.

    `parse_idx` accepts only a header and its elements, so for an array that was read from an
    IDX file this is the digest of that file, uncompressed.
    """
    digest = hashlib.sha256(idx_header(array))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _header_bytes(dimensions: int) -> int:
    return 4 + 4 * dimensions


def _parse_header(content: bytes, dimensions: int, origin: str) -> tuple[int, ...]:
    header = content[: _header_bytes(dimensions)]
    expected_magic = (_UNSIGNED_BYTE << 8) | dimensions
    kind = "images" if dimensions == 3 else "labels"
    if len(header) < _header_bytes(dimensions):
        raise DataError(
            f"{origin}: the file ends within its header, after {len(header)} bytes",
            f"expected an IDX file of {kind}",
            "fix: copy or download the file again",
        )
    magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if magic != expected_magic:
        raise DataError(
            f"{origin}: not an IDX file of {kind}: it begins with 0x{magic:08x}",
            f"expected 0x{expected_magic:08x}: unsigned bytes in {dimensions} dimension(s)",
            "fix: copy or download the file again, and check that its name fits its contents",
        )
    if math.prod(shape) == 0:
        raise DataError(
            f"{origin}: holds no {kind}: the shape in its header is {tuple(shape)}",
            "expected at least one",
        )
    return tuple(shape)


def _inflate(content: bytes, dimensions: int, origin: str) -> bytes:
    """Unpack gzip, to at most one byte more than the IDX header inside states."""
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            shape = _parse_header(stream.read(_header_bytes(dimensions)), dimensions, origin)
            size = _header_bytes(dimensions) + math.prod(shape)
            if size > MAXIMUM_BYTES:
                raise _too_large(origin, size)
            if size > _DEFLATE_MAXIMUM_RATIO * len(content):
                raise DataError(
                    f"{origin}: its header promises {size:,} bytes",
                    f"expected no more than {len(content):,} bytes of gzip can hold",
                    "fix: copy or download the file again",
                )
            stream.seek(0)
            return stream.read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{origin}: damaged gzip file: {error}",
            "expected a whole IDX file, compressed or not",
            "fix: copy or download the file again",
        ) from error


def _too_large(origin: str, size: int) -> DataError:
    return DataError(
        f"{origin}: {size:,} bytes of images or labels",
        f"expected at most {MAXIMUM_BYTES:,}",
        "fix: give a smaller set",
    )
