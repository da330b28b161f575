"""The axes of a curve: scales, ticks, and their texts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Units of the view box. A chart is shown 340 to 560 pixels wide, so that 14 units are legible.
LEFT, RIGHT, TOP, BOTTOM = 58, 458, 14, 256
MAX_TICKS, MIN_LOGARITHMIC_TICKS = 7, 3


@dataclass(frozen=True)
class Scale:
    """The vertical axis.

    Attributes:
        percent: whether the values are accuracies, in [0, 1].
        low: the value at the bottom; with `of_errors` what is missing to 1 at the top.
        high: the value at the top, or what is missing at the bottom.
        ticks: values.
        of_errors: whether it is the logarithmic scale of what is missing to 1.
    """

    percent: bool
    low: float
    high: float
    ticks: list[float]
    logarithmic: bool = False
    of_errors: bool = False

    @classmethod
    def fit(cls, values: Sequence[float], percent: bool) -> "Scale":
        """Choose the scale for some values, at least one.

        It is logarithmic where the values allow it and are not close together.
        """
        low, high = min(values), max(values)
        if percent and high <= 1 and low < 1:
            errors = [1 - value for value in values]
            smallest = min(error for error in errors if error > 0)
            # An accuracy of exactly 1 has its place above all others.
            bottom = smallest if high < 1 else smallest / 2
            ticks = [1 - tick for tick in _logarithmic_ticks(bottom, max(errors))]
            if len(ticks) >= MIN_LOGARITHMIC_TICKS:
                return cls(percent, bottom / 1.1, max(errors) * 1.1, ticks, True, of_errors=True)
        elif not percent and low > 0:
            ticks = _logarithmic_ticks(low, high)
            if len(ticks) >= MIN_LOGARITHMIC_TICKS:
                return cls(percent, low / 1.08, high * 1.08, ticks, True)
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 0.5
        low, high = low - margin, high + margin
        step = _nice_step((high - low) / 5)
        first = math.ceil(low / step)
        count = math.floor(high / step) - first + 1
        return cls(percent, low, high, [(first + i) * step for i in range(count)])

    def place(self, value: float) -> float:
        """Return the height of a value in the view box."""
        low, high = self.low, self.high
        if self.of_errors:
            value = max(1 - value, low * 1.1)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = (value - low) / (high - low)
        return round(BOTTOM - (1 - share if self.of_errors else share) * (BOTTOM - TOP), 1)

    def format(self, value: float) -> str:
        """Return a value as a reader of the curve sees it."""
        return f"{100 * value:.2f}%" if self.percent else f"{value:.4g}"

    def format_tick(self, value: float) -> str:
        """Return a tick with as many decimals as tell it from the next."""
        if self.of_errors:
            return f"{100 * value:.6g}%"
        if self.logarithmic:
            return f"{value:.4g}"
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 0.01
        factor, unit = (100, "%") if self.percent else (1, "")
        decimals = max(0, -math.floor(math.log10(factor * step) + 1e-9))
        text = f"{factor * value:.{decimals}f}" if decimals < 9 else f"{factor * value:.4g}"
        return (text.removeprefix("-") if float(text) == 0 else text) + unit

    def __str__(self) -> str:
        """Return what the axis shows."""
        name = "accuracy" if self.percent else "loss"
        if not self.logarithmic:
            return name
        return f"{name}, on a logarithmic scale" + (" of the errors" if self.of_errors else "")


def whole_ticks(low: int, high: int) -> list[int]:
    """Return ticks for whole numbers, such as epochs."""
    step = max(1, round(_nice_step((high - low) / 6)))
    return list(range(math.ceil(low / step) * step, high + 1, step))


def _logarithmic_ticks(low: float, high: float) -> list[float]:
    """Return at most `MAX_TICKS` powers of ten, or 1, 2 and 5 times those."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low / 1.05 <= tick <= high * 1.05]
        if len(ticks) <= MAX_TICKS:
            return ticks
    return ticks[:: math.ceil(len(ticks) / MAX_TICKS)]


def _nice_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten that is at least `step`."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return power * next(factor for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
