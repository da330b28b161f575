"""Which picture files can be read, and how large they may be."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from mnistcli.errors import ImageError

# Pillow's name of each format, and how its files end.
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

# With these no picture takes more than 200 MB, as `tests/test_any_file.py` measures: JPEG and
# HEIC are reduced before there are copies, of the others up to three are in memory at once, at 4
# bytes a pixel, and of WebP four (of an animated one five).
MAX_PIXELS = 16_000_000
MAX_PIXELS_OF_WEBP = 11_000_000
MAX_PIXELS_OF_ANIMATED_WEBP = 9_000_000
MAX_PIXELS_OF_HEIF = 25_000_000  # as phones store it: 8 bits, colours at half the resolution
MAX_PIXELS_OF_JPEG = 50_000_000  # any phone's camera
MAX_PIXELS_OF_PROGRESSIVE_JPEG = 25_000_000  # the coefficients of all are in memory at once
MAX_SCANS = 30  # of a progressive JPEG; encoders make 10, and each takes 40 ms at that size
# Pillow decodes these in Python: a megapixel takes up to a second.
PYTHON_DECODERS = ("bmp_rle", "ppm", "ppm_plain")
MAX_PIXELS_IN_PYTHON = 1_000_000
MAX_SIDE = 65_535  # JPEG's; Pillow keeps a pointer to each row

# A larger or longer picture is reduced by a whole number, to about this.
WORKING_PIXELS = 1024**2
WORKING_SIDE = 8192


def is_picture(path: Path) -> bool:
    """Whether a file's name ends as those of pictures do."""
    return any(path.suffix.lower() in suffixes for suffixes in SUFFIXES.values())


def lacks_heif_reader(path: Path) -> bool:
    """Whether a file's name ends as HEIC's do, which cannot be read as nothing is installed."""
    return path.suffix.lower() in SUFFIXES["HEIF"] and find_spec("pillow_heif") is None


def reduction(size: tuple[int, int]) -> int:
    """Return the whole number by which a picture of a size (width, height) is to be reduced."""
    area = round(math.sqrt(size[0] * size[1] / WORKING_PIXELS))
    return max(1, area, math.ceil(max(size) / WORKING_SIDE))


def open_image(file: BinaryIO, name: str) -> Image.Image:
    """Open a picture of any format above; its pixels are mostly not decoded yet.

    Args:
        name: what an error calls it.

    Raises:
        ImageError: it has too many pixels, or is HEIC, for which nothing is installed.
        UnidentifiedImageError: it is of no such format.
    """
    header = file.read(64)
    file.seek(0)
    # Both are in the same container, which says what for in its list of brands.
    if header[4:8] == b"ftyp" and not any(brand in header[8:] for brand in (b"avif", b"avis")):
        return _open_heif(file, name)
    image = Image.open(file, formats=[each for each in SUFFIXES if each != "HEIF"])
    _check_size(name, image.size, _maximum(image))
    if "progressive" in image.info and _count_scans(file) > MAX_SCANS:
        raise ImageError(
            f"{name}: a JPEG that goes over its pixels more than {MAX_SCANS} times",
            "expected a usual JPEG; save it again",
        )
    return image


def too_many_pixels(name: str, count: str, maximum: int = MAX_PIXELS) -> ImageError:
    """Return the error for a picture that is too large."""
    allowed = f"expected at most {maximum // 10**6} megapixels"
    if maximum < MAX_PIXELS_OF_JPEG:
        allowed += f", or {MAX_PIXELS_OF_JPEG // 10**6} in a JPEG"
    return ImageError(f"{name}: {count} pixels", f"{allowed}; save it smaller")


def _open_heif(file: BinaryIO, name: str) -> Image.Image:
    """Return a HEIC picture as it is meant to be seen, reduced already; its EXIF is used up.

    It is decoded without Pillow, which would hold 24 megapixels twice more.
    """
    try:
        from pillow_heif import open_heif
    except ImportError:
        raise ImageError(
            f"{name}: reading HEIC needs another package", f"install it: {INSTALL_HEIF}"
        ) from None
    heif = open_heif(file)
    is_plain = heif.info.get("chroma") == 420 and heif.info.get("bit_depth") == 8
    _check_size(name, heif.size, MAX_PIXELS_OF_HEIF if is_plain else MAX_PIXELS)
    pixels = np.asarray(heif)
    factor = reduction(heif.size)
    size = tuple(max(1, round(side / factor)) for side in heif.size)
    return Image.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _count_scans(file: BinaryIO) -> int:
    """Return how often a JPEG file begins a scan, and leave the file where it stood."""
    place = file.tell()
    file.seek(0)
    count, last = 0, b""
    while content := file.read(2**20):
        count += (last + content).count(b"\xff\xda")
        last = content[-1:] if content[-1:] == b"\xff" else b""
    file.seek(place)
    return count


def _maximum(image: Image.Image) -> int:
    """Return how many pixels a picture may have, by how it is decoded."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):  # also MPO, of several pictures
        progressive = "progressive" in image.info
        return MAX_PIXELS_OF_PROGRESSIVE_JPEG if progressive else MAX_PIXELS_OF_JPEG
    if image.format == "WEBP":
        animated = getattr(image, "is_animated", False)
        return MAX_PIXELS_OF_ANIMATED_WEBP if animated else MAX_PIXELS_OF_WEBP
    if any(tile[0] in PYTHON_DECODERS for tile in getattr(image, "tile", ())):
        return MAX_PIXELS_IN_PYTHON
    return MAX_PIXELS


def _check_size(name: str, size: tuple[int, int], maximum: int) -> None:
    pixels = f"{size[0]:,} x {size[1]:,}"
    if max(size) > MAX_SIDE:
        raise ImageError(
            f"{name}: {pixels} pixels", f"expected at most {MAX_SIDE:,} in width and in height"
        )
    if size[0] * size[1] > maximum:
        raise too_many_pixels(name, pixels, maximum)
