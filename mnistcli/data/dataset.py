"""What a data set is: two labelled sets of 28x28 pictures, and where they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.idx import idx_sha256
from mnistcli.errors import DataError

IMAGE_SIZE = 28
PARTS = ("train_images", "train_labels", "test_images", "test_labels")


class DataMissingError(DataError):
    """A data set is nowhere to be had; one that is there but damaged is a plain `DataError`."""

    def __init__(self, message: str, found: Sequence[str], *mend: str) -> None:
        super().__init__(message, *found, *mend)
        self.reason = f"{message} ({'; '.join(found)})" if found else message


class Part(NamedTuple):
    """One array of a data set as it was read, and what an error calls it."""

    array: NDArray[Any]
    origin: str


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Pictures and their labels.

    Attributes:
        name: "train", "validation" or "test", or the data set as the user named it.
        images: (N, 28, 28), 0 background to 255 ink.
        labels: (N,).
        source: where the bytes came from, for people to read.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    source: str

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        return int(self.labels.max()) + 1


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training set and a test set.

    Attributes:
        name: "mnist", "digits", or the path as the user gave it.
        train_images: (N, 28, 28), 0 background to 255 ink.
        train_labels: (N,).
        test_images: (M, 28, 28).
        test_labels: (M,).
        source: where the bytes came from, for people to read: a path or a URL.
        sha256: for each of the four arrays the SHA-256, in lower-case hex, of the
            uncompressed IDX file that holds it.
        fallback_reason: where this data set stands in for another, why that could not be had.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    source: str
    sha256: dict[str, str]
    fallback_reason: str | None = None

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
    """Check the four `PARTS` and put them together.

    Raises:
        DataError: they are not pictures of 28x28 with a label each.
    """
    train = make_labelled_images("train", parts["train_images"], parts["train_labels"], source)
    test = make_labelled_images("test", parts["test_images"], parts["test_labels"], source)
    arrays = (train.images, train.labels, test.images, test.labels)
    if max(train.num_classes, test.num_classes) < 2:
        raise DataError(
            f"{source}: every label is 0", "expected labels of at least two classes, 0 and 1"
        )
    sha256 = {part: idx_sha256(array) for part, array in zip(PARTS, arrays, strict=True)}
    return Dataset(name, *arrays, source, sha256)


def make_labelled_images(name: str, images: Part, labels: Part, source: str) -> LabelledImages:
    """Check that two arrays are pictures of 28x28 and a label for each.

    Raises:
        DataError: they are not.
    """
    checked_images = _check_images(images)
    checked_labels = _check_labels(labels)
    if len(checked_images) != len(checked_labels):
        raise DataError(
            f"{images.origin} holds {len(checked_images):,} images, "
            f"but {labels.origin} holds {len(checked_labels):,} labels",
            "expected one label for each image",
            "mend: take both from the same set",
        )
    return LabelledImages(name, checked_images, checked_labels, source)


def _check_images(part: Part) -> NDArray[np.uint8]:
    array = part.array
    if array.dtype != np.uint8:
        raise DataError(
            f"{part.origin}: images of type {array.dtype}",
            "expected uint8, 0 for the background to 255 for ink",
            "mend: save them again, scaled, with .round().astype('uint8')",
        )
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3 or array.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise DataError(
            f"{part.origin}: images of shape {part.array.shape}",
            f"expected (N, {IMAGE_SIZE}, {IMAGE_SIZE}) or (N, {IMAGE_SIZE}, {IMAGE_SIZE}, 1)",
            f"mend: resize them to {IMAGE_SIZE}x{IMAGE_SIZE}, one channel",
        )
    if len(array) == 0:
        raise DataError(f"{part.origin}: holds no images", "expected at least one")
    return np.ascontiguousarray(array)


def _check_labels(part: Part) -> NDArray[np.uint8]:
    array = part.array
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"{part.origin}: labels of type {array.dtype} and shape {array.shape}",
            "expected whole numbers in one dimension, (N,), not one-hot",
            "mend: save class numbers; one-hot labels become them with .argmax(axis=1)",
        )
    if len(array) and not 0 <= array.min() <= array.max() <= 255:
        raise DataError(
            f"{part.origin}: labels from {array.min()} to {array.max()}",
            "expected labels from 0 to 255",
        )
    return np.ascontiguousarray(array, np.uint8)
