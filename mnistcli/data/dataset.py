"""A data set: two labelled sets of 28x28 pictures, and their source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.idx import idx_sha256
from mnistcli.data.labels import convert_labels
from mnistcli.data.part import PARTS, Part, join_notes
from mnistcli.data.pixels import convert_images
from mnistcli.errors import DataError


class DataMissingError(DataError):
    """A data set cannot be found or downloaded; a damaged one is a plain `DataError`.

    Attributes:
        reason: the message and what each attempt met, in one line.
    """

    def __init__(self, message: str, attempts: Sequence[str], *hints: str) -> None:
        super().__init__(message, *attempts, *hints)
        self.reason = f"{message} ({'; '.join(attempts)})" if attempts else message


@dataclass(frozen=True, eq=False)
class SelectedImages:
    """Some pictures of many, copied only as they are asked for.

    Attributes:
        array: (M, 28, 28), all the pictures.
        rows: (N,), which of them are selected.
    """

    array: NDArray[np.uint8]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: slice | NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        return self.array[self.rows[index]]


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """The pictures to train on, among those of a data set, and their labels.

    Attributes:
        images: N of them, (28, 28), 0 background to 255 ink.
        labels: (N,), class numbers from 0.
        source: the path or URL of the bytes, for people to read.
    """

    images: SelectedImages
    labels: NDArray[np.uint8]
    source: str

    def __len__(self) -> int:
        return len(self.labels)

    def copy(self) -> "LabelledImages":
        """Return them as a set of their own."""
        return LabelledImages("train", self.images[:], self.labels, self.source)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Pictures and their labels.

    Attributes:
        name: "train", "validation" or "test", or the data set as the user named it.
        images: (N, 28, 28), 0 background to 255 ink.
        labels: (N,), class numbers from 0.
        source: the path or URL of the bytes, for people to read.
        notes: how the images were converted, and what is odd about them; a sentence each.
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
        """The largest label plus one; 0 if there are no images."""
        return int(self.labels.max()) + 1 if len(self) else 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training set and a test set.

    Attributes:
        name: "mnist", "digits", or the path in the user's words.
        train_images: (N, 28, 28), 0 background to 255 ink.
        train_labels: (N,), class numbers from 0.
        test_images: (M, 28, 28), 0 background to 255 ink.
        test_labels: (M,), class numbers from 0.
        source: the absolute path or the URL of the bytes, for people to read.
        sha256: for each of the four arrays the SHA-256, in lower-case hex, of the
            uncompressed IDX file that holds it; and for those of `extra`, such as
            "extra_0_images".
        fallback_reason: why the data set that was asked for is missing; None if this is it.
        notes: how the arrays were converted, and what is odd about them; a sentence each.
        extra: sets to train on as well, but not to validate or to test on.
        fewest_classes: the classes that there are even without an image of the last one.
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
    extra: tuple[LabelledImages, ...] = ()
    fewest_classes: int = 0

    @property
    def num_classes(self) -> int:
        """The largest label of both sets, plus one, or `fewest_classes`."""
        return max(self.train.num_classes, self.test.num_classes, self.fewest_classes)

    @property
    def train(self) -> LabelledImages:
        """The training set."""
        return LabelledImages("train", self.train_images, self.train_labels, self.source)

    @property
    def test(self) -> LabelledImages:
        """The test set."""
        return LabelledImages("test", self.test_images, self.test_labels, self.source)


def make_dataset(name: str, parts: Mapping[str, Part], source: str) -> Dataset:
    """Make a data set of the four `PARTS`, converted to bytes and class numbers.

    Raises:
        DataError: the parts are not pictures of 28x28 with one label for each.
    """
    train_part, train_label_part, test_part, test_label_part = (parts[part] for part in PARTS)
    (train_images, test_images), image_notes = convert_images([train_part, test_part])
    train_labels, train_notes = convert_labels(train_label_part, train_part)
    test_labels, test_notes = convert_labels(test_label_part, test_part)
    arrays = (train_images, train_labels, test_images, test_labels)
    notes = join_notes([*image_notes, *train_notes, *test_notes])
    sha256 = {part: idx_sha256(array) for part, array in zip(PARTS, arrays, strict=True)}
    return Dataset(name, *arrays, source, sha256, notes=notes)


def make_labelled_images(name: str, images: Part, labels: Part, source: str) -> LabelledImages:
    """Make a labelled set of two arrays, converted to bytes and class numbers.

    Raises:
        DataError: the parts are not pictures of 28x28 with one label for each.
    """
    (image_array,), image_notes = convert_images([images])
    label_array, label_notes = convert_labels(labels, images)
    notes = join_notes([*image_notes, *label_notes])
    return LabelledImages(name, image_array, label_array, source, notes)
