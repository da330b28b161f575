"""The values that a sweep may give to a setting, such as log(1e-4, 1e-2) or choice(32, 64)."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mnistcli.config import read_yaml, suggest, to_yaml
from mnistcli.errors import ConfigError

EXPECTED = (
    "expected log(low, high), uniform(low, high), uniform(low, high, step), int(low, high), "
    "int(low, high, log) or choice(value, value, …)"
)
_CALL = re.compile(r"\s*([A-Za-z_]+)\s*\((.*)\)\s*", re.DOTALL)
_KINDS = ("log", "uniform", "int", "choice")
ROUNDING = Fraction(1, 10**9)  # of a step
MAXIMUM_NUMBER = 2**53  # beyond it, a float does not hold each whole number


@dataclass(frozen=True)
class Numbers:
    """The numbers from `low` to `high`, both included.

    Attributes:
        is_whole: only whole numbers.
        is_log: as many from each power of ten as from another.
        step: the distance of two numbers, of which `high` is one; None: any number, or any whole
            one.
    """

    low: float
    high: float
    is_whole: bool = False
    is_log: bool = False
    step: float | None = None

    def ends(self) -> list[str]:
        """Return the values to check, in YAML: if these are good, all between them are."""
        return [repr(self.low), repr(self.high)]

    def grid_size(self) -> int | None:
        """Return how many values there are; None if not finitely many."""
        step = 1 if self.is_whole and not self.is_log else self.step
        return None if step is None else _count_steps(self.low, self.high, step) + 1

    def grid(self) -> list[float]:
        """Return all values, which may be too many to keep; [] if they are not finitely many."""
        step = self.step or 1
        return [_step_from(self.low, step, place) for place in range(self.grid_size() or 0)]

    def __str__(self) -> str:
        ends = f"{to_yaml(self.low)}, {to_yaml(self.high)}"
        if self.is_whole:
            return f"int({ends}, log)" if self.is_log else f"int({ends})"
        if self.is_log:
            return f"log({ends})"
        return f"uniform({ends})" if self.step is None else f"uniform({ends}, {self.step!r})"


@dataclass(frozen=True)
class Choices:
    """Some values.

    Attributes:
        texts: each in YAML, on one line.
    """

    texts: tuple[str, ...]

    def ends(self) -> list[str]:
        """Return the values to check, in YAML: all of them."""
        return list(self.texts)

    def grid_size(self) -> int:
        """Return how many values there are."""
        return len(self.texts)

    def grid(self) -> list[str]:
        """Return all values, in YAML."""
        return list(self.texts)

    def __str__(self) -> str:
        return f"choice({', '.join(self.texts)})"


Range = Numbers | Choices


def parse_range(text: str) -> Range:
    """Parse the values of a setting.

    Raises:
        ValueError: the text is no range; the message says what was expected.
    """
    match = _CALL.fullmatch(text)
    if match is None:
        raise ValueError(f"{EXPECTED}, got {_shorten(text)}")
    kind = match[1]
    if kind not in _KINDS:
        raise ValueError(f"unknown range '{kind}'{suggest(kind, _KINDS, EXPECTED)}")
    try:
        arguments = read_yaml(f"[{match[2]}]", "range", is_option=True)
    except ConfigError as error:
        raise ValueError(f"{kind}: {error.args[0].partition(': error: ')[2]}") from None
    if arguments.faults:
        raise ValueError(f"{kind}: {arguments.faults[0][1]}")
    values: list[Any] = arguments.value
    if kind == "choice":
        return _parse_choices(values)
    return _parse_numbers(kind, values)


def _parse_choices(values: list[Any]) -> Choices:
    if len(values) < 2:
        raise ValueError("choice: expected at least two values")
    texts = [to_yaml(value) for value in values]
    for text in texts:
        if texts.count(text) > 1:
            raise ValueError(f"choice: {_shorten(text)} is there twice")
    return Choices(tuple(texts))


def _parse_numbers(kind: str, values: list[Any]) -> Numbers:
    usage = {
        "log": "log(low, high)",
        "uniform": "uniform(low, high) or uniform(low, high, step)",
        "int": "int(low, high) or int(low, high, log)",
    }[kind]
    is_log = kind == "log"
    if kind == "int" and len(values) == 3 and values[2] == "log":
        values, is_log = values[:2], True
    counts = (2, 3) if kind == "uniform" else (2,)
    type_ = int if kind == "int" else (int, float)
    if len(values) not in counts or not all(
        isinstance(value, type_) and not isinstance(value, bool) for value in values
    ):
        numbers = "whole numbers" if kind == "int" else "numbers"
        raise ValueError(f"{kind}: expected {numbers}, as {usage}")
    if not all(math.isfinite(value) and abs(value) <= MAXIMUM_NUMBER for value in values):
        raise ValueError(f"{kind}: expected finite numbers up to 2^53")
    low, high = values[:2]
    if low >= high:
        raise ValueError(f"{kind}: expected a lower end below the upper one, got {low} and {high}")
    if is_log and low <= 0:
        raise ValueError(f"{kind}: a logarithmic range begins above 0, got {low}")
    if kind == "int":
        return Numbers(low, high, is_whole=True, is_log=is_log)
    low, high = float(low), float(high)
    if len(values) == 2:
        return Numbers(low, high, is_log=is_log)
    step = float(values[2])
    count = _count_steps(low, high, step) if step > 0 else 0
    if count == 0:
        raise ValueError(f"uniform: expected a step above 0, up to {high - low:g}, got {step:g}")
    return Numbers(low, _step_from(low, step, count), step=step)


def _count_steps(low: float, high: float, step: float) -> int:
    """Return how many steps fit between two numbers, as they are written."""
    return math.floor(
        (Fraction(repr(high)) - Fraction(repr(low))) / Fraction(repr(step)) + ROUNDING
    )


def _step_from(low: float, step: float, count: int) -> float:
    """Return a number after some steps: 0.3 after three of 0.1, which floats add up to more."""
    return type(low)(Fraction(repr(low)) + count * Fraction(repr(step)))


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
