"""A config as read: plain values, and where each key and value stands."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from mnistcli.errors import ConfigError, ConfigProblemsError

# Where a value is in the tree: the keys and list indices that lead to it.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Position:
    """A place a message points at: a file's line and column (from 1), or an option's text."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass
class Document:
    """A tree of plain values with the position of every key and value in it.

    Attributes:
        faults: what reading already found wrong, such as a key that stands twice.
    """

    source: str
    value: Any = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    faults: list[tuple[Position, str]] = field(default_factory=list)

    def locate(self, path: Path, *, at_key: bool = False) -> Position:
        """The position of the nearest thing to `path` that the document holds."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path) or Position(self.source, 1, 1)

    def graft(self, path: Path, branch: "Document") -> None:
        """Note that what is at `path` now comes from `branch`."""
        for positions in (self.values, self.keys):
            for known in [known for known in positions if known[: len(path)] == path]:
                del positions[known]
        self.values |= {path + sub: position for sub, position in branch.values.items()}
        self.keys |= {path + sub: position for sub, position in branch.keys.items()}
        self.faults += branch.faults
        self.keys[path] = branch.locate(())


class Problems:
    """Collects what is wrong with a document, so that all of it is shown at once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found = dict.fromkeys(document.faults)  # a set in order: each is shown once

    def add(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Note `message` at the position of `path`: of its value, or of its key."""
        self._found[self.document.locate(path, at_key=at_key), message] = None

    def raise_if_any(self) -> None:
        """Raise one `ConfigError` with a line per problem, in the order of the file."""
        if not self._found:
            return
        found = sorted(self._found, key=lambda each: (each[0].source, each[0].line, each[0].column))
        lines = [f"{position}: error: {message}" for position, message in found]
        count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
        raise ConfigProblemsError(*lines, f"{count} in {self.document.source}")


def config_error(position: Position, message: str) -> ConfigError:
    """The error for a problem after which no more can be read."""
    line = f"{position}: error: {message}"
    # An option is not a file that one goes through and counts.
    return ConfigProblemsError(line, *([f"1 error in {position.source}"] if position.line else []))


def find_nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that `wrong` was probably meant to be; case and underscores aside."""
    by_fold = {fold_name(name): name for name in sorted(known)}
    fold = fold_name(wrong)
    near = difflib.get_close_matches(fold, by_fold, n=5, cutoff=0.6)
    # People get the beginning right: sparse_crossentropy is no BinaryCrossentropy.
    nearest = max(near, key=lambda name: _common_prefix_length(name, fold), default=None)
    return by_fold[nearest] if nearest else None


def _common_prefix_length(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def fold_name(name: str) -> str:
    """A name without what its spelling varies in: SGD and sgd, MaxNorm and max_norm."""
    return name.replace("_", "").lower()


def suggest(wrong: str, known: Iterable[str], hint: str = "") -> str:
    """'; did you mean …' for the known name nearest to `wrong`, else `hint`."""
    if near := find_nearest(wrong, known):
        return f"; did you mean '{near}'?"
    return f"; {hint}" if hint else ""


def describe_value(value: Any) -> str:
    """A value as a message shows it: short, and with texts in quotes."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
