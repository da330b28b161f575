"""What is odd about a user's data set: it stops no training, but explains its result."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, LabelledImages
from mnistcli.data.part import Note, Part, join_notes
from mnistcli.errors import DataError

# MNIST's pictures reach 255, and their mean pixel is 33.
_DIM = 128
_LIGHT = 127


def examine_dataset(dataset: Dataset, parts: Mapping[str, Part]) -> Dataset:
    """Add notes on images that are blank, dim, light or in both sets, and on absent classes.

    Args:
        parts: what the data set was made of.

    Raises:
        DataError: all images are blank, or all training labels equal.
    """
    train, test = parts["train_images"], parts["test_images"]
    notes = [
        *_examine_images(train, dataset.train_images),
        *_examine_images(test, dataset.test_images),
        *_examine_labels(parts["train_labels"], dataset),
        *_examine_test(test, dataset.train_images, dataset.test_images),
    ]
    return dataclasses.replace(dataset, notes=dataset.notes + join_notes(notes))


def examine_labelled_images(images: LabelledImages, part: Part) -> LabelledImages:
    """Add notes on images that are blank, dim or light.

    Raises:
        DataError: all are blank.
    """
    notes = join_notes(_examine_images(part, images.images))
    return dataclasses.replace(images, notes=images.notes + notes)


def _examine_images(part: Part, images: NDArray[np.uint8]) -> list[Note]:
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


def _examine_labels(train: Part, dataset: Dataset) -> list[Note]:
    classes = np.unique(dataset.train_labels)
    if len(classes) == 1:
        raise DataError(
            f"{train.origin}: every label is {classes[0]}",
            "expected labels of at least two classes",
        )
    absent = sorted(set(range(dataset.num_classes)) - set(classes.tolist()))
    if not absent:
        return []
    what = "class" if len(absent) == 1 else "classes"
    text = f"no image of {what} {_ranges(absent)} among {dataset.num_classes} classes"
    return [Note(train.name, text)]


def _examine_test(
    test: Part, train_images: NDArray[np.uint8], test_images: NDArray[np.uint8]
) -> list[Note]:
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


def _ranges(numbers: Sequence[int]) -> str:
    """Write 2, 3, 4, 7 as "2 to 4, 7"."""
    breaks = [i + 1 for i, (one, other) in enumerate(pairwise(numbers)) if other != one + 1]
    runs = [numbers[a:b] for a, b in pairwise([0, *breaks, len(numbers)])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
