"""Any bytes give an array or a clean error, within 2 seconds and 200 MB."""

import gzip
import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from mnistcli.data import load_labelled_images
from mnistcli.data.idx import idx_header, parse_idx
from mnistcli.errors import DataError, ImageError
from mnistcli.images import frame_digit, read_picture

register_heif_opener()  # to write HEIC

property_test: Callable[..., Any] = settings(
    max_examples=200,
    deadline=2000,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def encode(kind: str, mode: str = "L", **options: Any) -> bytes:
    shade = np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))
    buffer = io.BytesIO()
    Image.fromarray(shade).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    return buffer.getvalue()


PICTURES = [
    encode("PNG"),
    encode("PNG", "RGBA"),
    encode("PNG", "P"),
    encode("JPEG", "RGB"),
    encode("JPEG", "CMYK"),
    encode("BMP", "RGB"),
    encode("WEBP", "RGB"),
    encode("GIF", "P"),
    encode("TIFF", "CMYK"),
    encode("TIFF", "RGB", compression="tiff_lzw"),
    encode("TIFF", "I;16"),
    encode("DIB"),
    encode("PPM"),
    b"P2 4 3 200 " + b"7 " * 12,
    encode("AVIF", "RGBA"),
    encode("HEIF", "RGB"),
]
LABELS = np.arange(50, dtype=np.uint8)
IDX = idx_header(LABELS) + LABELS.tobytes()


@st.composite
def damaged(draw: st.DrawFn, wholes: list[bytes]) -> bytes:
    """A good file with some bytes changed, taken out or cut off; or any bytes."""
    content = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
        content = content or bytearray(b"x")
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


@property_test
@given(content=damaged(PICTURES) | st.binary(max_size=100))
def test_a_picture(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    path.write_bytes(content)
    try:
        digit = frame_digit(read_picture(path)).image
    except ImageError:
        return
    assert (digit.shape, digit.dtype) == ((28, 28), np.uint8)


@property_test
@given(content=damaged([IDX, gzip.compress(IDX)]) | st.binary(max_size=100))
def test_an_idx_file(content: bytes) -> None:
    try:
        labels = parse_idx(content, 1, "any")
    except DataError:
        return
    assert labels.dtype == np.uint8 and labels.ndim == 1


@property_test
@given(content=damaged([npz()]) | st.binary(max_size=100))
def test_an_npz_file(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    path.write_bytes(content)
    try:
        data = load_labelled_images(str(path))
    except DataError:
        return
    assert data.images.shape[1:] == (28, 28)


MEASURE = """
import resource, sys, time
from pathlib import Path
from mnistcli.data.files import read_parts
from mnistcli.errors import DataError, ImageError
from mnistcli.images import frame_digit, read_picture

path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
try:
    if path.suffix == ".png":
        frame_digit(read_picture(path))
    else:
        read_parts(path, ("x", "train_labels"))
    outcome = "read"
except (ImageError, DataError) as error:
    outcome = "refused"
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(outcome, peak * 1024 / 1e6, time.perf_counter() - started)
"""


def picture(width: int, height: int, mode: str, kind: str) -> bytes:
    buffer = io.BytesIO()
    image = Image.new(mode, (width, height), 1 if mode == "1" else "white")
    image.paste(
        0 if mode == "1" else "black", (width // 2, height // 4, width * 5 // 9, height * 3 // 4)
    )
    image.save(buffer, kind)
    return buffer.getvalue()


def idx_bomb() -> bytes:
    """2 MB of gzip that promise, and hold, 2 GB."""
    deflate = zlib.compressobj(9, wbits=31)
    parts = [deflate.compress(b"\0\0\x08\x01" + (2**31).to_bytes(4, "big"))]
    parts += [deflate.compress(bytes(2**20)) for _ in range(200)]
    return b"".join([*parts, deflate.flush()])


def npz_bomb() -> bytes:
    """A header that promises 4 TB, before a few bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.zeros(10, np.uint8))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (2**42,)}
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(10))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "make", "outcome"),
    [
        ("50 megapixels jpeg.png", lambda: picture(8000, 6200, "RGB", "JPEG"), "read"),
        ("a bomb.png", lambda: picture(30000, 30000, "1", "PNG"), "refused"),
        ("16 megapixels.png", lambda: picture(4000, 4000, "RGBA", "PNG"), "read"),
        ("16 megapixels webp.png", lambda: picture(4000, 4000, "RGBA", "WEBP"), "read"),
        ("17 megapixels.png", lambda: picture(4250, 4000, "L", "PNG"), "refused"),
        ("bomb.npz", npz_bomb, "refused"),
        ("train-labels-idx1-ubyte.gz", idx_bomb, "refused"),
    ],
)
def test_memory_and_time_are_bounded(
    name: str, make: Callable[[], bytes], outcome: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    if path.suffix == ".gz":
        path = tmp_path

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )

    found, megabytes, seconds = done.stdout.split()
    assert found == outcome
    assert float(megabytes) < 200, done.stdout
    assert float(seconds) < 2, done.stdout
