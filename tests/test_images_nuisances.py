"""Whatever is done to the picture of a digit, the network sees what MNIST would hold."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import NUISANCES, draw
from scenes import CANVASES

from mnistcli.data import Dataset
from mnistcli.images import frame_digit
from mnistcli.images.read import flatten_alpha


def likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The cosine of two images, blurred by a pixel; two different digits have about 0.5."""
    a, b = (
        cv2.GaussianBlur(each.astype(np.float32), (0, 0), 1).ravel() for each in (first, second)
    )
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


PICTURES = NUISANCES | CANVASES


@pytest.mark.parametrize("nuisance", PICTURES)
def test_a_nuisance_leaves_the_digit(nuisance: str, digits: Dataset) -> None:
    random, found = np.random.default_rng(0), []
    for digit in digits.test_images[:12]:
        large = draw(digit)
        plain = frame_digit(NUISANCES["black on white"](large, random)).image
        picture = PICTURES[nuisance](large, random)
        if picture.shape[2] == 4:
            picture = flatten_alpha(picture[..., :3], picture[..., 3])
        found.append(likeness(frame_digit(picture).image, plain))
    assert np.mean(found) > 0.85
    assert np.mean(np.array(found) > 0.7) >= 11 / 12
