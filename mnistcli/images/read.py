"""A picture file as RGB, for any format, colour space, depth and transparency."""

import contextlib
import struct
import sys
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnistcli.errors import ImageError
from mnistcli.images.formats import EXPECTED_FORMATS, open_image, reduction_factor, too_many_pixels

STANDARD_INPUT = Path("-")
MAX_FILE_BYTES = 200 * 1024**2  # 50 megapixels uncompressed

# Pillow's decoders raise these on damaged files; they have no common exception.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as `read_reduced_picture` does, and return (H, W, 3) uint8, RGB."""
    return read_reduced_picture(path)[0]


def read_reduced_picture(path: Path) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Read a file of any of `EXPECTED_FORMATS`, or standard input where the path is `-`.

    Of several frames or pages the first is read. EXIF rotation is applied, transparency is
    replaced by `flatten_alpha`, 16 bits become 8, and a picture much larger than
    `WORKING_PIXELS` is reduced.

    Args:
        path: the file, or `-`.

    Returns:
        (H, W, 3) uint8, RGB, and the width and height of the picture in the file, upright.

    Raises:
        ImageError: the file is missing, unreadable, too large, damaged or not a picture.
    """
    if path == STANDARD_INPUT:
        return _read_standard_input()
    _check_file(path)
    try:
        with path.open("rb") as file:
            return decode_picture(file, str(path))
    except PermissionError:
        raise ImageError(
            f"{path!s}: no permission to read it", "check its owner and permissions"
        ) from None


def picture_name(path: Path) -> str:
    """Return a picture's name for the user: its path, or "standard input"."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def name_error(path: Path, error: ImageError) -> ImageError:
    """Return the error with the picture's name in front, unless its message has it already."""
    name, (message, *expected) = picture_name(path), error.args
    return error if message.startswith(name) else ImageError(f"{name}: {message}", *expected)


def _read_standard_input() -> tuple[NDArray[np.uint8], tuple[int, int]]:
    name = picture_name(STANDARD_INPUT)
    with tempfile.TemporaryFile() as file:  # a file, because the input may be too large for memory
        try:
            while file.tell() <= MAX_FILE_BYTES and (content := sys.stdin.buffer.read(2**20)):
                file.write(content)
        except OSError as error:
            raise ImageError(
                f"{name}: cannot be read ({error.strerror})",
                "expected a picture from a pipe or a file",
            ) from None
        _check_bytes(name, file.tell())
        file.seek(0)
        return decode_picture(file, name)


def decode_picture(file: BinaryIO, name: str) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Read a picture from a seekable file, as `read_reduced_picture` does.

    Args:
        file: the picture, at its first byte.
        name: the picture's name in errors.

    Raises:
        ImageError: the picture is too large, damaged or none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged EXIF data; `open_image` checks the size
        try:
            with open_image(file, name) as image:
                size = image.size
                colours, alpha = split_alpha(image)
        except UnidentifiedImageError:
            raise ImageError(
                f"{name}: not a picture that can be read",
                f"expected {EXPECTED_FORMATS}; export it as PNG",
            ) from None
        except Image.DecompressionBombError:
            raise too_many_pixels(name, "far too many") from None
        except DECODING_ERRORS as error:
            if isinstance(error, PermissionError):
                raise
            raise ImageError(
                f"{name}: the picture is damaged or cut short ({' '.join(str(error).split())})",
                f"expected a whole {EXPECTED_FORMATS}; copy or export it again",
            ) from None
    height, width = alpha.shape
    is_turned = (width - height) * (size[0] - size[1]) < 0  # by EXIF
    return flatten_alpha(colours, alpha), size[::-1] if is_turned else size


def split_alpha(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode a picture into colours (H, W, 3) and alpha (H, W), 255 for opaque, both uint8."""
    factor = reduction_factor(image.size)
    # JPEG can be decoded at 1/2, 1/4 or 1/8, which takes a third of the time for 12 megapixels.
    image.draft(None, (image.width // factor, image.height // factor))
    if image.mode.startswith(("I", "F")):
        image = _to_8_bits(image)
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.reduce(reduction_factor(image.size))
    with contextlib.suppress(
        *DECODING_ERRORS
    ):  # with unreadable EXIF data the picture stays as it is
        image = ImageOps.exif_transpose(image)
    pixels = np.asarray(image)
    if image.mode == "RGB":
        return pixels, np.full(pixels.shape[:2], 255, np.uint8)
    return pixels[..., :3], pixels[..., 3]


def flatten_alpha(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the colours (H, W, 3) on a background that the ink stands out from.

    Args:
        colours: (H, W, 3) uint8, RGB.
        alpha: (H, W) uint8, 255 for opaque.
    """
    if alpha.min() == 255:
        return colours
    opacity = alpha[..., np.newaxis].astype(np.float32) / 255
    blend = colours * opacity + _choose_background(colours, alpha) * (1 - opacity)
    return np.rint(blend).astype(np.uint8)


def _choose_background(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a background colour (3,), 0 to 255, for a transparent picture.

    Ink without paper gets a white background, or a black one if the ink is light. A picture of
    ink on paper fills its bounding box and has contrast: its background is the paper's colour.
    """
    is_visible = alpha > 127
    if not is_visible.any():
        is_visible = alpha == alpha.max()
    levels = colours[is_visible]
    rows, columns = np.flatnonzero(is_visible.any(axis=1)), np.flatnonzero(is_visible.any(axis=0))
    box_area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    low, high = np.percentile(levels.mean(axis=1), (2, 98))
    if len(levels) > 0.6 * box_area and high - low > 64:
        return np.median(levels, axis=0).astype(np.float32)
    return np.full(3, 255 if levels.mean() < 128 else 0, np.float32)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return grey levels of 16 or 32 bits as 8 bits.

    White is the largest number of the smallest usual depth that holds all levels: scanners store
    10 to 14 bits. For floating-point levels white is 1 unless some are above it.
    """
    if image.mode in ("I", "F"):  # these take 4 bytes per pixel: reduce them before any copy
        image = image.reduce(reduction_factor(image.size))
    levels = np.asarray(image)
    if levels.dtype.kind == "f":
        levels = np.nan_to_num(levels, nan=0, posinf=0, neginf=0)
    highest = float(levels.max())
    depths = (0, 8, 10, 12, 14, 16) if levels.dtype.kind == "f" else (8, 10, 12, 14, 16)
    white = next((2**bits - 1 or 1 for bits in depths if highest <= max(1, 2**bits - 1)), highest)
    pixels = cv2.convertScaleAbs(np.maximum(levels, 0), alpha=255 / white)
    grey = Image.fromarray(pixels)
    grey.info = dict(image.info)
    transparent_level = grey.info.pop("transparency", None)
    if transparent_level is not None:
        alpha = np.where(levels == transparent_level, 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(alpha))
    return grey


def _check_file(path: Path) -> None:
    name = str(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file", "expected a picture") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ImageError(
            f"{name}: cannot be read ({reason})", "check its name and its permissions"
        ) from None
    if path.is_dir():
        raise ImageError(f"{name}: a folder", "expected the file of one picture")
    if not path.is_file():
        raise ImageError(f"{name}: not a regular file", "expected the file of one picture")
    _check_bytes(name, status.st_size)


def _check_bytes(name: str, size: int) -> None:
    if size == 0:
        raise ImageError(f"{name}: an empty file (0 bytes)", "expected a picture; copy it again")
    if size > MAX_FILE_BYTES:
        raise ImageError(
            f"{name}: a file of more than {MAX_FILE_BYTES // 1024**2} MiB",
            "expected a picture; save it smaller",
        )
