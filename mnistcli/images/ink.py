"""The amount of ink in each pixel of a picture, for any colours, paper and light."""

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.float32]  # (H, W) in [0, 1]
Mask = NDArray[np.bool_]  # (H, W)

# The paper's colour changes slowly, so it is measured on a copy whose sides are at most this long.
PAPER_SIDE = 160
# What takes a smaller share of the paper's light is no ink. Pale yellow on white takes 0.4 of the
# blue.
MIN_CONTRAST = 0.05
# A doubt below this is accepted. Measured on the pictures that the tests draw: black on white has
# 0.1 to 0.3, 16 pixels filled to the edge 0.5, half a picture in shadow 0.7 to 1.1, and light ink
# taken for dark, or the reverse, mostly more than 1.4.
MAX_DOUBT = 0.7


def measure_ink(picture: NDArray[np.uint8]) -> Ink:
    """Return how far each pixel is from the paper around it, as a share of full ink.

    A morphological closing of the picture shows its paper (an opening does, for light ink on
    dark). Strokes narrower than the closing's window vanish; gradients of light and shadows
    stay. The window is first as large as the picture, or a half or a quarter of it where that
    leaves doubts. It is then three strokes wide, to follow narrow shadows too.

    Args:
        picture: (H, W, 3) uint8, RGB.

    Returns:
        (H, W) float32 in [0, 1], 1 for a stroke; all 0 for a picture without contrast.
    """
    levels = project_colours(picture)
    if min(levels.shape) > PAPER_SIDE:
        levels = cv2.GaussianBlur(levels, (0, 0), 0.7)
    small = _reduce(levels)
    doubts = []
    for divisor in (1, 2, 4):
        window = min(small.shape) / divisor
        doubts += [(_doubt(small, is_dark, window), is_dark, window) for is_dark in (True, False)]
        if min(doubts)[0] < MAX_DOUBT:
            break
    _, is_dark, window = min(doubts)
    ink = _normalize(_differences(levels, is_dark, window))
    stroke_window = 3 * stroke_width(ink > 0.7) * small.shape[1] / levels.shape[1] + 4
    if ink.any() and stroke_window < 0.8 * window:
        ink = _normalize(_differences(levels, is_dark, stroke_window))
    return ink


