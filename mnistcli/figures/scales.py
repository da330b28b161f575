"""The vertical axes of curves, for figures and for charts in a terminal."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

MIN_LOG_RATIO = 4  # of the largest to the smallest value; below, a linear axis tells as much
MARGIN = 0.05  # of the axis, so that a curve does not touch the frame
MAX_TICKS = 8
SMALLEST_SHARE = 1e-12  # of the largest value; what is below is drawn at the bottom

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes:
        name: what it is, to be added to the name of its values.
        limits: its ends, as values; the first is at the bottom.
        ticks: values, in any order.
        format: makes the text of a tick.
        place: makes heights of values.
        value: makes values of heights.
    """

    name: str
    limits: tuple[float, float]
    ticks: list[float]
    format: Callable[[float], str]
    place: Callable[[Any], Any]
    value: Callable[[Any], Any]


def loss_scale(values: Sequence[float]) -> Scale:
    """Return a logarithmic axis where the losses allow it and differ much, else a linear one."""
    low, high = min(values, default=0), max(values, default=1)
    if not 0 < low * MIN_LOG_RATIO < high:
        return _linear_scale(low, high, lambda value: f"{value:.6g}")
    low = max(low, high * SMALLEST_SHARE)
    margin = (high / low) ** MARGIN
    low, high = low / margin, high * margin
    ticks = log_ticks(low, high)

    def place(value: Any) -> Any:
        return np.log10(np.maximum(value, low))

    return Scale(
        ", on a logarithmic scale", (low, high), ticks, "{:g}".format, place, _power_of_ten
    )


def accuracy_scale(values: Sequence[float]) -> Scale:
    """Return an axis on which 10% and 99.5% have room: logarithmic in the share of errors."""
    errors = [1 - value for value in values]
    positive = [error for error in errors if error > 0]
    smallest, largest = min(positive, default=0), max(positive, default=0)
    if not positive or min(errors) < 0 or largest < smallest * MIN_LOG_RATIO:
        return _linear_scale(min(values, default=0), max(values, default=1), format_share)
    if min(errors) == 0:
        smallest /= 2  # an accuracy of exactly 1 has its place above all others
    margin = (largest / smallest) ** MARGIN
    low, high = smallest / margin, largest * margin
    ticks = [1 - tick for tick in log_ticks(low, high)]

    def place(value: Any) -> Any:
        return -np.log10(np.maximum(1 - np.asarray(value), low))

    def value(height: Any) -> Any:
        return 1 - _power_of_ten(-np.asarray(height))

    name = ", on a logarithmic scale of the errors"
    return Scale(name, (1 - high, 1 - low), ticks, format_share, place, value)


def _power_of_ten(exponent: Any) -> Any:
    return np.power(10.0, exponent)


def _linear_scale(low: float, high: float, text: Callable[[float], str]) -> Scale:
    margin = (high - low) * MARGIN or abs(high) * MARGIN or 0.5
    low, high = low - margin, high + margin
    ticks = [float(tick) for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]
    return Scale("", (low, high), ticks, text, np.asarray, np.asarray)


def log_ticks(low: float, high: float, most: int = MAX_TICKS) -> list[float]:
    """Return round numbers between two positive ones, for a logarithmic axis, at most `most`."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low / 1.01 <= tick <= high * 1.01]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def format_share(share: float) -> str:
    """Return such as '99.5%', without zeros at its end."""
    return f"{100 * share:.6g}%"
