"""A picture file as colours, whatever its format, colours, depth and transparency."""

import contextlib
import io
import math
import struct
import sys
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnistcli.errors import ImageError

STANDARD_INPUT = Path("-")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
# With these no picture takes more than 200 MB: JPEG is reduced while it is decoded, and of the
# others, at 4 bytes a pixel, up to three copies are in memory at once.
MAX_PIXELS = 16_000_000
MAX_PIXELS_OF_JPEG = 50_000_000  # any phone's camera
MAX_FILE_BYTES = 200 * 1024**2  # the same picture uncompressed, as BMP stores it
WORKING_PIXELS = 1024**2  # a larger picture is reduced by a whole number, to about this

# What Pillow's decoders raise on damaged files: they have no common exception.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a PNG, JPEG, BMP or WebP file, or standard input where the path is `-`.

    EXIF rotation is applied; transparency is laid on the ground that `choose_ground` finds;
    16 bits become 8; a picture much above `WORKING_PIXELS` is reduced.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        ImageError: the file is missing, unreadable, too large, damaged or not a picture.
    """
    if path == STANDARD_INPUT:
        try:
            content = sys.stdin.buffer.read(MAX_FILE_BYTES)
        except OSError as error:
            raise ImageError(
                f"{picture_name(path)}: cannot be read ({error.strerror})",
                "expected a picture from a pipe or a file",
            ) from None
        return _decode(io.BytesIO(content), picture_name(path))
    _check_file(path)
    try:
        with path.open("rb") as file:
            return _decode(file, picture_name(path))
    except PermissionError:
        raise ImageError(
            f"{path}: no permission to read it", "check its owner and permissions"
        ) from None


def picture_name(path: Path) -> str:
    """Return what a picture is called to its user."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def name_error(path: Path, error: ImageError) -> ImageError:
    """Return an error that names its picture: one of what was found in it does not yet."""
    name, (message, *expected) = picture_name(path), error.args
    return error if message.startswith(name) else ImageError(f"{name}: {message}", *expected)


def _decode(file: BinaryIO, name: str) -> NDArray[np.uint8]:
    """Read a picture from an open file that can seek, as `read_picture` does.

    Args:
        name: what an error calls it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged EXIF and of size, which is checked below
        try:
            with Image.open(file, formats=FORMATS) as image:
                _check_size(name, image)
                colours, alpha = split_alpha(image)
        except UnidentifiedImageError:
            raise ImageError(
                f"{name}: not a picture that can be read",
                "expected PNG, JPEG, BMP or WebP; export it as PNG",
            ) from None
        except Image.DecompressionBombError:
            raise _too_many_pixels(name, "far too many") from None
        except DAMAGE as error:
            if isinstance(error, PermissionError):
                raise
            raise ImageError(
                f"{name}: the picture is damaged or cut short ({error})",
                "expected a whole PNG, JPEG, BMP or WebP file; copy or export it again",
            ) from None
    return lay_on_ground(colours, alpha)


def split_alpha(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode a picture into upright colours (H, W, 3) and alpha (H, W), 255 opaque; uint8."""
    factor = _reduction(image)
    # JPEG decodes at 1/2, 1/4 or 1/8 directly: 12 megapixels in a third of the time.
    image.draft(None, (image.width // factor, image.height // factor))
    if image.mode.startswith("I"):
        image = _to_8_bits(image)
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.reduce(_reduction(image))
    with contextlib.suppress(*DAMAGE):  # unreadable EXIF: the picture as it lies
        image = ImageOps.exif_transpose(image)
    pixels = np.asarray(image)
    if image.mode == "RGB":
        return pixels, np.full(pixels.shape[:2], 255, np.uint8)
    return pixels[..., :3], pixels[..., 3]


def lay_on_ground(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace transparency by a ground that the ink stands out from; (H, W, 3) uint8."""
    if alpha.min() == 255:
        return colours
    opacity = alpha[..., np.newaxis].astype(np.float32) / 255
    laid = colours * opacity + choose_ground(colours, alpha) * (1 - opacity)
    return np.rint(laid).astype(np.uint8)


def choose_ground(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the colour, (3,) of 0 to 255, to put beneath a transparent picture.

    Ink alone gets white beneath it, or black if it is light. A card that carries both
    paper and ink (it fills its rectangle and has contrast of its own) is continued in the
    colour of its paper.
    """
    visible = alpha > 127
    if not visible.any():
        visible = alpha == alpha.max()
    levels = colours[visible]
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    rectangle = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    low, high = np.percentile(levels.mean(axis=1), (2, 98))
    if len(levels) > 0.6 * rectangle and high - low > 64:
        return np.median(levels, axis=0).astype(np.float32)
    return np.full(3, 255 if levels.mean() < 128 else 0, np.float32)


def _reduction(image: Image.Image) -> int:
    return max(1, round(math.sqrt(image.width * image.height / WORKING_PIXELS)))


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grey by the smallest usual depth that holds it: scanners store 10 to 14."""
    levels = np.asarray(image).astype(np.float32)
    depth = next((bits for bits in (8, 10, 12, 14) if levels.max() < 2**bits), 16)
    grey = Image.fromarray(np.rint(levels * (255 / (2**depth - 1))).astype(np.uint8))
    grey.info = dict(image.info)
    transparent = grey.info.pop("transparency", None)
    if transparent is not None:
        grey.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return grey


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file", "expected a picture") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ImageError(
            f"{path}: cannot be read ({reason})", "check its name and its permissions"
        ) from None
    if path.is_dir():
        raise ImageError(f"{path}: a folder", "expected the file of one picture")
    if not path.is_file():
        raise ImageError(f"{path}: not a regular file", "expected the file of one picture")
    if status.st_size == 0:
        raise ImageError(f"{path}: an empty file (0 bytes)", "expected a picture; copy it again")
    if status.st_size > MAX_FILE_BYTES:
        raise ImageError(
            f"{path}: a file of {status.st_size / 1024**2:,.0f} MiB",
            f"expected at most {MAX_FILE_BYTES // 1024**2} MiB; save it smaller",
        )


def _check_size(name: str, image: Image.Image) -> None:
    maximum = MAX_PIXELS_OF_JPEG if image.format == "JPEG" else MAX_PIXELS
    if image.width * image.height > maximum:
        raise _too_many_pixels(name, f"{image.width:,} x {image.height:,}")


def _too_many_pixels(name: str, count: str) -> ImageError:
    return ImageError(
        f"{name}: {count} pixels",
        f"expected at most {MAX_PIXELS // 10**6} megapixels, or {MAX_PIXELS_OF_JPEG // 10**6} in a "
        "JPEG; save it smaller",
    )
