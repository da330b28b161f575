"""How the images of data sets lie in their pixels, and pictures brought to where they are."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mnistcli.data import Dataset
from mnistcli.images import Framing, find_framing, frame_digit
from mnistcli.images.framing import take_whole

Images = NDArray[np.uint8]


def cut(image: Images) -> Images:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stretched(image: Images) -> Images:
    resized: Images = cv2.resize(cut(image), (28, 28), interpolation=cv2.INTER_AREA)
    return resized


def like_emnist(image: Images) -> Images:
    """The box is centred, not the mass, and has a margin of two pixels (Cohen et al. 2017)."""
    ink = cut(image)
    side = max(ink.shape)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return np.pad(cv2.resize(square, (24, 24), interpolation=cv2.INTER_CUBIC), 2)


def like_fashion(image: Images) -> Images:
    """As high as the picture, and nearly as wide."""
    return np.pad(cv2.resize(cut(image), (24, 28), interpolation=cv2.INTER_AREA), ((0, 0), (2, 2)))


def lossy(image: Images) -> Images:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))


FRAMINGS: dict[str, tuple[Callable[[Images], Images], Framing]] = {
    "as they are": (lambda image: image, Framing("mnist", True)),
    "in black and white": (lambda image: np.uint8(255) * (image > 127), Framing("mnist", True)),
    "inverted": (lambda image: 255 - image, Framing("mnist", False)),
    "compressed": (lossy, Framing("mnist", True)),
    "stretched": (stretched, Framing("as_is", True)),
    "stretched and inverted": (lambda image: 255 - stretched(image), Framing("as_is", False)),
    "as EMNIST": (like_emnist, Framing("as_is", True)),
    "as Fashion-MNIST": (like_fashion, Framing("as_is", True)),
    "off the centre": (lambda image: np.roll(image, (-3, 3), (0, 1)), Framing("as_is", True)),
    "smaller": (lambda image: np.pad(cv2.resize(image, (20, 20)), 4), Framing("as_is", True)),
    "blank": (np.zeros_like, Framing("as_is", True)),
}


@pytest.mark.parametrize("case", FRAMINGS)
def test_a_framing_is_found_in_the_images(case: str, digits: Dataset) -> None:
    change, expected = FRAMINGS[case]
    images = np.stack([change(image) for image in digits.train_images[:400]])
    assert find_framing(images) == expected


def test_some_images_in_another_frame_make_no_difference(digits: Dataset) -> None:
    images = digits.train_images[:400].copy()
    images[::10] = 0
    images[1::10] = 255
    assert find_framing(images) == Framing("mnist", True)


def coloured(grey: Images) -> Images:
    return np.repeat(grey[..., np.newaxis], 3, axis=2)


def test_grey_of_the_right_size_is_taken_byte_for_byte() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    for image in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        for dark in (True, False):
            assert np.array_equal(take_whole(coloured(image), dark), image)


def test_any_other_picture_is_taken_whole() -> None:
    page = np.full((100, 280), 250, np.uint8)
    page[:, 140:] = 10
    page[0] = page[-1] = 250
    image = frame_digit(coloured(page), Framing("as_is", True)).image
    # Inverted, since its border is mostly light, and padded with that border's colour.
    assert np.array_equal(np.unique(image[:9]), [5])
    assert np.array_equal(np.unique(image[19:]), [5])
    assert np.abs(image[11:17, :13].astype(int) - 5).max() <= 1
    assert np.abs(image[11:17, 15:].astype(int) - 245).max() <= 1
    upright = frame_digit(coloured(page.T), Framing("as_is", True)).image
    assert np.abs(upright.T.astype(int) - image).max() <= 1
    light = frame_digit(coloured(page), Framing("as_is", False)).image
    assert np.array_equal(light, 255 - image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 8192), (8192, 2), (5, 3), (56, 56), (28, 27)])
def test_no_picture_is_too_odd_to_be_taken_whole(shape: tuple[int, int]) -> None:
    image = frame_digit(np.full((*shape, 3), (9, 90, 30), np.uint8), Framing("as_is")).image
    assert (image.shape, image.dtype) == ((28, 28), np.dtype(np.uint8))


def test_a_digit_for_an_inverted_data_set_is_dark_on_light(digits: Dataset) -> None:
    page = coloured(255 - cv2.resize(digits.test_images[0], (112, 112)))
    image = frame_digit(page, Framing("mnist", False)).image
    assert np.array_equal(image, 255 - frame_digit(page).image)
    assert np.median(image) == 255
