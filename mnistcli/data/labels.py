"""Arrays of labels in the forms in which users save them -> class numbers, (N,)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.part import Note, Part
from mnistcli.data.pixels import not_numbers
from mnistcli.errors import DataError

_LARGEST_LABEL = 255


def convert_labels(part: Part, images: Part) -> tuple[NDArray[np.uint8], list[Note]]:
    """Convert labels to class numbers.

    Args:
        part: (N,), (N, 1) or (1, N), whole numbers of any dtype or bools; or (N, C), one-hot.
        images: the N pictures that the labels belong to.

    Returns:
        The class numbers, (N,), from 0 to 255, and notes on the conversion.

    Raises:
        DataError: the array does not hold labels, or not one label for each image.
    """
    if part.array.dtype.kind not in "biuf":
        raise not_numbers(part, "labels")
    count = len(images.array)
    if part.array.ndim == 1:
        if len(part.array) != count:
            raise _wrong_count(part, images)
        classes, notes = part.array, []
    elif part.array.size == count and count in part.array.shape:  # the other axes have length 1
        classes = part.array.reshape(count)
        axes = ", ".join("N" if size == count else str(size) for size in part.array.shape)
        notes = [Note(part.name, f"shape ({axes}), taken as (N,)")]
    else:
        classes = _from_one_hot(part, images)
        axes = ", ".join(map(str, part.array.shape[1:]))
        notes = [Note(part.name, f"one-hot, (N, {axes}), taken as class numbers")]
    if len(notes) == 0 and classes.dtype.kind == "b":
        notes = [Note(part.name, "False and True, taken as 0 and 1")]
    _check_class_numbers(part, classes)
    return np.ascontiguousarray(classes, np.uint8), notes


def _wrong_count(part: Part, images: Part) -> DataError:
    return DataError(
        f"{images.origin} holds {len(images.array):,} images, "
        f"but {part.origin} holds {len(part.array):,} labels",
        "expected one label for each image",
        "fix: take both from the same set",
    )


def _from_one_hot(part: Part, images: Part) -> NDArray[Any]:
    array, count = part.array, len(images.array)
    if array.ndim:
        array = array.reshape(len(array), *(size for size in array.shape[1:] if size != 1))
    if array.ndim != 2:
        raise DataError(
            f"{part.origin}: labels of shape {part.array.shape}",
            f"expected class numbers, ({count},), or one-hot, ({count}, classes)",
            "fix: save class numbers, 0, 1, 2, …",
        )
    if count == array.shape[1] != len(array):
        raise DataError(
            f"{part.origin}: labels of shape {part.array.shape} for {count:,} images",
            f"expected class numbers, ({count},), or one-hot, ({count}, classes)",
            "fix: transpose them, with y.T, if each column is one-hot",
        )
    if len(array) != count:
        raise _wrong_count(part, images)
    is_one = array == 1
    is_one_hot = (is_one | (array == 0)).all(axis=1) & (is_one.sum(axis=1) == 1)
    if not is_one_hot.all():
        row = int(np.argmin(is_one_hot))
        raise DataError(
            f"{part.origin}: labels of shape {part.array.shape} that are not one-hot: row {row} "
            f"has {int(is_one[row].sum())} ones and {int((array[row] == 0).sum())} zeros",
            "expected one 1 and zeros in each row, or one class number for each image",
            "fix: save class numbers, (N,); for probabilities they are y.argmax(axis=1)",
        )
    classes: NDArray[Any] = is_one.argmax(axis=1)
    return classes


def _check_class_numbers(part: Part, classes: NDArray[Any]) -> None:
    expectation = f"expected whole numbers from 0 to {_LARGEST_LABEL}"
    if classes.dtype.kind == "f":
        is_whole = np.isfinite(classes) & (np.trunc(classes) == classes)
        if not is_whole.all():
            index = int(np.argmin(is_whole))
            raise DataError(
                f"{part.origin}: label {index} is {classes[index]}",
                expectation,
                "fix: give each image the number of its class, or leave the image out",
            )
    lowest, highest = int(classes.min()), int(classes.max())
    if lowest < 0:
        raise DataError(
            f"{part.origin}: labels from {lowest} to {highest}",
            expectation,
            "fix: leave out the images with a negative label, if it means that they have no class",
        )
    if highest > _LARGEST_LABEL:
        raise DataError(
            f"{part.origin}: labels from {lowest} to {highest}",
            expectation,
            "fix: number the classes from 0, in training and test labels alike",
        )
