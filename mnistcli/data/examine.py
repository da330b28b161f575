"""What is odd about a data set: nothing that stops a training, but what explains its result."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.part import Note, Part
from mnistcli.errors import DataError

# MNIST's pictures reach 255, and their mean pixel is 33.
_DIM = 128
_LIGHT = 127


def examine_images(part: Part, images: NDArray[np.uint8]) -> list[Note]:
    """Note images that are blank, dim, or dark ink on a light ground.

    Args:
        images: those of `part`, converted to (N, 28, 28).

    Raises:
        DataError: all are blank.
    """
    pixels = images.reshape(len(images), -1)
    highest = pixels.max(axis=1)
    blank = int((highest == pixels.min(axis=1)).sum())
    if blank == len(images):
        raise DataError(f"{part.origin}: each image is of one colour", "expected pictures")
    texts = []
    if blank:
        texts.append("1 image is blank" if blank == 1 else f"{blank:,} images are blank")
    if highest.max() < _DIM:
        texts.append(f"the largest value is {highest.max()} of 255; are the images too dark?")
    if pixels.mean() > _LIGHT:
        texts.append("dark ink on a light ground; MNIST and `predict` have light ink on dark")
    return [Note(part.name, text) for text in texts]


def examine_labels(
    train: Part, train_labels: NDArray[np.uint8], test_labels: NDArray[np.uint8]
) -> list[Note]:
    """Note classes that have no training image.

    Raises:
        DataError: there is only one class.
    """
    classes = np.unique(train_labels)
    if len(classes) == 1:
        raise DataError(
            f"{train.origin}: every label is {classes[0]}",
            "expected labels of at least two classes",
        )
    num_classes = int(max(train_labels.max(), test_labels.max())) + 1
    absent = sorted(set(range(num_classes)) - set(classes.tolist()))
    if not absent:
        return []
    what = "class" if len(absent) == 1 else "classes"
    return [Note(train.name, f"no image of {what} {_ranges(absent)} among {num_classes} classes")]


def examine_test(
    test: Part, train_images: NDArray[np.uint8], test_images: NDArray[np.uint8]
) -> list[Note]:
    """Note test images that are training images too, and a test set of one image."""
    texts = []
    if len(test_images) == 1:
        texts.append("1 image; its accuracy says nothing")
    known = {hash(image.tobytes()) for image in train_images}
    repeated = sum(hash(image.tobytes()) in known for image in test_images)
    if repeated:
        what = (
            "1 test image is a training image"
            if repeated == 1
            else (f"{repeated:,} test images are training images")
        )
        texts.append(f"{what} as well; the test accuracy will be too high")
    return [Note(test.name, text) for text in texts]


def _ranges(numbers: Iterable[int]) -> str:
    """Write 2, 3, 4, 7 as "2 to 4, 7"."""
    ordered = list(numbers)
    breaks = [i + 1 for i, (one, other) in enumerate(pairwise(ordered)) if other != one + 1]
    runs = [ordered[a:b] for a, b in pairwise([0, *breaks, len(ordered)])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
