"""Notes on a user's data set that stop no training but explain a poor result."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, LabelledImages
from mnistcli.data.part import Note, Part, join_notes
from mnistcli.errors import DataError

# MNIST's pictures reach 255, and their mean pixel is 33.
_DARK_MAXIMUM = 128
_LIGHT_MEAN = 127


def examine_dataset(dataset: Dataset, parts: Mapping[str, Part]) -> Dataset:
    """Add notes on images that are blank, dark, light or in both sets, and on absent classes.

    Args:
        dataset: the converted data set.
        parts: the arrays that it was made from, whose names the notes use.

    Raises:
        DataError: all images of a set are blank, or all training labels are equal.
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
    """Add notes on images that are blank, dark or light.

    Args:
        images: the converted set.
        part: the array of images that it was made from, whose name the notes use.

    Raises:
        DataError: all images are blank.
    """
    notes = join_notes(_examine_images(part, images.images))
    return dataclasses.replace(images, notes=images.notes + notes)


def _examine_images(part: Part, images: NDArray[np.uint8]) -> list[Note]:
    pixels = images.reshape(len(images), -1)
    highest = pixels.max(axis=1)
    blank_count = int((highest == pixels.min(axis=1)).sum())
    if blank_count == len(images):
        raise DataError(f"{part.origin}: each image is of one colour", "expected pictures")
    texts = []
    if blank_count:
        subject = "1 image is" if blank_count == 1 else f"{blank_count:,} images are"
        texts.append(f"{subject} blank")
    if highest.max() < _DARK_MAXIMUM:
        texts.append(f"the largest value is {highest.max()} of 255; are the images too dark?")
    if pixels.mean() > _LIGHT_MEAN:
        texts.append("dark ink on a light ground; MNIST and `predict` have light ink on dark")
    return [Note(part.name, text) for text in texts]


def _examine_labels(train: Part, dataset: Dataset) -> list[Note]:
    classes = np.unique(dataset.train_labels)
    if len(classes) == 1:
        raise DataError(
            f"{train.origin}: every label is {classes[0]}",
            "expected labels of at least two classes",
        )
    absent_classes = sorted(set(range(dataset.num_classes)) - set(classes.tolist()))
    if not absent_classes:
        return []
    noun = "class" if len(absent_classes) == 1 else "classes"
    text = f"no image of {noun} {_ranges(absent_classes)} among {dataset.num_classes} classes"
    return [Note(train.name, text)]


def _examine_test(
    test: Part, train_images: NDArray[np.uint8], test_images: NDArray[np.uint8]
) -> list[Note]:
    texts = []
    if len(test_images) == 1:
        texts.append("1 image; its accuracy says nothing")
    train_hashes = {hash(image.tobytes()) for image in train_images}
    overlap = sum(hash(image.tobytes()) in train_hashes for image in test_images)
    if overlap:
        clause = (
            "1 test image is a training image"
            if overlap == 1
            else f"{overlap:,} test images are training images"
        )
        texts.append(f"{clause} as well; the test accuracy will be too high")
    return [Note(test.name, text) for text in texts]


def _ranges(numbers: Sequence[int]) -> str:
    """Return 2, 3, 4, 7 as "2 to 4, 7"."""
    pairs = enumerate(pairwise(numbers), 1)
    breaks = [index for index, (number, next_number) in pairs if next_number != number + 1]
    ranges = [numbers[start:stop] for start, stop in pairwise([0, *breaks, len(numbers)])]
    return ", ".join(
        str(range_[0]) if len(range_) == 1 else f"{range_[0]} to {range_[-1]}" for range_ in ranges
    )
