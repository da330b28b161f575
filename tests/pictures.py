"""Pictures as people make them, out of MNIST's digits: one function for each nuisance.

Each takes the ink of a digit, (240, 240) float32 in [0, 1] with its box 170 high or wide, and a
random generator, and returns a picture as a user would have it: (H, W, 3) or (H, W, 4) uint8.
"""

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ink = NDArray[np.float32]
Picture = NDArray[np.uint8]
Random = np.random.Generator
Pixels = int | np.integer

SIDE = 240
WHITE, BLACK = np.full(3, 255.0), np.zeros(3)


def draw(digit: NDArray[np.uint8]) -> Ink:
    """Return a digit of MNIST as a pen draws it: large, with sharp edges."""
    size = 28 * 8.5
    large = cv2.resize(digit, (round(size),) * 2, interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(large.astype(np.float32) / 255, (0, 0), 3)
    ink = np.clip((smooth - 0.5) * 6 + 0.5, 0, 1)
    return np.pad(ink, ((1, 1), (1, 1)))


def colour(ink: Ink, paper: NDArray[np.floating], pen: NDArray[np.floating]) -> Picture:
    """Return ink of one colour on paper of one colour, or of one for each pixel."""
    return np.clip(paper + ink[..., np.newaxis] * (pen - paper), 0, 255).astype(np.uint8)


def place(ink: Ink, height: int, width: int, top: Pixels, left: Pixels, size: int) -> Ink:
    """Return the ink scaled to a square of `size` at a place of a page, cut at its edges."""
    scale = size / ink.shape[0]
    matrix = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    small = cv2.resize(ink, (size, size), interpolation=cv2.INTER_AREA)
    page = np.zeros((height, width), np.float32)
    if scale < 1:
        matrix = np.array([[1, 0, left], [0, 1, top]], np.float32)
        return cv2.warpAffine(small, matrix, (width, height), dst=page)
    return cv2.warpAffine(ink, matrix, (width, height), dst=page)


def thicken(ink: Ink, pixels: int) -> Ink:
    """Return the ink with all its edges moved outwards, or inwards if `pixels` is negative."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(pixels) + 1,) * 2)
    return (cv2.dilate if pixels > 0 else cv2.erode)(ink, kernel)


def skeleton(ink: Ink) -> Ink:
    """Return the ink with a hairline pen: what is left when the edges have moved all the way."""
    mask, lines = (ink > 0.5).astype(np.uint8), np.zeros(ink.shape, np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    while mask.any():
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cross)
        lines |= mask & ~opened
        mask = cv2.erode(mask, cross)
    joined = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return cv2.GaussianBlur(joined.astype(np.float32), (0, 0), 0.7)


def jpeg(picture: Picture, quality: int) -> Picture:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def grain(shape: tuple[int, ...], random: Random, size: float, strength: float) -> Ink:
    """Return noise with a mean of 0 whose grains are `size` pixels wide."""
    noise = random.standard_normal(shape[:2]).astype(np.float32)
    if size > 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), size)
        noise /= noise.std()
    return noise[..., np.newaxis] * strength


def gradient(shape: tuple[int, ...], random: Random, darkest: float) -> Ink:
    """Return light from one side: factors (H, W, 1) from `darkest` to 1."""
    angle = random.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    ramp = rows * np.sin(angle) + columns * np.cos(angle)
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    return (darkest + (1 - darkest) * ramp)[..., np.newaxis].astype(np.float32)


def shadow(shape: tuple[int, ...], random: Random, darkness: float, softness: float) -> Ink:
    """Return a shadow with a straight edge somewhere across the middle: factors (H, W, 1)."""
    angle = random.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    ramp = rows * np.sin(angle) + columns * np.cos(angle) + random.uniform(-0.4, 0.4)
    lit = 1 / (1 + np.exp(-ramp * shape[0] / softness))
    return (1 - darkness * (1 - lit))[..., np.newaxis].astype(np.float32)


def photo(ink: Ink, random: Random) -> Picture:
    """A phone's photo: off-white paper, light from one side, a soft shadow, perspective, JPEG."""
    page = place(ink, 600, 450, random.integers(60, 250), random.integers(20, 170), 260)
    corners = np.array([[0, 0], [450, 0], [450, 600], [0, 600]], np.float32)
    moved = (corners + random.uniform(-45, 45, (4, 2))).astype(np.float32)
    page = cv2.warpPerspective(page, cv2.getPerspectiveTransform(corners, moved), (450, 600))
    paper = random.uniform(170, 225) + random.uniform(-8, 8, 3)
    picture = colour(page, paper, random.uniform(10, 70, 3)).astype(np.float32)
    light = gradient(picture.shape, random, 0.55) * shadow(picture.shape, random, 0.3, 60)
    noisy = picture * light + grain(picture.shape, random, 0.6, 4)
    return jpeg(np.clip(cv2.GaussianBlur(noisy, (0, 0), 1.2), 0, 255).astype(np.uint8), 75)


def ruled(
    ink: Ink, random: Random, *, both_ways: bool = False, step: int = 60, line_ink: int = 140
) -> Picture:
    page = place(ink, 400, 400, 90, 90, 200)
    picture = colour(page, WHITE, np.array([30.0, 30, 60])).astype(np.float32)
    start = int(random.integers(5, step))
    for line in range(start, 400, step):
        picture[line : line + 2] = np.minimum(
            picture[line : line + 2], [line_ink, line_ink + 30, line_ink + 80]
        )
        if both_ways:
            picture[:, line : line + 2] = np.minimum(
                picture[:, line : line + 2], [line_ink, line_ink + 30, line_ink + 80]
            )
    return picture.astype(np.uint8)


def boxed(ink: Ink, random: Random) -> Picture:
    page = place(ink, 400, 400, 110, 110, 180)
    cv2.rectangle(page, (70, 60), (330, 330), 1.0, int(random.integers(2, 7)))
    return colour(page, WHITE, BLACK)


def dirty(ink: Ink, random: Random) -> Picture:
    page = place(ink, 400, 400, 80, 80, 240)
    for _ in range(12):
        x, y = random.integers(0, 400, 2)
        if not page[max(0, y - 12) : y + 12, max(0, x - 12) : x + 12].any():
            cv2.circle(page, (int(x), int(y)), int(random.integers(1, 6)), 1.0, -1)
    return colour(page, WHITE, BLACK)


def transparent(ink: Ink, pen: int, beneath: int) -> Picture:
    """Ink as alpha; where it is clear, the colour channels hold `beneath`."""
    picture = np.full((*ink.shape, 4), pen, np.uint8)
    picture[ink == 0, :3] = beneath
    picture[..., 3] = np.rint(ink * 255)
    return picture


def tiny(ink: Ink, side: int, margin: float) -> Picture:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(cut.shape)
    square = np.zeros((round(longer * (1 + 2 * margin)),) * 2, np.float32)
    top, left = ((square.shape[0] - side) // 2 for side in cut.shape)
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return colour(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), WHITE, BLACK)


def tight(ink: Ink) -> Picture:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return colour(cut, WHITE, BLACK)


def screen(ink: Ink, random: Random) -> Picture:
    """Equally bright ink and paper: only the colours differ."""
    return colour(ink, np.array([230.0, 90, 90]), np.array([60.0, 160, 70]))


NUISANCES: dict[str, Callable[[Ink, Random], Picture]] = {
    "black on white": lambda ink, _: colour(ink, WHITE, BLACK),
    "white on black": lambda ink, _: colour(ink, BLACK, WHITE),
    "coloured ink and paper": screen,
    "pale pencil": lambda ink, _: colour(ink, np.full(3, 235.0), np.full(3, 190.0)),
    "chalk on a board": lambda ink, r: np.clip(
        colour(
            ink * (0.7 + 0.3 * (grain(ink.shape, r, 0.8, 1)[..., 0] > -0.8)),
            np.array([40.0, 60, 50]),
            np.full(3, 215.0),
        )
        * gradient(ink.shape, r, 0.7)
        + grain(ink.shape, r, 0, 3),
        0,
        255,
    ).astype(np.uint8),
    "transparent, black beneath": lambda ink, _: transparent(ink, 0, 0),
    "transparent, white ink": lambda ink, _: transparent(ink, 255, 0),
    "grey paper in a white frame": lambda ink, _: np.pad(
        colour(ink, np.full(3, 170.0), np.full(3, 50.0)),
        ((40, 40), (60, 60), (0, 0)),
        constant_values=255,
    ),
    "black bars at the sides": lambda ink, _: np.pad(
        colour(ink, np.full(3, 225.0), np.full(3, 40.0)), ((0, 0), (60, 60), (0, 0))
    ),
    "light from one side": lambda ink, r: (
        colour(ink, np.full(3, 230.0), np.full(3, 40.0)) * gradient(ink.shape, r, 0.35)
    ).astype(np.uint8),
    "a soft shadow": lambda ink, r: (
        colour(ink, np.full(3, 225.0), np.full(3, 40.0)) * shadow(ink.shape, r, 0.55, 12)
    ).astype(np.uint8),
    "a hard shadow": lambda ink, r: (
        colour(ink, np.full(3, 225.0), np.full(3, 40.0)) * shadow(ink.shape, r, 0.5, 2)
    ).astype(np.uint8),
    "rough paper": lambda ink, r: np.clip(
        colour(ink, np.full(3, 205.0), np.full(3, 50.0)) + grain(ink.shape, r, 2, 9), 0, 255
    ).astype(np.uint8),
    "noise": lambda ink, r: np.clip(
        colour(ink, np.full(3, 200.0), np.full(3, 60.0)) + grain(ink.shape, r, 0, 20), 0, 255
    ).astype(np.uint8),
    "JPEG of quality 10": lambda ink, _: jpeg(colour(ink, np.full(3, 240.0), np.full(3, 30.0)), 10),
    "a photo": photo,
    "an inverted photo": lambda ink, r: 255 - photo(ink, r),
    "a hairline": lambda ink, _: colour(skeleton(ink), WHITE, BLACK),
    "a thin pen": lambda ink, _: colour(thicken(ink, -4), WHITE, BLACK),
    "a thick pen": lambda ink, _: colour(thicken(ink, 5), WHITE, BLACK),
    "a very thick brush": lambda ink, _: colour(thicken(ink, 9), WHITE, BLACK),
    "small on a large page": lambda ink, r: colour(
        place(ink, 1600, 1200, r.integers(50, 1400), r.integers(50, 1000), 110),
        WHITE,
        np.full(3, 40.0),
    ),
    "off the centre": lambda ink, _: colour(place(ink, 500, 400, 230, -20, 240), WHITE, BLACK),
    "wide": lambda ink, _: colour(place(ink, 240, 900, 0, 600, 240), WHITE, BLACK),
    "cut tight": lambda ink, _: tight(ink),
    "28 pixels": lambda ink, _: tiny(ink, 28, 0.15),
    "16 pixels, to the edge": lambda ink, _: tiny(ink, 16, 0.0),
    "16 pixels, inverted": lambda ink, _: 255 - tiny(ink, 16, 0.0),
    "ruled paper": ruled,
    "squared paper": lambda ink, r: ruled(ink, r, both_ways=True),
    "dark lines": lambda ink, r: ruled(ink, r, line_ink=40, step=80),
    "dark squares": lambda ink, r: ruled(ink, r, line_ink=40, both_ways=True, step=80),
    "in a box": boxed,
    "dirt around it": dirty,
}
