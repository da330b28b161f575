"""The validation set: images held out of the training set, or the test set itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, LabelledImages
from mnistcli.errors import DataError


@dataclass(frozen=True, eq=False)
class Splits:
    """The three sets of a run: to learn from, to choose by, and to report."""

    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages


def split_validation(
    dataset: Dataset, validation: int | float | Literal["test"], seed: int
) -> Splits:
    """Hold images out of the training set for validation, by a permutation of the seed.

    Args:
        dataset: where the images are.
        validation: how many images, or the share of them between 0 and 1, of which at least
            one is held out; 0, for none; or "test": the test set serves for validation too,
            and nothing is held out.
        seed: 0 or more; the same seed holds out the same images, whatever NumPy's version.

    Raises:
        DataError: no image is left to train on, or the number has no meaning.
    """
    if validation == "test":
        return Splits(dataset.train, dataset.test, dataset.test)
    count = len(dataset.train_labels)
    if isinstance(validation, float) and validation != 0:
        held_out = max(1, round(validation * count)) if 0 < validation < 1 else -1
    else:
        held_out = int(validation)
    if not 0 <= held_out < count:
        raise DataError(
            f"validation: {validation} cannot be held out of {count:,} training images",
            f"expected from 0 to {count - 1:,} images, a share between 0 and 1, or 'test'",
        )
    order = permutation(count, seed)
    # Sorted, so that images keep the order of the file; training shuffles them anyway.
    return Splits(
        train=_select(dataset.train, "train", np.sort(order[held_out:])),
        validation=_select(dataset.train, "validation", np.sort(order[:held_out])),
        test=dataset.test,
    )


def permutation(count: int, seed: int | Sequence[int]) -> NDArray[np.intp]:
    """Return the numbers below `count` in an order drawn from the seed.

    NumPy keeps the raw stream of a bit generator across versions, but not what
    `Generator.permutation` makes of it (NEP 19); ranking raw draws lasts.
    """
    return np.argsort(np.random.PCG64(seed).random_raw(count), kind="stable")


def _select(images: LabelledImages, name: str, indices: NDArray[np.intp]) -> LabelledImages:
    return LabelledImages(name, images.images[indices], images.labels[indices], images.source)
