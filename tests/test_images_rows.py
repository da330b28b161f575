"""Where the digits are in pictures of several."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import BLACK, WHITE, Ink, colour, draw, place, thicken
from scenes import ROWS, line_up, trim

from mnistcli.data import Dataset
from mnistcli.images import find_rows, find_sheet, frame_digit, measure_ink

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def inks(digits: Dataset) -> list[Ink]:
    """One large digit of each class, in thin strokes: those nearer than a stroke are one mask."""
    indices = [int(np.argmax(digits.test_labels == i)) for i in range(10)]
    return [thicken(draw(digits.test_images[i]), -4) for i in indices]


def count_digits(picture: Picture) -> list[int]:
    """The number of masks in each row, of at most 64."""
    return [len(row.masks) for row in find_rows(measure_ink(find_sheet(picture).picture), 64)[0]]


APART = ("side by side", "light on dark", "in a table", "with comma and dot")


@pytest.mark.parametrize("scene", APART)
def test_each_digit_of_a_row_is_found(scene: str, inks: list[Ink]) -> None:
    random = np.random.default_rng(0)
    assert count_digits(ROWS[scene]([inks[i] for i in (2, 1, 0, 6, 1)], random)) == [5]


def test_lines_are_found_from_top_to_bottom(inks: list[Ink]) -> None:
    picture = ROWS["two lines"]([inks[i] for i in (2, 5, 3, 1, 0)], np.random.default_rng(0))
    assert count_digits(picture) == [2, 3]
    sloping = cv2.warpAffine(
        picture,
        np.array([[1, 0, 0], [-0.15, 1, 60]], np.float32),
        (picture.shape[1], picture.shape[0] + 60),
        borderValue=(255, 255, 255),
    )
    assert count_digits(sloping.astype(np.uint8)) == [2, 3]


def test_a_one_at_the_edge_of_a_tight_picture_is_found(inks: list[Ink]) -> None:
    bar = np.zeros((240, 60), np.float32)
    bar[35:205, 20:36] = 1
    row = line_up([bar, inks[3], inks[0]], 40)
    rows = np.flatnonzero(row.any(axis=1))
    tight = trim(row[rows[0] : rows[-1] + 1])
    assert count_digits(colour(tight, WHITE, BLACK)) == [3]


def test_small_print_is_no_line(inks: list[Ink]) -> None:
    page = colour(line_up([inks[2], inks[3]], 40), WHITE, BLACK)
    page = np.vstack([page, np.full((60, page.shape[1], 3), 255, np.uint8)])
    cv2.putText(page, "page 17", (20, len(page) - 20), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)
    assert count_digits(page) == [2]


def test_what_shows_through_a_page_is_no_line(inks: list[Ink]) -> None:
    back = np.full((800, 600, 3), 225, np.uint8)
    for top in range(60, 780, 40):
        cv2.putText(back, "lorem ipsum dolor sit", (20, top), 0, 1.4, (195, 195, 195), 4)
    ink = cv2.resize(line_up([inks[7], inks[2], inks[3]], 40), (200, 90))
    page = np.pad(ink, ((300, 410), (200, 200)))
    assert count_digits(colour(page, back.astype(float), np.full(3, 20.0))) == [3]


def pale_line(page: Picture) -> None:
    page[150] = page[150] // 5 * 4


def sloping_line(page: Picture) -> None:
    cv2.line(page, (0, 160), (page.shape[1], 140), (90, 90, 90), 2)


def double_line(page: Picture) -> None:
    page[150:152] = page[156:158] = 60


@pytest.mark.parametrize("rule", [pale_line, sloping_line, double_line])
def test_digits_on_a_ruled_line_are_apart(rule: Callable[[Picture], None], inks: list[Ink]) -> None:
    page = colour(line_up([inks[i] for i in (2, 6, 8)], 40, 180), WHITE, BLACK)
    rule(page)
    assert count_digits(page) == [3]


def test_a_sheet_without_ink_higher_than_the_page_has_is_left_out(inks: list[Ink]) -> None:
    page = colour(place(inks[4], 400, 600, 40, 40, 300), WHITE, BLACK)
    page[150:250, 400:560] = (30, 90, 200)
    cv2.putText(page, "Clear", (420, 215), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
    sheet = find_sheet(page)
    assert sheet.picture.shape == page.shape
    assert (sheet.picture[150:250, 400:560] == 255).all()
    reading = frame_digit(page)
    plain = frame_digit(colour(place(inks[4], 400, 600, 40, 40, 300), WHITE, BLACK))
    assert np.array_equal(reading.image, plain.image)
    assert reading.is_alone


def test_a_sheet_is_where_it_is_in_the_picture(inks: list[Ink]) -> None:
    canvas = colour(place(inks[5], 200, 200, 30, 30, 140), BLACK, WHITE)
    page = np.full((400, 700, 3), 240, np.uint8)
    page[60:260, 350:550] = canvas
    left, top, right, bottom = find_sheet(page).box
    assert np.allclose((left, top, right, bottom), (350, 60, 550, 260), atol=4)
    assert np.array_equal(find_sheet(page).picture, page[top:bottom, left:right])


def test_each_digit_in_a_box_of_its_own_is_found(inks: list[Ink]) -> None:
    page = np.zeros((160, 500), np.float32)
    for i, label in enumerate((2, 0, 4, 1)):
        left = 20 + 115 * i
        page = np.maximum(page, place(inks[label], 160, 500, 40, left + 10, 80))
        cv2.rectangle(page, (left, 25), (left + 100, 135), 1.0, 3)
    assert count_digits(colour(page, WHITE, BLACK)) == [4]


def canvas_beside(inks: list[Ink], width: int) -> Picture:
    """A page with a dark canvas, and a bar of that width and of many greys beside it."""
    page = np.full((300, 500, 3), 255, np.uint8)
    page[40:260, 30:250] = colour(place(inks[3], 220, 220, 30, 30, 160), BLACK, WHITE)
    page[40:260, 300 : 300 + width] = np.linspace(0, 250, 220)[:, np.newaxis, np.newaxis]
    return page


def test_a_colour_bar_beside_a_canvas_is_left_out(inks: list[Ink]) -> None:
    plain, beside = (frame_digit(canvas_beside(inks, width)) for width in (0, 15))
    assert np.array_equal(beside.image, plain.image)


def test_of_two_equal_canvases_neither_is_the_only_one(inks: list[Ink]) -> None:
    page = canvas_beside(inks, 0)
    assert frame_digit(page).is_alone
    both = np.concatenate([page[:, :270], page[:, :270]], axis=1)
    assert not frame_digit(both).is_alone


def test_a_circle_around_a_digit_is_left_out(inks: list[Ink]) -> None:
    ink = place(thicken(inks[2], 5), 400, 400, 120, 120, 160)
    circle = cv2.circle(ink.copy(), (200, 200), 150, 1.0, 2, cv2.LINE_AA)
    plain, circled = (frame_digit(colour(each, WHITE, BLACK)) for each in (ink, circle))
    assert np.array_equal(circled.image, plain.image)


def test_an_angular_zero_is_no_sheet(inks: list[Ink]) -> None:
    page = np.zeros((400, 400), np.float32)
    cv2.rectangle(page, (140, 90), (260, 310), 1.0, 20)
    image = frame_digit(colour(page, WHITE, BLACK)).image
    assert image[14, 14] == 0  # its hole
    assert image[14].max() == 255


def test_lines_that_are_left_out_are_counted(inks: list[Ink]) -> None:
    large = line_up([inks[i] for i in (2, 3, 8)], 40)
    small = line_up([inks[i] for i in (1, 0, 7, 4)], 80, 80)
    small = np.pad(small, ((0, 0), (20, large.shape[1] - small.shape[1] - 20)))
    page = colour(np.vstack([large, small]), WHITE, BLACK)
    rows, num_left_out = find_rows(measure_ink(page), 64)
    assert [len(row.masks) for row in rows] == [3]
    assert num_left_out == 1
