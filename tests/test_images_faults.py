"""Pictures that cannot be read, and what is said of them."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from drawings import CLEAR, draw_five, encode, read_digit, write
from PIL import Image

from mnistcli.errors import ImageError
from mnistcli.images import PictureSelection, read_picture
from mnistcli.images.formats import MAX_PIXELS
from mnistcli.images.read import MAX_FILE_BYTES


def png_of_size(width: int, height: int) -> bytes:
    """Returns a PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def blank_photo() -> Image.Image:
    noise = np.random.default_rng(0).normal(200, 3, (300, 400))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


BAD_CONTENT: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "empty file"),
    "text": (lambda: b"not a picture at all", "not a picture .*\n.*PNG, JPEG, .* or HEIC"),
    "PDF": (lambda: encode(draw_five().convert("L"), "PDF"), "not a picture .*\n.*export it"),
    "cut PNG": (lambda: encode(draw_five())[:-900], "damaged or cut short"),
    "cut JPEG": (lambda: encode(draw_five().convert("L"), "JPEG")[:2500], "damaged or cut short"),
    "cut BMP": (lambda: encode(draw_five().convert("L"), "BMP")[:90000], "damaged or cut short"),
    "cut GIF": (lambda: encode(draw_five().convert("L"), "GIF")[:500], "damaged or cut short"),
    "cut TIFF": (lambda: encode(draw_five(), "TIFF")[:90000], "damaged or cut|not a picture"),
    "cut PGM": (lambda: encode(draw_five().convert("L"), "PPM")[:90000], "damaged or cut short"),
    "cut AVIF": (lambda: encode(draw_five(), "AVIF")[:-300], "damaged or cut|not a picture"),
    "cut HEIC": (lambda: encode(draw_five(), "HEIF")[:-300], "damaged or cut short"),
    "narrow": (lambda: png_of_size(1, 15_999_999), "1 x 15,999,999 pixels\n.*65,535"),
    "cut WebP": (lambda: encode(draw_five(), "WEBP")[:-500], "damaged or cut|not a picture"),
    "cut in its header": (lambda: encode(draw_five())[:20], "not a picture|damaged"),
    "bomb": (lambda: png_of_size(60_000, 60_000), "far too many pixels\n.*16 megapixels"),
    "100 megapixels": (lambda: png_of_size(10_000, 10_000), "10,000 x 10,000 pixels\n.*16 mega"),
    "white": (lambda: encode(Image.new("L", (300, 200), 255)), "blank\n.*stands out"),
    "nearly white": (lambda: encode(draw_five(ink=(250, 250, 250, 255))), "blank"),
    "one pixel": (lambda: encode(Image.new("L", (1, 1), 9)), "blank"),
    "all transparent": (lambda: encode(draw_five(CLEAR, CLEAR)), "blank"),
    "noise": (lambda: encode(blank_photo()), "blank"),
    "16 bits, dark noise": (lambda: encode(Image.fromarray(np.eye(40, dtype=np.uint16))), "blank"),
}


@pytest.mark.parametrize("case", BAD_CONTENT)
def test_a_bad_picture_is_named_and_the_mend_told(case: str, tmp_path: Path) -> None:
    make, message = BAD_CONTENT[case]
    path = write(tmp_path, make())
    with pytest.raises(ImageError, match=message) as caught:
        read_digit(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 2


def test_a_size_at_the_limit_is_not_refused_for_its_size(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cut short"):
        read_picture(write(tmp_path, png_of_size(MAX_PIXELS // 5000, 5000)))


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.bmp"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError, match="200 MiB"):
        read_picture(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing.png", "no such file"), (".", "a folder"), ("a\0b.png", "cannot be read")],
)
def test_a_path_that_is_no_file_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=message):
        read_picture(tmp_path / name)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="not a regular file"):
        read_picture(tmp_path / "pipe.png")


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Gives up root for a while: root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_no_permission_is_said(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = write(tmp_path, encode(draw_five()))
    folder = tmp_path / "closed"
    folder.mkdir()
    path.chmod(0)
    folder.chmod(0)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.name.startswith(("test_", "popen-", "pytest-")):
            parent.chmod(0o755)
    request.getfixturevalue("unprivileged")
    with pytest.raises(ImageError, match="no permission"):
        read_picture(path)
    for closed in (str(folder), str(folder / "inside.png")):
        selection = PictureSelection()
        selection.add(closed)
        assert "cannot be read" in selection.errors[closed]
    with pytest.raises(ImageError, match="cannot be read"):
        read_picture(folder / "inside.png")
