"""Digits and other things, drawn as strokes of a pen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistcli.data import Dataset
from mnistcli.handwriting import draw, draw_digit, draw_other, vary
from mnistcli.images import find_framing, frame_digit
from mnistcli.recognition.familiarity import describe_edges


def drawings(digit: int | None, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Drawings of a digit, or of what is none."""
    random = np.random.default_rng(seed)
    strokes = [
        draw_other(random) if digit is None else draw_digit(digit, random) for _ in range(count)
    ]
    return np.stack([draw(vary(each, random), random) for each in strokes])


@pytest.mark.parametrize("digit", [*range(10), None])
def test_drawings_are_in_the_frame_of_mnist_and_each_is_another(digit: int | None) -> None:
    images = drawings(digit, 60)

    assert find_framing(images).kind == "mnist"
    assert images.max() == 255
    assert len(np.unique(images, axis=0)) == 60
    assert np.array_equal(images, drawings(digit, 60))
    assert not np.array_equal(images, drawings(digit, 60, seed=1))


def test_real_digits_are_like_the_drawings_of_the_same_digit(digits: Dataset) -> None:
    grey = [np.repeat(image[..., np.newaxis], 3, axis=2) for image in digits.test_images]
    real = describe_edges(np.stack([frame_digit(each).image for each in grey]))
    drawn = describe_edges(np.concatenate([drawings(digit, 100) for digit in range(10)]))

    nearest = (real @ drawn.T).argmax(axis=1) // 100

    # A tenth by chance. Each digit is drawn as itself: none is mostly taken for another.
    right = nearest == digits.test_labels
    assert right.mean() > 0.75
    assert all(right[digits.test_labels == digit].mean() > 0.5 for digit in range(10))
