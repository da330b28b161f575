"""The validation split."""

from typing import Any

import numpy as np
import pytest

from mnistcli.data import Dataset, load_dataset, split_validation
from mnistcli.errors import DataError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.mark.parametrize(
    ("validation", "count"), [(100, 100), (0.1, 144), (1437, 1437), (0, 0), (0.0, 0), (1e-9, 1)]
)
def test_split_holds_out_each_image_once(
    digits: Dataset, validation: int | float, count: int
) -> None:
    splits = split_validation(digits, validation, seed=3)
    assert (len(splits.validation), len(splits.train)) == (count, 1438 - count)
    both = np.concatenate([splits.train.images, splits.validation.images])
    labels = np.concatenate([splits.train.labels, splits.validation.labels])

    def sorted_rows(images: Any, labels: Any) -> Any:
        rows = np.column_stack([labels, images.reshape(len(images), -1)])
        return rows[np.lexsort(rows.T)]

    np.testing.assert_array_equal(
        sorted_rows(both, labels), sorted_rows(digits.train_images, digits.train_labels)
    )
    np.testing.assert_array_equal(splits.test.images, digits.test_images)


def test_a_set_without_images_has_no_classes(digits: Dataset) -> None:
    splits = split_validation(digits, 0, seed=3)
    assert (len(splits.validation), splits.validation.num_classes) == (0, 0)
    assert splits.validation.images.shape == (0, 28, 28)
    np.testing.assert_array_equal(splits.train.images, digits.train_images)


def test_split_depends_on_the_seed_alone(digits: Dataset) -> None:
    first, again, other = (split_validation(digits, 50, seed).validation for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)
    # The same on every machine and in every version: a run must train the same again.
    assert first.labels[:10].tolist() == [3, 1, 5, 9, 9, 5, 0, 0, 9, 7]


def test_test_set_can_serve_for_validation(digits: Dataset) -> None:
    splits = split_validation(digits, "test", seed=0)
    assert len(splits.train) == 1438
    np.testing.assert_array_equal(splits.validation.images, digits.test_images)


@pytest.mark.parametrize("validation", [-1, 1438, 60000, 1.0, 50.0, -0.1, float("nan")])
def test_split_that_leaves_nothing_is_refused(digits: Dataset, validation: int | float) -> None:
    with pytest.raises(DataError, match="cannot be held out of 1,438 training images"):
        split_validation(digits, validation, seed=0)
