"""What a data set is: two labelled sets of 28x28 pictures, and where they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.idx import idx_sha256
from mnistcli.data.labels import convert_labels
from mnistcli.data.part import PARTS, Part, join_notes
from mnistcli.data.pixels import convert_images
from mnistcli.errors import DataError


class DataMissingError(DataError):
    """A data set is nowhere to be had; one that is there but damaged is a plain `DataError`."""

    def __init__(self, message: str, found: Sequence[str], *mend: str) -> None:
        super().__init__(message, *found, *mend)
        self.reason = f"{message} ({'; '.join(found)})" if found else message


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Pictures and their labels.

    Attributes:
        name: "train", "validation" or "test", or the data set as the user named it.
        images: (N, 28, 28), 0 background to 255 ink.
        labels: (N,).
        source: where the bytes came from, for people to read.
        notes: how it was converted, and what is odd about it; a sentence each.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """The largest label plus one; 0 where there are no images."""
        return int(self.labels.max()) + 1 if len(self) else 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training set and a test set.

    Attributes:
        name: "mnist", "digits", or the path as the user gave it.
        train_images: (N, 28, 28), 0 background to 255 ink.
        train_labels: (N,).
        test_images: (M, 28, 28).
        test_labels: (M,).
        source: where the bytes came from, for people to read: an absolute path, or a URL.
        sha256: for each of the four arrays the SHA-256, in lower-case hex, of the
            uncompressed IDX file that holds it.
        fallback_reason: where this data set stands in for another, why that could not be had.
        notes: how it was converted, and what is odd about it; a sentence each.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    source: str
    sha256: dict[str, str]
    fallback_reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int:
        """The largest label of both sets, plus one."""
        return max(self.train.num_classes, self.test.num_classes)

    @property
    def train(self) -> LabelledImages:
        return LabelledImages("train", self.train_images, self.train_labels, self.source)

    @property
    def test(self) -> LabelledImages:
        return LabelledImages("test", self.test_images, self.test_labels, self.source)


def make_dataset(name: str, parts: Mapping[str, Part], source: str) -> Dataset:
    """Convert the four `PARTS` to bytes and class numbers, and put them together.

    Raises:
        DataError: they are not pictures of 28x28 with a label each.
    """
    train, train_labels, test, test_labels = (parts[part] for part in PARTS)
    (train_images, test_images), image_notes = convert_images([train, test])
    train_classes, train_notes = convert_labels(train_labels, train)
    test_classes, test_notes = convert_labels(test_labels, test)
    arrays = (train_images, train_classes, test_images, test_classes)
    notes = join_notes([*image_notes, *train_notes, *test_notes])
    sha256 = {part: idx_sha256(array) for part, array in zip(PARTS, arrays, strict=True)}
    return Dataset(name, *arrays, source, sha256, notes=notes)


def make_labelled_images(name: str, images: Part, labels: Part, source: str) -> LabelledImages:
    """Convert two arrays to bytes and a class number for each picture.

    Raises:
        DataError: they are not pictures of 28x28 with a label each.
    """
    (pictures,), image_notes = convert_images([images])
    classes, label_notes = convert_labels(labels, images)
    return LabelledImages(name, pictures, classes, source, join_notes([*image_notes, *label_notes]))
