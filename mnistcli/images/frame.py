"""From grey levels to MNIST's frame, in the steps that its makers took.

LeCun, Bottou, Bengio, Haffner (1998), Gradient-Based Learning Applied to Document
Recognition, section III.A: the ink is fitted into 20x20 with its aspect kept, which
leaves grey levels where it is anti-aliased, and placed in 28x28 by its centre of mass.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.errors import ImageError

SIDE = 28
BOX_SIDE = 20
MIN_CONTRAST = 10  # grey levels; pale yellow on white has 12


def to_mnist(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turns the grey levels of one digit, dark on light or light on dark, into MNIST's 28x28.

    A digit that is in MNIST's frame already stays as it is.

    Args:
        grey: (H, W) uint8 of any size.

    Returns:
        (28, 28) uint8, 0 the background and 255 the ink.

    Raises:
        ImageError: the picture is blank.
    """
    return centre_by_mass(fit_to_box(crop_to_ink(extract_ink(grey))))


def extract_ink(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns how much ink each pixel holds, (H, W) in [0, 1]; 0 up to the background's noise.

    Raises:
        ImageError: nothing stands out from the background.
    """
    border = _border(grey.shape)
    is_dark = grey <= split_levels(grey)
    # Ink covers less than half of a picture, and still less of its border.
    is_background = is_dark if is_dark.mean() + is_dark[border].mean() > 1 else ~is_dark
    ink_level = grey[~is_background]
    if not is_background.any() or not ink_level.size:
        raise _blank()
    background = np.median(grey[is_background])
    difference = np.abs(grey.astype(np.float32) - background)
    difference[np.sign(grey - background) != np.sign(np.median(ink_level) - background)] = 0
    contrast = np.percentile(difference[~is_background], 99)
    noise = _noise(np.abs(grey[border & is_background] - background))
    if contrast < MIN_CONTRAST + 1.5 * noise:
        raise _blank()
    ink: NDArray[np.float32] = np.clip((difference - noise) / (contrast - noise), 0, 1)
    return ink


def split_levels(grey: NDArray[np.uint8]) -> int:
    """Returns the last grey level of the darker class (Otsu 1979, equation 18)."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    weights = np.cumsum(counts) / grey.size
    means = np.cumsum(counts * np.arange(256)) / grey.size
    spread = weights * (1 - weights)
    between = np.zeros(256)
    np.divide((means[-1] * weights - means) ** 2, spread, out=between, where=spread > 0)
    return int(between.argmax())


def crop_to_ink(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cuts out the ink's bounding box.

    Rows and columns that hold strong ink, and those next to them that hold faint ink: the
    edge of a stroke belongs to MNIST's box, a faint speck far from it does not.
    """
    rows, columns = _extent(ink.max(axis=1)), _extent(ink.max(axis=0))
    return ink[rows, columns]


def fit_to_box(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scales a crop so that its longer side is 20, anti-aliased, its strokes up to 1."""
    scale = BOX_SIDE / max(ink.shape)
    if scale == 1:
        return ink
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    filtering = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.HAMMING
    resized = np.asarray(Image.fromarray(ink).resize((width, height), filtering))
    # A hairline covers little of each pixel: its usual level, not its crossings', becomes 1.
    stroke = np.percentile(resized[resized > 0.1 * resized.max()], 75)
    fitted: NDArray[np.float32] = np.clip(resized / stroke, 0, 1)
    return fitted


def centre_by_mass(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Places ink of at most 28x28 with its centre of mass on pixel 14, as all of MNIST has it."""
    framed = np.zeros((SIDE, SIDE), np.uint8)
    rows = _placement(ink.sum(axis=1))
    columns = _placement(ink.sum(axis=0))
    framed[rows, columns] = np.rint(ink * 255)
    return framed


def _placement(profile: NDArray[np.float32]) -> slice:
    mean = float(profile @ np.arange(profile.size) / profile.sum())
    start = min(max(round(SIDE / 2 - mean), 0), SIDE - profile.size)
    return slice(start, start + profile.size)


def _extent(profile: NDArray[np.float32]) -> slice:
    strong = np.flatnonzero(profile > 0.5)
    # At MNIST's own scale its box ends with the last pixel above 0. In a larger picture
    # such pixels are an edge too thin to matter, or JPEG's ringing, which is not thin.
    faint = 0 if np.ptp(strong) < BOX_SIDE else 0.15
    empty = np.flatnonzero(np.concatenate(([0], profile, [0])) <= faint) - 1
    first = empty[empty < strong[0]][-1] + 1
    last = empty[empty > strong[-1]][0]
    return slice(int(first), int(last))


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    width = max(1, round(0.03 * min(shape)))
    border = np.ones(shape, np.bool_)
    border[width:-width, width:-width] = False
    return border


def _noise(deviations: NDArray[np.floating]) -> float:
    # Twice the 95th percentile: 4 standard deviations where the noise is Gaussian.
    return 2 * float(np.percentile(deviations, 95)) if deviations.size else 0.0


def _blank() -> ImageError:
    return ImageError(
        "the picture is blank",
        "expected one digit that stands out from its background",
    )
