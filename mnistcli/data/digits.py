"""`digits`: real handwritten digits that come with scikit-learn, for use offline.

1,797 pictures of 8x8, the test set of "Optical Recognition of Handwritten Digits"
(E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49). NIST's preprocessing programs made 32x32 bitmaps of the
digits of 13 writers; a value counts the ink in a block of 4x4, so it goes from 0 to 16.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, make_dataset
from mnistcli.data.part import IMAGE_SIZE, Part
from mnistcli.data.splits import permutation

# MNIST's pictures fill a box of 20x20 and are placed in 28x28 by their centre of mass
# (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, III.A).
_BOX_SIZE = 20
_TEST_SHARE = 0.2
_SPLIT_SEED = 0  # not the seed of the run, so that every run has the same test set


@cache
def load_digits() -> Dataset:
    """Load scikit-learn's digits, resampled to look like MNIST's; a process makes them once.

    The test set is about a fifth of each class, the same images every time.
    """
    rows = _read_rows()
    images = np.stack([resample_digit(row[:-1].reshape(8, 8)) for row in rows])
    labels = rows[:, -1].astype(np.uint8)
    is_test = _choose_test(labels)
    arrays = {
        "train_images": images[~is_test],
        "train_labels": labels[~is_test],
        "test_images": images[is_test],
        "test_labels": labels[is_test],
    }
    for array in arrays.values():
        array.flags.writeable = False  # all that load them share them
    parts = {part: Part(array, f"digits: {part}", part) for part, array in arrays.items()}
    return make_dataset("digits", parts, "scikit-learn's load_digits")


def _read_rows() -> NDArray[np.float64]:
    """Read scikit-learn's file: (1797, 65), in each row 64 pixels and the digit.

    Its load_digits takes 1.0 s, nearly all of it to import the package; this takes 0.1 s.
    """
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None  # a dependency
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    return np.loadtxt(path, delimiter=",")


def resample_digit(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Enlarge a picture of 8x8 to 28x28, with the size and position of MNIST's digits.

    The pictures stay softer than MNIST's. Sharpening or padding them first does not help:
    3 nearest neighbours among 12,000 images of MNIST classify 79.6 % of them correctly, and
    78.0 to 80.4 % with contrast doubled or tripled, padded or not.

    Args:
        picture: (8, 8), 0 background to 16 ink.

    Returns:
        (28, 28), 0 background to 255 ink.
    """
    from PIL import Image

    image = Image.fromarray((picture * (255 / 16)).astype(np.float32))
    box_image = image.resize((_BOX_SIZE, _BOX_SIZE), Image.Resampling.BICUBIC)
    # Bicubic weights are partly negative, so values go a little out of range.
    box = np.asarray(box_image).clip(0, 255).round().astype(np.uint8)
    canvas = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    top, left = (_offset(box.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    canvas[top : top + _BOX_SIZE, left : left + _BOX_SIZE] = box
    return canvas


def _offset(ink: NDArray[np.float64]) -> int:
    """Return the start of the box that puts its centre of mass at the centre of the canvas."""
    centre_of_mass = float(ink @ np.arange(_BOX_SIZE) / ink.sum())
    offset = round((IMAGE_SIZE - 1) / 2 - centre_of_mass)
    return min(max(offset, 0), IMAGE_SIZE - _BOX_SIZE)


def _choose_test(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        order = permutation(len(members), _SPLIT_SEED)
        is_test[members[order[: round(_TEST_SHARE * len(members))]]] = True
    return is_test