def project_colours(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mixture of the three channels in which ink and paper differ most.

    It is the first principal component of the changes within short distances. So green ink
    stands out from red paper of the same brightness.

    Args:
        picture: (H, W, 3) uint8, RGB.

    Returns:
        (H, W) float32 in [0, 255]; the grey levels themselves for a grey picture.
    """
    small = _reduce(picture.astype(np.float32))
    detail = small - cv2.blur(small, (max(small.shape) // 2,) * 2)
    changes = detail.reshape(-1, 3)
    _, vectors = np.linalg.eigh(changes.T @ changes)
    axis = vectors[:, -1] / np.abs(vectors[:, -1]).sum()
    axis *= 1 if axis.sum() >= 0 else -1  # light stays light
    levels = cv2.transform(picture.astype(np.float32), axis.reshape(1, 3))
    return levels - 255 * axis.clip(max=0).sum()


def stroke_width(mask: Mask) -> float:
    """Return the mean width of strokes in pixels; 0 for an empty mask.

    The mean distance from the pixels of a bar to its edge is a quarter of its width.
    """
    if not mask.any():
        return 0.0
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    # Each distance is to the centre of the nearest pixel outside, which is half a pixel too far.
    return max(1.0, 4 * (cv2.mean(distances, padded)[0] - 0.5))


def quantiles(values: NDArray[np.float32], *shares: float) -> list[float]:
    """Return quantiles of a sample of about 10,000 values.

    np.quantile interpolates, and took a quarter of the time of reading a small picture. The
    sample is needed because np.partition takes a hundred times as long where many values are
    equal, as on white paper.

    Args:
        values: any number of values.
        shares: for each quantile, the share of values below it, in [0, 1].
    """
    sample = values.ravel()[:: max(1, values.size // 10_000)]
    indices = [int(share * (sample.size - 1)) for share in shares]
    return np.partition(sample, indices)[indices].tolist()


def _reduce(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a copy whose sides are at most `PAPER_SIDE` long, or the pixels themselves."""
    height, width = pixels.shape[:2]
    scale = PAPER_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    copy: NDArray[np.float32] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return copy


def _differences(levels: NDArray[np.float32], is_dark: bool, window: float) -> Ink:
    """Return how far each pixel differs from the paper, in [0, 1].

    Dark ink takes a share of the paper's light, and light ink a share of its darkness.

    Args:
        levels: (H, W) in [0, 255].
        is_dark: whether the ink is dark.
        window: the width of the narrowest paper, in pixels of the reduced copy.
    """
    side = max(3, round(window) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    operation = cv2.MORPH_CLOSE if is_dark else cv2.MORPH_OPEN
    paper = cv2.morphologyEx(_reduce(levels), operation, kernel)
    if paper.shape != levels.shape:
        paper = cv2.resize(paper, levels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    # Ink takes a share of the light, so the difference is smaller in a shadow.
    if is_dark:
        return np.clip((paper - levels) / np.maximum(paper, 128), 0, 1)
    return np.clip((levels - paper) / np.maximum(255 - paper, 128), 0, 1)


def _doubt(levels: NDArray[np.float32], is_dark: bool, window: float) -> float:
    """Return how little a picture looks like dark (or light) ink on paper; lower is better.

    Ink covers little of a picture and even less of its border. Its edges are sharp, while the
    edges of light on paper are not. The paper is all of one colour: this rules out that the
    closed loops of an 8 are taken for ink of the opposite kind.
    """
    differences = _differences(levels, is_dark, window)
    level = _ink_level(differences, *_paper_noise(differences))
    if level < MIN_CONTRAST:
        return np.inf
    mask = differences > level / 2
    border = np.ones(mask.shape, np.bool_)
    width = max(1, round(0.03 * min(mask.shape)))
    border[width:-width, width:-width] = False
    paper = levels[~mask]
    contrast = abs(float(levels[mask].mean() - paper.mean())) + 1
    steps = cv2.morphologyEx(levels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edge = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    blur = float((steps[edge] < 0.4 * contrast).mean())
    return float(mask.mean() + mask[border].mean() + paper.std() / contrast) + blur


def _paper_noise(differences: Ink) -> tuple[float, float]:
    """Return the level of plain paper, and the standard deviation of its (Gaussian) noise."""
    # Both quantiles are of paper, or nearly so, even where most of the picture is ink.
    low, middle = quantiles(differences, 0.05, 0.2)
    deviation = (middle - low) / 0.8
    return middle + 0.84 * deviation, deviation


def _ink_level(differences: Ink, paper: float, deviation: float) -> float:
    """Return the difference of full ink: the 0.9 quantile of all strokes, or of all but noise."""
    signal = differences[differences > max(paper + 4 * deviation, MIN_CONTRAST / 2)]
    if not signal.size:
        return 0.0
    level = quantiles(signal, 0.9)[0]
    return _strong_level(differences, level) or level


def _strong_level(differences: Ink, level: float) -> float | None:
    """Return the level of strokes at least twice as strong as a level, or None without such.

    A page's grain and what shows through from its back may be more than its ink. Specks, and
    what lies along the border, are no strokes.
    """
    strong = differences > 2 * level
    if not strong.any():
        return None
    _, _, stats, _ = cv2.connectedComponentsWithStats(strong.astype(np.uint8), connectivity=8)
    left, top, width, height = stats[1:, : cv2.CC_STAT_AREA].T
    is_inside = (np.minimum(left, top) > 0) & (left + width < differences.shape[1])
    is_inside &= top + height < differences.shape[0]
    size = np.maximum(width, height)[is_inside].max(initial=0)
    if size < max(10, 0.02 * max(differences.shape)):
        return None
    return quantiles(differences[strong], 0.9)[0]


def _normalize(differences: Ink) -> Ink:
    """Return differences as shares of full ink; all 0 if nothing exceeds the noise."""
    paper, deviation = _paper_noise(differences)
    level = _ink_level(differences, paper, deviation)
    floor = paper + 3 * deviation
    if level < max(MIN_CONTRAST, 1.5 * floor):
        return np.zeros_like(differences)
    return np.clip((differences - floor) / (level - floor), 0, 1)
