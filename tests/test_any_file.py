"""Any bytes give an array or a clean error, within 2 seconds and 200 MB."""

import contextlib
import gzip
import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

from mnistcli.data import load_labelled_images
from mnistcli.data.idx import idx_header, parse_idx
from mnistcli.errors import DataError, ImageError
from mnistcli.images import Framing, frame_digit, read_picture
from mnistcli.recognition import Recognizer, read_number

register_heif_opener()  # to write HEIC

property_test: Callable[..., Any] = settings(
    max_examples=100,
    deadline=None,
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
    assert (digit.shape, digit.dtype) == ((28, 28), np.dtype(np.uint8))


SHAPES = [(1, 1), (1, 2), (2, 1), (3, 5), (1, 8192), (8192, 2), (39, 500), (8192, 128), (28, 28)]


@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_of_any_shape(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    height, width = shape
    box, fence = np.full(shape, 255, np.uint8), np.full(shape, 255, np.uint8)
    box[height // 4 : height // 2 + 1, width // 3 : width // 2 + 1] = 0
    fence[:, ::7] = 0
    recognizer = Recognizer(lambda images: np.full((len(images), 10), 0.1))
    for grey in (box, fence, random.integers(0, 256, shape).astype(np.uint8)):
        pixels = np.repeat(grey[..., np.newaxis], 3, axis=2)
        for framing in (Framing("mnist"), Framing("as_is")):
            with contextlib.suppress(ImageError):
                assert frame_digit(pixels, framing).image.shape == (28, 28)
        with contextlib.suppress(ImageError):
            assert read_number(pixels, recognizer).lines


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


# Each file is read by a fork of one process, which has imported everything: it has a memory and a
# time of its own, and starts in a tenth of the 0.4 s that the imports take.
MEASURE = r"""
import os, re, sys, time, traceback
from pathlib import Path
import numpy as np
from PIL import Image
from mnistcli.data.files import read_parts
from mnistcli.errors import DataError, ImageError
from mnistcli.images import frame_digit, read_picture
from mnistcli.recognition import Recognizer, read_number

def peak():
    # Not ru_maxrss: a process starts with its parent's.
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])

def measure(path):
    before = peak()
    started = time.process_time()
    try:
        if path.stem.endswith("row"):
            recognizer = Recognizer(lambda images: np.full((len(images), 10), 0.1))
            read_number(read_picture(path), recognizer)
        elif path.suffix == ".png":
            frame_digit(read_picture(path))
        else:
            read_parts(path, ("x", "train_labels"))
        outcome = "read"
    except (ImageError, DataError) as error:
        outcome = "refused"
    print(outcome, (peak() - before) * 1024 / 1e6, time.process_time() - started, flush=True)

Image.init()  # all of Pillow's modules, which are no part of a picture
for line in sys.stdin:
    if not os.fork():
        try:
            measure(Path(line.rstrip("\n")))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.wait()
    if status:
        print("died with status", status, flush=True)
"""


@pytest.fixture(scope="module")
def measure() -> Iterator[Callable[[Path], str]]:
    """Reads a file in a process of its own; returns the outcome, megabytes and seconds."""
    command = [sys.executable, "-c", MEASURE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        reader, writer = process.stdout, process.stdin
        assert reader and writer

        def measure(path: Path) -> str:
            print(path, file=writer, flush=True)
            return reader.readline()

        yield measure


def picture(width: int, height: int, mode: str, kind: str, **options: Any) -> bytes:
    """A bar in the middle of the picture; it is animated if it has `frames`."""
    buffer = io.BytesIO()
    white, black = {"1": (1, 0), "I;16": (65535, 0), "F": (1, 0)}.get(mode, ("white", "black"))
    image = Image.new(mode, (width, height), white)
    image.paste(black, (width // 2, height // 4, width * 5 // 9 + 1, height * 3 // 4 + 1))
    if frames := options.pop("frames", 0):
        others = [image.rotate(180 * i / frames) for i in range(1, frames)]
        options |= {"save_all": True, "append_images": others}
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_bomb() -> bytes:
    """110 kB that hold 900 megapixels of a bit each."""
    side = 30_000
    deflate = zlib.compressobj(9)
    rows = [deflate.compress(bytes(1000 * (1 + side // 8))) for _ in range(side // 1000)]
    chunks = [
        (b"IHDR", side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])),
        (b"IDAT", b"".join([*rows, deflate.flush()])),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big")
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in chunks
    )


def scan_bomb() -> bytes:
    """100 kB that go over 25 megapixels 106 times."""
    content = picture(5000, 5000, "L", "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + 100 * last + content[-2:]


def pattern(kind: str) -> bytes:
    """Up to 2.3 megapixels, which are not reduced, of what is no digit, in many parts."""
    page = np.full((1000, 2300), 255, np.uint8)
    if kind == "dots":
        page = page[:, :1400]
        for row, column in np.ndindex(6, 6):
            page[row::14, column::14] = 0
    elif kind == "zigzag":
        corners = [(x, 250 + 500 * (x // 15 % 2)) for x in range(0, 2300, 15)]
        image = Image.fromarray(page)
        ImageDraw.Draw(image).line(corners, fill=0, width=4)
        page = np.asarray(image)
    elif kind == "lines":
        page = page[:, :1400]
        page[:, ::7] = 0
    elif kind == "nested":
        for i in range(0, 500, 7):
            page[i : i + 3, i : 2300 - i] = page[i : 1000 - i, i : i + 3] = 0
    elif kind == "noise":
        page = np.random.default_rng(0).integers(0, 256, page.shape).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "PNG")
    return buffer.getvalue()


FAST = {"preset": "ultrafast"}
PATTERNS = ("dots", "zigzag", "lines", "nested", "noise")


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
        ("a bomb.png", png_bomb, "refused"),
        ("16 megapixels.png", lambda: picture(4000, 4000, "RGBA", "PNG"), "read"),
        ("16 megapixels of 16 bits.png", lambda: picture(4000, 4000, "I;16", "PNG"), "read"),
        ("16 megapixels of floats.png", lambda: picture(4000, 4000, "F", "TIFF"), "read"),
        ("11 megapixels webp.png", lambda: picture(4000, 2750, "RGBA", "WEBP"), "read"),
        ("9 megapixels anim.png", lambda: picture(3000, 3000, "RGB", "WEBP", frames=2), "read"),
        ("11 megapixels anim.png", lambda: picture(4000, 2750, "L", "WEBP", frames=2), "refused"),
        ("16 megapixels gif.png", lambda: picture(4000, 4000, "L", "GIF", frames=2), "read"),
        ("16 megapixels avif.png", lambda: picture(4000, 4000, "RGB", "AVIF", speed=10), "read"),
        (
            "24 megapixels heic.png",
            lambda: picture(6000, 4000, "RGB", "HEIF", enc_params=FAST),
            "read",
        ),
        (
            "25 progressive.png",
            lambda: picture(5000, 5000, "RGB", "JPEG", progressive=True),
            "read",
        ),
        ("25 progressive, 106 scans.png", scan_bomb, "refused"),
        ("a megapixel in Python.png", lambda: b"P5 1000 1000 99 " + bytes(10**6), "refused"),
        ("9 in Python.png", lambda: b"P5 3000 3000 99 " + bytes(9 * 10**6), "refused"),
        ("narrow.png", lambda: picture(1, 15_999_999, "L", "PNG"), "refused"),
        ("tall.png", lambda: picture(1, 65_535, "L", "PNG"), "read"),
        ("long.png", lambda: picture(65_535, 240, "LA", "PNG"), "read"),
        *((f"{kind}.png", partial(pattern, kind), "either") for kind in PATTERNS),
        *((f"{kind} in a row.png", partial(pattern, kind), "either") for kind in PATTERNS),
        ("17 megapixels.png", lambda: picture(4250, 4000, "L", "PNG"), "refused"),
        ("bomb.npz", npz_bomb, "refused"),
        ("train-labels-idx1-ubyte.gz", idx_bomb, "refused"),
    ],
)
def test_memory_and_time_are_bounded(
    name: str,
    make: Callable[[], bytes],
    outcome: str,
    tmp_path: Path,
    measure: Callable[[Path], str],
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    if path.suffix == ".gz":
        path = tmp_path

    measured = measure(path)

    found, megabytes, seconds = measured.split()
    assert outcome in (found, "either")
    assert float(megabytes) < 200, measured
    assert float(seconds) < 2, measured
