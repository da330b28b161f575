"""The picture files that can be read, and how large they may be."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from mnistcli.errors import ImageError

# Pillow's name of each format, and the suffixes of its files.
SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
EXPECTED_FORMATS = "PNG, JPEG, GIF, WebP, TIFF, BMP, PNM, AVIF or HEIC"
INSTALL_HEIF = "pip install 'mnistcli[heic]'"

# Within these limits no picture takes more than 200 MB, as `tests/test_any_file.py` measures. JPEG
# and HEIC are reduced before they are copied. Of other pictures up to three copies are in memory at
# once, with 4 bytes per pixel; of WebP four, or five where it is animated.
MAX_PIXELS = 16_000_000
MAX_PIXELS_OF_WEBP = 11_000_000
MAX_PIXELS_OF_ANIMATED_WEBP = 9_000_000
MAX_PIXELS_OF_HEIF = (
    25_000_000  # with 8 bits and colours at half the resolution, as phones store it
)
MAX_PIXELS_OF_JPEG = 50_000_000  # enough for any phone's camera
MAX_PIXELS_OF_PROGRESSIVE_JPEG = 25_000_000  # all coefficients are in memory at once
MAX_SCANS = 30  # of a progressive JPEG; encoders make 10, and each takes 40 ms at 25 megapixels
# Pillow decodes these in Python, which takes up to a second per megapixel.
PYTHON_DECODERS = ("bmp_rle", "ppm", "ppm_plain")
MAX_PIXELS_IN_PYTHON = 1_000_000
MAX_SIDE = 65_535  # JPEG's limit; Pillow keeps a pointer to each row

# A larger or longer picture is reduced by a whole factor, to about this size.
WORKING_PIXELS = 1024**2
WORKING_SIDE = 8192


def is_picture(path: Path) -> bool:
    """Return whether a file has the suffix of a picture."""
    return any(path.suffix.lower() in suffixes for suffixes in SUFFIXES.values())


def lacks_heif_reader(path: Path) -> bool:
    """Return whether a file has the suffix of HEIC, and the package that reads HEIC is missing."""
    return path.suffix.lower() in SUFFIXES["HEIF"] and find_spec("pillow_heif") is None


def reduction_factor(size: tuple[int, int]) -> int:
    """Return the factor, at least 1, by which to reduce a picture of a size (width, height)."""
    by_area = round(math.sqrt(size[0] * size[1] / WORKING_PIXELS))
    by_side = math.ceil(max(size) / WORKING_SIDE)
    return max(1, by_area, by_side)


def open_image(file: BinaryIO, name: str) -> Image.Image:
    """Open a picture of any of the formats; only HEIC is decoded at once.

    Args:
        file: the picture, at its first byte.
        name: the picture's name in errors.

    Raises:
        ImageError: the picture has too many pixels, or is HEIC and no package reads it.
        UnidentifiedImageError: the file has another format.
    """
    header = file.read(64)
    file.seek(0)
    # AVIF and HEIC share a container; its list of brands tells them apart.
    if header[4:8] == b"ftyp" and not any(brand in header[8:] for brand in (b"avif", b"avis")):
        return _open_heif(file, name)
    image = Image.open(file, formats=[name for name in SUFFIXES if name != "HEIF"])
    _check_size(name, image.size, _max_pixels(image))
    if "progressive" in image.info and _count_scans(file) > MAX_SCANS:
        raise ImageError(
            f"{name}: a progressive JPEG of more than {MAX_SCANS} scans",
            "expected a usual JPEG; save it again",
        )
    return image


def too_many_pixels(name: str, count: str, max_pixels: int = MAX_PIXELS) -> ImageError:
    """Return the error for a picture that is too large."""
    limit = f"expected at most {max_pixels // 10**6} megapixels"
    if max_pixels < MAX_PIXELS_OF_JPEG:
        limit += f", or {MAX_PIXELS_OF_JPEG // 10**6} in a JPEG"
    return ImageError(f"{name}: {count} pixels", f"{limit}; save it smaller")


def _open_heif(file: BinaryIO, name: str) -> Image.Image:
    """Decode a HEIC picture: upright, reduced, and without its EXIF data.

    Pillow's plugin would hold two more copies of 24 megapixels.
    """
    try:
        from pillow_heif import open_heif
    except ImportError:
        raise ImageError(
            f"{name}: reading HEIC needs another package", f"install it: {INSTALL_HEIF}"
        ) from None
    heif = open_heif(file)
    is_from_phone = heif.info.get("chroma") == 420 and heif.info.get("bit_depth") == 8
    _check_size(name, heif.size, MAX_PIXELS_OF_HEIF if is_from_phone else MAX_PIXELS)
    pixels = np.asarray(heif)
    factor = reduction_factor(heif.size)
    size = tuple(max(1, round(side / factor)) for side in heif.size)
    return Image.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _count_scans(file: BinaryIO) -> int:
    """Return the number of scans in a JPEG file; its position stays the same."""
    position = file.tell()
    file.seek(0)
    count, tail = 0, b""
    while content := file.read(2**20):
        count += (tail + content).count(b"\xff\xda")
        tail = content[-1:] if content[-1:] == b"\xff" else b""
    file.seek(position)
    return count


def _max_pixels(image: Image.Image) -> int:
    """Return the number of pixels that a picture of this format may have."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):  # also MPO, of several pictures
        is_progressive = "progressive" in image.info
        return MAX_PIXELS_OF_PROGRESSIVE_JPEG if is_progressive else MAX_PIXELS_OF_JPEG
    if image.format == "WEBP":
        is_animated = getattr(image, "is_animated", False)
        return MAX_PIXELS_OF_ANIMATED_WEBP if is_animated else MAX_PIXELS_OF_WEBP
    if any(tile[0] in PYTHON_DECODERS for tile in getattr(image, "tile", ())):
        return MAX_PIXELS_IN_PYTHON
    return MAX_PIXELS


def _check_size(name: str, size: tuple[int, int], max_pixels: int) -> None:
    pixels = f"{size[0]:,} x {size[1]:,}"
    if max(size) > MAX_SIDE:
        raise ImageError(
            f"{name}: {pixels} pixels", f"expected at most {MAX_SIDE:,} in width and in height"
        )
    if size[0] * size[1] > max_pixels:
        raise too_many_pixels(name, pixels, max_pixels)
