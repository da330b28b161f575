"""Pictures of one digit, in every form a user may have, become what MNIST holds."""

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from drawings import (
    BLACK,
    CLEAR,
    WHITE,
    draw_five,
    encode,
    extents,
    read_digit,
    write,
)
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

from mnistcli.images import (
    frame_digit,
    read_picture,
)


def to_mnist(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frame_digit(np.repeat(grey[..., np.newaxis], 3, axis=2)).image


register_heif_opener()  # to write HEIC


def with_depth(bits: int) -> Image.Image:
    grey = np.asarray(draw_five().convert("L")).astype(np.float64)
    return Image.fromarray(np.rint(grey / 255 * (2**bits - 1)).astype(np.uint16))


def framed(bits: int) -> Image.Image:
    """Returns the 5 on white within a grey frame; made transparent, the frame is not ink."""
    grey = np.array(draw_five().convert("L"))
    grey[grey == 100] = 101
    grey[:40], grey[-40:], grey[:, :40], grey[:, -40:] = 100, 100, 100, 100
    return Image.fromarray(grey if bits == 8 else grey.astype(np.uint16) * 257)


def on_card() -> Image.Image:
    card = draw_five(paper=(255, 250, 240, 255), ink=(0, 0, 120, 255))
    mask = Image.new("L", card.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((20, 20, 380, 380), 60, fill=255)
    card.putalpha(mask)
    return card


OTHER_FRAME = {"save_all": True, "append_images": [Image.new("RGB", (90, 90), "red")]}


def turned(orientation: int, method: Image.Transpose, file_format: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = draw_five().convert("RGB").transpose(method)
    return encode(image, file_format, exif=exif.tobytes())


def with_reals(white: float) -> Image.Image:
    return Image.fromarray(np.asarray(draw_five().convert("L"), np.float32) / 255 * white)


def photo_noise() -> Image.Image:
    grey = np.asarray(draw_five(paper=(210,) * 3 + (255,), ink=(70,) * 3 + (255,)).convert("L"))
    noise = np.random.default_rng(0).normal(0, 6, grey.shape)
    return Image.fromarray(np.clip(grey + noise, 0, 255).astype(np.uint8))


SAME_FIVE: dict[str, Callable[[], bytes]] = {
    "white on black": lambda: encode(draw_five(BLACK, WHITE)),
    "red on yellow": lambda: encode(draw_five((250, 240, 120, 255), (200, 30, 30, 255))),
    "pale yellow on white": lambda: encode(draw_five(ink=(255, 255, 150, 255))),
    "blue on near black": lambda: encode(draw_five((20, 20, 20, 255), (60, 90, 255, 255))),
    "black on clear black": lambda: encode(draw_five(CLEAR)),
    "black on clear white": lambda: encode(draw_five((255, 255, 255, 0))),
    "white on clear black": lambda: encode(draw_five(CLEAR, WHITE)),
    "white on clear white": lambda: encode(draw_five((255, 255, 255, 0), WHITE)),
    "grey and alpha": lambda: encode(draw_five(CLEAR, WHITE).convert("LA")),
    "palette with alpha": lambda: encode(draw_five(CLEAR, (0, 0, 90, 255)).quantize(16)),
    "palette with a clear colour": lambda: encode(
        draw_five(WHITE, BLACK).convert("1").convert("P"), transparency=255
    ),
    "grey with a clear level": lambda: encode(framed(8), transparency=100),
    "16 bits with a clear level": lambda: encode(framed(16), transparency=25700),
    "RGB with a clear colour": lambda: encode(
        draw_five(BLACK, WHITE).convert("RGB"), transparency=(0, 0, 0)
    ),
    "a card on clear": lambda: encode(on_card()),
    "1 bit": lambda: encode(draw_five().convert("1")),
    "10 of 16 bits": lambda: encode(with_depth(10)),
    "12 of 16 bits": lambda: encode(with_depth(12)),
    "16 bits": lambda: encode(with_depth(16)),
    "JPEG": lambda: encode(draw_five().convert("RGB"), "JPEG", quality=30),
    "CMYK JPEG": lambda: encode(draw_five().convert("RGB").convert("CMYK"), "JPEG"),
    "BMP": lambda: encode(draw_five().convert("RGB"), "BMP"),
    "WebP": lambda: encode(draw_five(CLEAR, WHITE), "WEBP", lossless=True),
    "GIF": lambda: encode(draw_five().convert("RGB"), "GIF"),
    "GIF with a clear colour": lambda: encode(draw_five(CLEAR, WHITE), "GIF"),
    "the first frame of a GIF": lambda: encode(draw_five(), "GIF", **OTHER_FRAME),
    "the first frame of an animated PNG": lambda: encode(draw_five(), "PNG", **OTHER_FRAME),
    "the first page of a TIFF": lambda: encode(draw_five(), "TIFF", **OTHER_FRAME),
    "16 bits of a TIFF": lambda: encode(with_depth(16), "TIFF"),
    "12 of 32 bits": lambda: encode(Image.fromarray(np.asarray(with_depth(12), np.int32)), "TIFF"),
    "real numbers to 1": lambda: encode(with_reals(1), "TIFF"),
    "real numbers to 255": lambda: encode(with_reals(255), "TIFF"),
    "CMYK TIFF": lambda: encode(draw_five().convert("RGB").convert("CMYK"), "TIFF"),
    "fax": lambda: encode(draw_five().convert("1"), "TIFF", compression="group4"),
    "turned TIFF": lambda: turned(6, Image.Transpose.ROTATE_90, "TIFF"),
    "DIB": lambda: encode(draw_five().convert("RGB"), "DIB"),
    "PPM": lambda: encode(draw_five().convert("RGB"), "PPM"),
    "16 bits of a PGM": lambda: encode(with_depth(16), "PPM"),
    "PBM": lambda: encode(draw_five().convert("1"), "PPM"),
    "plain PGM": lambda: (
        b"P2 400 400 255 "
        + b" ".join(b"%d" % level for level in np.asarray(draw_five().convert("L")).ravel())
    ),
    "AVIF": lambda: encode(draw_five(CLEAR, WHITE), "AVIF"),
    "AVIF in HEIF's container": lambda: encode(draw_five(), "AVIF").replace(b"avif", b"mif1", 1),
    "HEIC": lambda: encode(draw_five(CLEAR, WHITE), "HEIF"),
    "turned HEIC": lambda: turned(6, Image.Transpose.ROTATE_90, "HEIF"),
    "several in a HEIC": lambda: encode(draw_five().convert("RGB"), "HEIF", **OTHER_FRAME),
    "several in a JPEG": lambda: encode(draw_five().convert("RGB"), "MPO", **OTHER_FRAME),
    "turned by EXIF 6": lambda: turned(6, Image.Transpose.ROTATE_90),
    "turned by EXIF 8": lambda: turned(8, Image.Transpose.ROTATE_270),
    "in a corner": lambda: encode(draw_five(start=(-28, 12))),
    "wide": lambda: encode(draw_five(size=(1500, 240), start=(900, 20))),
    "tall": lambda: encode(draw_five(size=(180, 1800), start=(-5, 1300))),
    "cut tight": lambda: encode(draw_five(size=(132, 192), start=(-29, 0))),
    "12 megapixels, digit small": lambda: encode(
        draw_five(size=(4000, 3000), start=(2500, 1500)).convert("RGB"), "JPEG"
    ),
    "9 megapixels, digit large": lambda: encode(
        draw_five(size=(3000, 3000), start=(100, 100), scale=28, stroke=280)
    ),
    "noise of a photo": lambda: encode(photo_noise().convert("RGB"), "JPEG", quality=85),
}


@pytest.fixture(scope="module")
def digits() -> Iterator[NDArray[np.uint8]]:
    """Real digits in MNIST's frame, (N, 28, 28): MNIST's own, else scikit-learn's brought there."""
    folder = os.environ.get("MNISTCLI_DATA_DIR")
    if folder:
        packed = Path(folder, "t10k-images-idx3-ubyte.gz")
        content = gzip.decompress(packed.read_bytes()) if packed.exists() else b""
        content = content or packed.with_suffix("").read_bytes()
        yield np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)[:1000]
    else:
        from sklearn.datasets import load_digits

        small = np.rint(load_digits().images[:300] * (255 / 16)).astype(np.uint8)
        yield np.array([to_mnist(np.pad(image, 2)) for image in small])


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_a_digit_of_mnist_stays_as_it_is(digits: NDArray[np.uint8]) -> None:
    differences = np.array([difference(to_mnist(digit), digit) for digit in digits])
    assert np.mean(differences < 0.5) > 0.99
    assert differences.mean() < 0.5


def test_dark_on_light_equals_light_on_dark(digits: NDArray[np.uint8]) -> None:
    for digit in digits[:200]:
        assert np.array_equal(to_mnist(255 - digit), to_mnist(digit))


def test_a_digit_of_mnist_drawn_large_comes_back(digits: NDArray[np.uint8]) -> None:
    differences = []
    for digit in digits[:40]:
        large = np.asarray(Image.fromarray(digit).resize((560, 560), Image.Resampling.BICUBIC))
        differences.append(difference(to_mnist(np.pad(large, ((0, 300), (150, 0)))), digit))
    assert np.mean(differences) < 8


def test_the_ink_fills_20_pixels_and_its_mass_is_centred(tmp_path: Path) -> None:
    digit = read_digit(write(tmp_path, encode(draw_five(size=(500, 300), start=(300, 30)))))
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert digit.max() == 255
    height, width = extents(digit)
    assert height == 20
    assert width == pytest.approx(20 * (75 - 20 + 10) / (90 - 5 + 10), abs=1)
    for axis in (0, 1):
        profile = digit.sum(axis=axis, dtype=float)
        assert profile @ np.arange(28) / profile.sum() == pytest.approx(14, abs=0.51)


@pytest.mark.parametrize("form", SAME_FIVE)
def test_the_form_of_the_picture_makes_no_difference(form: str, tmp_path: Path) -> None:
    plain = read_digit(write(tmp_path, encode(draw_five())))
    digit = read_digit(write(tmp_path, SAME_FIVE[form](), "other.png"))
    assert difference(digit, plain) < 4
    assert np.count_nonzero(digit) < 1.15 * np.count_nonzero(plain)


def test_a_tiny_picture_keeps_its_digit(tmp_path: Path) -> None:
    tiny = draw_five().convert("L").resize((16, 16), Image.Resampling.BOX)
    plain = read_digit(write(tmp_path, encode(draw_five())))
    assert difference(read_digit(write(tmp_path, encode(tiny))), plain) < 20


def test_a_hairline_is_as_dark_as_a_pen(tmp_path: Path) -> None:
    digit = read_digit(write(tmp_path, encode(draw_five(stroke=1))))
    assert extents(digit)[0] == 20
    assert np.median(digit[digit > 20]) > 180


@pytest.mark.parametrize("pen", [12, 24, 40])
def test_the_straight_stroke_of_a_1_is_no_sheet_with_round_corners(
    pen: int, tmp_path: Path
) -> None:
    picture = Image.new("L", (640, 480), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(360, 100), (360, 380)], fill=0, width=pen)
    for y in (100, 380):
        draw.circle((360, y), pen / 2, fill=0)
    digit = read_digit(write(tmp_path, encode(picture)))
    columns = np.flatnonzero(digit.max(axis=0) > 127)
    assert extents(digit)[0] == 20
    assert 1 <= len(columns) <= 4
    assert (digit[4:24, columns] > 127).mean() > 0.9


def test_a_faint_speck_far_from_the_digit_does_not_shrink_it() -> None:
    grey = np.array(draw_five().convert("L"))
    clean = to_mnist(grey)
    grey[5:8, 5:8] = 200
    assert np.array_equal(to_mnist(grey), clean)


def test_a_picture_without_alpha_is_read_as_it_is(tmp_path: Path) -> None:
    levels = np.arange(60, dtype=np.uint8).reshape(6, 10) * 4
    picture = read_picture(write(tmp_path, encode(Image.fromarray(levels))))
    assert np.array_equal(picture, np.stack([levels] * 3, axis=-1))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced(file_format: str, tmp_path: Path) -> None:
    large = draw_five(size=(4000, 3000)).convert("L")
    height, width, _ = read_picture(write(tmp_path, encode(large, file_format))).shape
    assert 750 <= height <= 1000
    assert width / height == pytest.approx(4 / 3, abs=0.01)


def test_damaged_exif_does_not_hide_the_picture(tmp_path: Path) -> None:
    content = turned(6, Image.Transpose.ROTATE_90)
    before, after = content.split(b"Exif\0\0", 1)
    lying = read_digit(write(tmp_path, before + b"Exif\0\0????" + after[4:]))
    assert extents(lying)[1] == 20
