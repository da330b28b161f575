"""Images of a data set by number, as `mnistcli predict` takes them: mnist:test:0-9."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import LabelledImages
from mnistcli.data.locate import BUILT_IN
from mnistcli.errors import DataError, UsageError
from mnistcli.ranges import parse_ranges

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")

_FORM = re.compile(r"(?P<dataset>.+?):(?P<split>[a-z]*)(?::(?P<numbers>[^:]*))?")


@dataclass(frozen=True)
class ImageSelector:
    """Some images of a data set.

    Attributes:
        dataset: "mnist", "digits", or the path of a folder of IDX files or of an .npz.
        split: "train" or "test", as the files have them.
        ranges: the numbers of the images, from 0, in order; None for all.
    """

    dataset: str
    split: Split
    ranges: tuple[range, ...] | None

    def rows(self, images: LabelledImages) -> NDArray[np.intp]:
        """Return the numbers of the selected images, (N,).

        Args:
            images: all images of the split.

        Raises:
            DataError: there are fewer images.
        """
        count = len(images)
        if self.ranges is None:
            return np.arange(count)
        # Before the ranges are expanded, which may be too large for the memory.
        if any(range_.stop > count for range_ in self.ranges):
            last = max(range_.stop - 1 for range_ in self.ranges)
            raise DataError(
                f"{self.dataset} has no {self.split} image {last:,}",
                f"expected numbers from 0 to {count - 1:,}: it has {count:,} {self.split} images",
            )
        return np.concatenate([np.arange(range_.start, range_.stop) for range_ in self.ranges])

    def name(self, row: int) -> str:
        """Return the name of one image, such as mnist:test:3."""
        return f"{self.dataset}:{self.split}:{row}"


def parse_selector(text: str) -> ImageSelector | None:
    """Parse DATASET:SPLIT:NUMBERS or, for all images of the split, DATASET:SPLIT.

    Returns:
        None for what looks like the name of a file, as a URL does or a path on Windows.

    Raises:
        UsageError: the split is neither "train" nor "test", or the numbers are none.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    dataset, numbers = match["dataset"], match["numbers"]
    split = next((split for split in SPLITS if split == match["split"]), None)
    if split is not None:
        ranges = None if numbers is None else _parse_numbers(numbers, text)
        return ImageSelector(dataset, split, ranges)
    if dataset in BUILT_IN or re.fullmatch(r"[0-9,-]+", numbers or ""):
        raise UsageError(
            f"{text}: {match['split']!r} is no part of a data set",
            f"expected train or test, as in {dataset}:test:0-9",
        )
    return None


def _parse_numbers(numbers: str, text: str) -> tuple[range, ...]:
    try:
        return parse_ranges(numbers)
    except ValueError as error:
        raise UsageError(
            f"{text}: {error}",
            "expected numbers of images from 0, such as 3, 0-9 or 0-9,17,20-29, or nothing after "
            f"{text.rpartition(':')[0]} for all images",
        ) from None
