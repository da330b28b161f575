"""In what configs and environments differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeVar

from mnistcli.config import describe_section, flatten, format_value, is_object

ABSENT = object()
Result = TypeVar("Result")
# A name says nothing of the training.
_IGNORED = ("name",)
_MINOR = ("threads", "metrics", "data.fallback", "checkpoint")


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same everywhere.

    Attributes:
        key: dotted, in the form of `--set`; a section, such as `layers`, where its parts differ in
            kind or number.
        values: one for each config, in plain values; `ABSENT` where it has none.
    """

    key: str
    values: tuple[Any, ...]

    @property
    def is_minor(self) -> bool:
        """Whether it changes no training, so that others are shown before it."""
        return self.key.startswith(_MINOR)

    def parts(self) -> list[list[str]]:
        """Return the value of each config in words: one, or one for each layer."""
        return _compute(self.values, self._describe)

    def _describe(self, value: Any) -> list[str]:
        if value is ABSENT:
            return ["-"]
        if "." in self.key:
            return [format_value(value)]
        return describe_section(self.key, value)

    def plain_values(self) -> list[Any]:
        """Return the values; None stands for `ABSENT`, too."""
        return [None if value is ABSENT else value for value in self.values]

    def texts(self) -> list[str]:
        """Return the value of each config as one text, without the layers that all share."""
        all_parts = self.parts()
        start = _count_common(all_parts)
        stop = _count_common([parts[start:][::-1] for parts in all_parts])
        texts = []
        for parts in all_parts:
            shown = ["…"] * (start > 0) + parts[start : len(parts) - stop] + ["…"] * (stop > 0)
            texts.append(", ".join(shown))
        return texts


def _compute(values: Sequence[Any], function: Callable[[Any], Result]) -> list[Result]:
    """Return what a function makes of each value; a thousand runs have few different ones."""
    known: dict[str, Result] = {}
    results = []
    for value in values:
        key = repr(value)
        if key not in known:
            known[key] = function(value)
        results.append(known[key])
    return results


def _count_common(texts: Sequence[Sequence[str]]) -> int:
    """Return how many items all lists begin with."""
    equal = (len(set(items)) == 1 for items in zip(*texts, strict=False))
    return sum(1 for _ in takewhile(bool, equal))


def find_differences(settings: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return what differs between configs, in their order.

    Args:
        settings: plain values, such as those of `parse_dump`.
    """
    sections = dict.fromkeys(section for each in settings for section in each)
    differences = []
    for section in sections:
        values = tuple(each.get(section, ABSENT) for each in settings)
        if section not in _IGNORED and not _are_equal(values):
            differences += _split(section, values)
    return differences


def _split(section: str, values: tuple[Any, ...]) -> list[Difference]:
    """Return the differences inside a section, or the section itself if it has other parts."""
    flat_values = _compute(values, lambda value: {} if value is ABSENT else flatten(value, section))
    keys = dict.fromkeys(key for flat in flat_values for key in flat)
    have_other_keys = any(flat.keys() != flat_values[0].keys() for flat in flat_values)
    are_plain = all(isinstance(value, Mapping) and not is_object(value) for value in values)
    if have_other_keys and not are_plain:
        return [Difference(section, values)]
    by_key = {key: tuple(flat.get(key, ABSENT) for flat in flat_values) for key in keys}
    return [Difference(key, each) for key, each in by_key.items() if not _are_equal(each)]


def _are_equal(values: Sequence[Any]) -> bool:
    """Return whether all values are equal, and of one type: 1 is not true."""
    first = values[0]
    return all(type(value) is type(first) and value == first for value in values[1:])
