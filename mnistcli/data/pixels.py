"""Arrays of pictures in the forms in which users save them -> bytes, (N, 28, 28)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.memory import align
from mnistcli.data.part import IMAGE_SIZE, Note, Part
from mnistcli.errors import DataError

_EXPECTED_VALUES = "expected 0 for the background to 255 for ink, or floats from 0 to 1"
# Images are converted in blocks, so that a large set needs no second copy of it in floats.
_BLOCK_IMAGES = 10_000
# Float arithmetic may take a value a little out of its range: rotations leave -1e-17.
_TOLERANCE = 1e-3
# Fractions of fewer grey levels than this are of another scale than 0 to 255.
_FEWEST_LEVELS = 32


class _Pictures(NamedTuple):
    """Pictures, (N, 28, 28), whose values are not yet bytes."""

    part: Part
    highest: float

    @property
    def factor(self) -> int:
        """The factor that converts the values to bytes."""
        return 255 if self.highest <= 1 + _TOLERANCE else 1


def convert_images(parts: Sequence[Part]) -> tuple[list[NDArray[np.uint8]], list[Note]]:
    """Convert the images of one data set to bytes, all parts on the same scale.

    Values from 0 to 1 (bools, floats, or integers that are all 0 or 1) are multiplied by 255.
    Other values from 0 to 255 stay; floats are rounded.

    Args:
        parts: arrays of (N, 28, 28), or of an equivalent shape: 784 pixels in a row, a channel
            axis of length 1, or three equal channels.

    Returns:
        The images of each part, (N, 28, 28), 0 background to 255 ink; and notes on the
        conversion.

    Raises:
        DataError: an array does not hold such images, or the parts differ in scale.
    """
    notes: list[Note] = []
    picture_sets = [_measure(_arrange(part, notes)) for part in parts]
    for pair in pairwise(picture_sets):
        high, low = sorted(pair, key=lambda pictures: pictures.factor)
        if low.factor != high.factor:
            raise DataError(
                f"{low.part.origin} holds values from 0 to {low.highest:g}, but "
                f"{high.part.name} from 0 to {high.highest:g}",
                "expected the same scale for training and test images",
                f"fix: if {low.part.name} was divided by 255, save it again multiplied by 255",
            )
    return [_scale(pictures, notes) for pictures in picture_sets], notes


def _arrange(part: Part, notes: list[Note]) -> Part:
    """Reshape an array to (N, 28, 28)."""
    array = part.array
    if array.dtype.kind not in "biuf":
        raise not_numbers(part, "images")
    if array.shape[:1] == (0,):
        raise DataError(f"{part.origin}: holds no images", "expected at least one")
    pictures = array
    if array.ndim:
        # An axis of length 1 is the one channel of a grey picture.
        pictures = array.reshape(len(array), *(size for size in array.shape[1:] if size != 1))
    if pictures.shape[1:] == (IMAGE_SIZE**2,):
        pictures = pictures.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    for axis in (1, 3):
        shape = pictures.shape
        if len(shape) == 4 and (*shape[1:axis], *shape[axis + 1 :]) == (IMAGE_SIZE, IMAGE_SIZE):
            pictures = _first_channel(part, np.moveaxis(pictures, axis, 0))
    if pictures.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise _wrong_shape(part)
    if pictures.shape != array.shape:
        axes = ", ".join(map(str, array.shape[1:]))
        notes.append(Note(part.name, f"shape (N, {axes}), taken as (N, 28, 28)"))
    return part._replace(array=pictures)


def _first_channel(part: Part, channels: NDArray[Any]) -> NDArray[Any]:
    first_channel: NDArray[Any] = channels[0]
    is_grey = all(np.array_equal(first_channel, channel) for channel in channels[1:])
    if len(channels) == 3 and is_grey:
        return first_channel
    if len(part.array) == 1:
        raise DataError(
            f"{part.origin}: images of shape {part.array.shape}",
            f"expected (N, {IMAGE_SIZE}, {IMAGE_SIZE})",
            "fix: leave out the first axis, with x[0]",
        )
    raise DataError(
        f"{part.origin}: images of shape {part.array.shape}, whose channels differ",
        "expected grey images, light ink on a dark ground",
        "fix: mix the channels of red, green and blue: 0.299 R + 0.587 G + 0.114 B",
    )


def _wrong_shape(part: Part) -> DataError:
    shape, size = part.array.shape, IMAGE_SIZE
    if shape == (size, size):
        fix = "put the one image into a set of one, with x[None]"
    elif len(shape) == 3 and shape[:2] == (size, size):
        fix = "move the last axis to the front, with numpy.moveaxis(x, -1, 0)"
    elif len(shape) == 2 and shape[0] == size**2:
        fix = "transpose them, with x.T"
    elif len(shape) in (3, 4):
        fix = f"resize them to {size}x{size}, one channel"
    else:
        fix = f"save them as (N, {size}, {size})"
    return DataError(
        f"{part.origin}: images of shape {shape}",
        f"expected (N, {size}, {size}), (N, {size**2}), or (N, {size}, {size}, 1)",
        f"fix: {fix}",
    )


def _measure(part: Part) -> _Pictures:
    """Find the largest value, and refuse values that cannot mean ink."""
    with np.errstate(invalid="ignore"):
        lowest, highest = float(part.array.min()), float(part.array.max())
    values = f"{part.origin}: values from {lowest:g} to {highest:g}"
    pictures = _Pictures(part, highest)
    if not np.isfinite([lowest, highest]).all():
        raise DataError(
            f"{part.origin}: holds values that are NaN or infinite",
            _EXPECTED_VALUES,
            "fix: find the images that numpy.isfinite calls False, and leave them out",
        )
    if lowest < -_TOLERANCE:
        fix = "save the images as they were before they were normalized"
        if lowest >= -1 - _TOLERANCE and highest <= 1 + _TOLERANCE:
            fix = "save (x + 1) / 2, if -1 is the background and 1 is ink"
        elif part.array.dtype == np.int8:
            fix = "save x.view('uint8'), if these are bytes that were read with a sign"
        raise DataError(
            values, _EXPECTED_VALUES, f"fix: {fix}; data.normalize in the config normalizes them"
        )
    if highest > 255 + _TOLERANCE:
        raise DataError(
            values,
            _EXPECTED_VALUES,
            "fix: multiply all images by 255 over the largest value that a pixel can have "
            "(65535 for 16 bits)",
        )
    if lowest == highest:
        raise DataError(f"{part.origin}: every pixel is {lowest:g}", "expected pictures")
    if highest * pictures.factor < 2:
        raise DataError(
            values,
            _EXPECTED_VALUES,
            "fix: divide by 255 once, not twice"
            if highest < 1
            else "fix: save x.clip(0, 1), if 1 is ink",
        )
    if pictures.factor == 1 and highest < _FEWEST_LEVELS and _has_fractions(part.array):
        raise DataError(
            f"{values}, most of them no whole numbers",
            _EXPECTED_VALUES,
            f"fix: multiply all images by {255 / highest:.4g}, if {highest:g} is ink",
        )
    return pictures


def _has_fractions(array: NDArray[Any]) -> bool:
    """Return whether rounding would change the values of a sample of images."""
    sample = array[:_BLOCK_IMAGES]
    return sample.dtype.kind == "f" and float((np.rint(sample) != sample).mean()) > 0.01


def _scale(pictures: _Pictures, notes: list[Note]) -> NDArray[np.uint8]:
    array, name = pictures.part.array, pictures.part.name
    if array.dtype.kind == "b":
        notes.append(Note(name, "False and True, taken as 0 and 255"))
    elif pictures.factor > 1:
        values = "floats from 0 to 1" if array.dtype.kind == "f" else "nothing but 0 and 1"
        notes.append(Note(name, f"{values}, multiplied by 255"))
    elif array.dtype.kind == "f":
        notes.append(Note(name, "floats from 0 to 255, rounded"))
    else:
        return align(array)
    images = align(np.empty(array.shape, np.uint8))
    for start in range(0, len(array), _BLOCK_IMAGES):
        block = slice(start, start + _BLOCK_IMAGES)
        images[block] = np.rint(array[block].astype(np.float64) * pictures.factor)
    return images


def not_numbers(part: Part, kind: str) -> DataError:
    """Return the error for an array of text, dates, records or complex numbers."""
    fixes = {
        "U": "number the classes from 0; numpy.unique(names, return_inverse=True) does, over "
        "the training and test labels together"
        if kind == "labels"
        else "save the pixels' values as numbers",
        "c": "save the real part, or the absolute value, whichever is meant",
        "V": "save each field as an array of its own; bfloat16 as float32",
    }
    code = "U" if part.array.dtype.kind == "S" else part.array.dtype.kind
    return DataError(
        f"{part.origin}: {kind} of type {part.array.dtype}",
        f"expected {_EXPECTED_VALUES.removeprefix('expected ')}"
        if kind == "images"
        else "expected class numbers, 0, 1, 2, …",
        f"fix: {fixes.get(code, 'save them as numbers')}",
    )
