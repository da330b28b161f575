"""The validation set: images held out of the training set, or the test set itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, LabelledImages, SelectedImages, TrainingImages
from mnistcli.data.memory import align
from mnistcli.errors import DataError


@dataclass(frozen=True, eq=False)
class Splits:
    """The three sets of a run: one to train on, one to choose by, and one to report on."""

    train: TrainingImages
    validation: LabelledImages
    test: LabelledImages


def split_validation(
    dataset: Dataset,
    validation: int | float | Literal["test"],
    seed: int,
    repeats: Sequence[int] = (),
) -> Splits:
    """Hold images out of the training set for validation, by a random permutation.

    Args:
        dataset: the training set and the test set.
        validation: the number of images to hold out, or their share, between 0 and 1, which
            holds out at least one; or "test" to hold out none and validate on the test set.
        seed: 0 or more; the same seed holds out the same images with every version of NumPy.
        repeats: how often each of the data set's extra sets is among the training images.

    Raises:
        DataError: no image is left to train on, or the number has no meaning.
    """
    count = len(dataset.train_labels)
    if validation == "test":
        return Splits(_select(dataset, np.arange(count), repeats), dataset.test, dataset.test)
    if isinstance(validation, float) and validation != 0:
        validation_count = max(1, round(validation * count)) if 0 < validation < 1 else -1
    else:
        validation_count = int(validation)
    if not 0 <= validation_count < count:
        raise DataError(
            f"validation: {validation} cannot be held out of {count:,} training images",
            f"expected from 0 to {count - 1:,} images, a share between 0 and 1, or 'test'",
        )
    order = permutation(count, seed)
    # The images keep the order of the file; training shuffles them anyway.
    training, held_out = np.sort(order[validation_count:]), np.sort(order[:validation_count])
    images, labels, source = dataset.train_images, dataset.train_labels, dataset.source
    return Splits(
        _select(dataset, training, repeats),
        LabelledImages("validation", images[held_out], labels[held_out], source),
        dataset.test,
    )


def permutation(count: int, seed: int | Sequence[int]) -> NDArray[np.intp]:
    """Return the numbers below `count` in a random order, the same for the same seed.

    The order is the ranking of raw draws: NumPy keeps the raw stream of a bit generator
    across versions, but not the results of `Generator.permutation` (NEP 19).
    """
    return np.argsort(np.random.PCG64(seed).random_raw(count), kind="stable")


def _select(dataset: Dataset, rows: NDArray[np.intp], repeats: Sequence[int]) -> TrainingImages:
    """Select images of the training set, and the extra ones, each as often as it is repeated."""
    images, labels = dataset.train_images, dataset.train_labels
    if dataset.extra:
        all_rows, count = [rows], len(images)
        for extra, repeat in zip(dataset.extra, repeats, strict=True):
            all_rows.append(np.tile(np.arange(count, count + len(extra)), repeat))
            count += len(extra)
        rows = np.concatenate(all_rows)
        images = align(np.concatenate([images, *(extra.images for extra in dataset.extra)]))
        labels = np.concatenate([labels, *(extra.labels for extra in dataset.extra)])
    return TrainingImages(SelectedImages(images, rows), labels[rows], dataset.source)
