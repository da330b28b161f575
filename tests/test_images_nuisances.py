"""Whatever is done to the picture of a digit, the network sees what MNIST would hold."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import NUISANCES, draw
from scenes import CANVASES

from mnistcli.data import load_dataset
from mnistcli.images import frame_digit
from mnistcli.images.read import flatten_alpha


def likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The cosine of two images, blurred by a pixel; two different digits have about 0.5."""
    a, b = (
        cv2.GaussianBlur(each.astype(np.float32), (0, 0), 1).ravel() for each in (first, second)
    )
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


PICTURES = NUISANCES | CANVASES


@cache
def plain_digits(count: int) -> list[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """Digits drawn large, and each as it is read from black ink on white paper."""
    larges = list(map(draw, load_dataset("digits").test_images[:count]))
    pictures = [NUISANCES["black on white"](large, np.random.default_rng(0)) for large in larges]
    return [
        (large, frame_digit(picture).image) for large, picture in zip(larges, pictures, strict=True)
    ]


@pytest.mark.parametrize("nuisance", PICTURES)
def test_a_nuisance_leaves_the_digit(nuisance: str) -> None:
    random, found = np.random.default_rng(0), []
    for large, plain in plain_digits(12):
        picture = PICTURES[nuisance](large, random)
        if picture.shape[2] == 4:
            picture = flatten_alpha(picture[..., :3], picture[..., 3])
        found.append(likeness(frame_digit(picture).image, plain))
    assert np.mean(found) > 0.85
    assert np.mean(np.array(found) > 0.7) >= 11 / 12
