"""Whether a difference is more than chance.

SciPy's special functions are imported inside the functions: they take 0.1 s.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


@dataclass(frozen=True)
class McNemar:
    """The exact McNemar test of two networks on the same images (McNemar 1947).

    Attributes:
        only_first: images that only the first network gets right.
        only_second: images that only the second one gets right.
        p_value: the chance that networks of equal accuracy differ at least so much, in [0, 1].
    """

    only_first: int
    only_second: int
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would hardly ever do it."""
        return self.p_value < 1 - CONFIDENCE


def compare_answers(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test two networks on the same images.

    Args:
        first: (N,), whether the first network is right.
        second: (N,), the same of the second one, for the same images.
    """
    from scipy.special import bdtr

    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    # If they were equal, each disagreement would be won by either with a chance of a half.
    disagreements = only_first + only_second
    tail = float(bdtr(min(only_first, only_second), disagreements, 0.5)) if disagreements else 1.0
    return McNemar(only_first, only_second, min(1.0, 2 * tail))


@dataclass(frozen=True)
class Interval:
    """A mean, or a difference of means, with its 95% confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def share_interval(count: int, total: int) -> Interval:
    """Return a share, such as that of the right answers, with its 95% interval.

    The interval is Wilson's (1927), which stays in [0, 1] where the share is near 1.

    Args:
        count: from 0 to `total`.
        total: at least 1.
    """
    share = count / total
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    scale = 1 + z**2 / total
    middle = (share + z**2 / (2 * total)) / scale
    reach = z / scale * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    # Exactly 0 and 1, where rounding would pass them by a bit.
    low = 0.0 if count == 0 else middle - reach
    high = 1.0 if count == total else middle + reach
    return Interval(share, low, high)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return the mean of values and Student's 95% interval of it; None for fewer than two."""
    if len(values) < 2:
        return None
    mean = statistics.mean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    reach = _student(len(values) - 1) * error
    return Interval(mean, mean - reach, mean + reach)


def difference_interval(first: Sequence[float], second: Sequence[float]) -> Interval | None:
    """Return the mean of `second` less that of `first`, with its 95% interval.

    The interval is Welch's (1947), which allows for unequal deviations.

    Returns:
        None if either has fewer than two values.
    """
    if min(len(first), len(second)) < 2:
        return None
    difference = statistics.mean(second) - statistics.mean(first)
    shares = [statistics.variance(values) / len(values) for values in (first, second)]
    error = math.sqrt(sum(shares))
    if error == 0:
        return Interval(difference, difference, difference)
    sizes = [len(first), len(second)]
    freedom = sum(shares) ** 2 / sum(
        share**2 / (size - 1) for share, size in zip(shares, sizes, strict=True)
    )
    reach = _student(freedom) * error
    return Interval(difference, difference - reach, difference + reach)


def _student(freedom: float) -> float:
    """Return the quantile of Student's t distribution for a two-sided 95% interval."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
