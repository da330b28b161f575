"""Which runs of a table are shown, and in what order."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from mnistcli.comparison.rows import RunRow
from mnistcli.config import format_value, suggest
from mnistcli.errors import UsageError

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": ge,
    "<=": le,
    "!=": ne,
    "==": eq,
    "=": eq,
    ">": gt,
    "<": lt,
}
_CONDITION = re.compile(r"\s*([^\s<>=!]+)\s*(>=|<=|!=|==|=|>|<)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """A comparison of a run's value with a fixed one, such as test_accuracy>=0.99.

    Values are compared as numbers where both are, and else as texts.
    """

    key: str
    operator: str
    value: str

    def holds(self, row: RunRow) -> bool:
        """Return whether it holds for a run; a run without such a value only fulfils `!=`."""
        if self.key not in row.values:
            return self.operator == "!="
        found, number = row.values[self.key], _to_number(self.value)
        compare = _OPERATORS[self.operator]
        if number is not None and _is_number(found):
            return compare(float(found), number)
        return compare(_to_text(found), self.value.casefold())

    def check(self, rows: Sequence[RunRow]) -> None:
        """Raise `UsageError` if a number is compared with a text, or a share with a percentage."""
        values = [row.values[self.key] for row in rows if row.values.get(self.key) is not None]
        number = _to_number(self.value)
        if not values or not all(map(_is_number, values)) or self.value.casefold() == "null":
            return
        if number is None:
            raise UsageError(
                f"--where: {self.key} is a number, got {self.value!r}",
                f"expected such as {self.key}{self.operator}{values[0]}",
            )
        if self.key.endswith("accuracy") and number > 1:
            raise UsageError(
                f"--where: {self.key} is a share from 0 to 1, got {self.value}",
                f"expected such as {self.key}{self.operator}{self.value.rstrip('%')}%",
            )


def parse_condition(text: str) -> Condition:
    """Parse KEY, an operator and VALUE.

    Raises:
        UsageError: it is none.
    """
    match = _CONDITION.fullmatch(text)
    if not match:
        raise UsageError(
            f"--where {text}: not a condition",
            "expected KEY, one of >= <= = != > <, and a value, such as test_accuracy>=0.99",
        )
    return Condition(*match.groups())


def select(
    rows: Iterable[RunRow],
    conditions: Sequence[Condition] = (),
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
) -> list[RunRow]:
    """Return the runs that fulfil all conditions, in order.

    Args:
        sort: the key to sort by, smallest first; None: by start. Runs without it come last.
        reverse: the largest, or latest, first.
        limit: at most so many, the first of them.

    Raises:
        UsageError: no run has a key.
    """
    rows = list(rows)
    _check_keys(rows, [("--where", each.key) for each in conditions])
    for condition in conditions:
        condition.check(rows)
    kept = [row for row in rows if all(each.holds(row) for each in conditions)]
    if sort is None:  # without all values of each run, which take 0.3 s for a thousand
        kept.sort(key=lambda row: row.record.started if row.record else "", reverse=reverse)
        kept.sort(key=lambda row: row.record is None)
        return kept[:limit]
    _check_keys(rows, [("--sort", sort)])
    kept.sort(key=lambda row: _order(row.values.get(sort)), reverse=reverse)
    kept.sort(key=lambda row: row.values.get(sort) is None)
    return kept[:limit]


def _check_keys(rows: Sequence[RunRow], options: Sequence[tuple[str, str]]) -> None:
    """Raise `UsageError` for an option whose key no run has."""
    for option, key in options if rows else ():
        if not any(key in row.values for row in rows):
            known = dict.fromkeys(key for row in rows for key in row.values)
            raise UsageError(f"{option}: no run has {key!r}{_suggest(key, known)}")


def _suggest(key: str, known: Iterable[str]) -> str:
    ends = [each for each in known if each.endswith(f".{key}")]
    if ends:
        return f"; did you mean '{ends[0]}'?"
    return suggest(key, known, "--all-columns shows what there is")


def _order(value: Any) -> tuple[int, float, str]:
    """Return a key that sorts numbers by size, and texts after them."""
    if _is_number(value):
        return 0, float(value), ""
    return 1, 0.0, _to_text(value)


def _to_number(text: str) -> float | None:
    """Return the number that a text is; 99% is 0.99."""
    try:
        number = text.replace(",", "")  # 6,370, as the table shows it
        return float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _to_text(value: Any) -> str:
    return (value if isinstance(value, str) else format_value(value)).casefold()
