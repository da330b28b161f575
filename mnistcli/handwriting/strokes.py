"""Strokes of a pen as lines and curves, and the hand that varies them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
# Points (N, 2), each right and down from the upper left corner; a character is about 1 high.
Stroke = NDArray[np.float64]
Point = tuple[float, float]

POINTS_PER_CURVE = 8  # between two points that a curve goes through


def line(*points: Point) -> Stroke:
    """Return straight lines from point to point."""
    return np.array(points, np.float64)


def curve(*points: Point) -> Stroke:
    """Return a smooth curve through the points.

    Catmull and Rom (1974), A Class of Local Interpolating Splines.
    """
    knots = np.array(points, np.float64)
    if len(knots) < 3:
        return knots
    ends = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
    before, after = np.vstack([ends[0], knots[:-2]]), np.vstack([knots[2:], ends[1]])
    start, end = knots[:-1, np.newaxis], knots[1:, np.newaxis]
    slope_start = (end - before[:, np.newaxis]) / 2
    slope_end = (after[:, np.newaxis] - start) / 2
    t = np.linspace(0, 1, POINTS_PER_CURVE, endpoint=False)[:, np.newaxis]
    pieces = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * slope_start
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * slope_end
    )
    return np.vstack([pieces.reshape(-1, 2), knots[-1:]])


def arc(centre: Point, radii: Point, start: float, end: float) -> Stroke:
    """Return a part of an ellipse.

    Args:
        centre: of the ellipse.
        radii: right and down.
        start: in degrees, 0 to the right and 90 downwards.
        end: in degrees; an arc goes clockwise where it is larger than `start`.
    """
    count = max(3, round(abs(end - start) / 12))
    angles = np.radians(np.linspace(start, end, count))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points: Stroke = np.array(centre) + np.array(radii) * directions
    return points


def join(*strokes: Stroke) -> Stroke:
    """Return one stroke that goes through several without lifting the pen."""
    return np.vstack(strokes)


def vary(strokes: Sequence[Stroke], random: Random) -> list[Stroke]:
    """Return the strokes as another hand writes them: slanted, turned, stretched and bent."""
    points = np.vstack(strokes)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    angle = np.radians(random.normal(0, 5))
    slant, stretch = random.normal(0.05, 0.17), np.exp(random.normal(0, 0.2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[stretch, -slant], [0, 1]])
    # Waves about as long as a character bend neighbouring points alike.
    directions = random.normal(0, 3.5, (3, 2))
    phases = random.uniform(0, 2 * np.pi, 3)
    bends = random.normal(0, 0.022, (3, 2))
    varied = []
    for stroke in strokes:
        shift = random.normal(0, 0.012, 2)  # where the pen is put down again
        waves = np.sin(stroke @ directions.T + phases) @ bends
        varied.append((stroke - middle + shift + waves) @ matrix.T)
    return varied
