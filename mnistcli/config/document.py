"""A YAML document: plain values, and the position of each key and value."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from mnistcli.errors import ConfigError, ConfigProblemsError

# The keys and list indices that lead to a value in the tree.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Position:
    """The place that a message points to: a line and column of a file, or a whole option.

    Attributes:
        source: the path of the file, or the text of the option.
        line: from 1; 0 for an option.
        column: from 1; 0 for an option.
    """

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass
class Document:
    """A tree of plain values with the position of every key and value in it.

    Attributes:
        faults: the problems that the YAML reader met, such as a duplicate key.
    """

    source: str
    value: Any = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    faults: list[tuple[Position, str]] = field(default_factory=list)

    def locate(self, path: Path, *, at_key: bool = False) -> Position:
        """Return the position of `path`, or of its nearest parent that the document has."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path) or Position(self.source, 1, 1)

    def graft(self, path: Path, branch: "Document") -> None:
        """Take the positions and faults at `path`, and of everything below it, from `branch`."""
        for positions in (self.values, self.keys):
            for stale_path in [key for key in positions if key[: len(path)] == path]:
                del positions[stale_path]
        self.values |= {path + subpath: position for subpath, position in branch.values.items()}
        self.keys |= {path + subpath: position for subpath, position in branch.keys.items()}
        self.faults += branch.faults
        self.keys[path] = branch.locate(())


class Problems:
    """Collects the problems of a document, so that all of them are shown at once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # An ordered set, so that a problem that is reported twice is shown once.
        self._messages = dict.fromkeys(document.faults)

    def add(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Add a message at the position of the value at `path`, or of its key."""
        self._messages[self.document.locate(path, at_key=at_key), message] = None

    def raise_if_any(self) -> None:
        """Raise one `ConfigError` with a line per problem, in the order of the file."""
        if not self._messages:
            return
        messages = sorted(
            self._messages, key=lambda item: (item[0].source, item[0].line, item[0].column)
        )
        lines = [f"{position}: error: {message}" for position, message in messages]
        count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
        raise ConfigProblemsError(*lines, f"{count} in {self.document.source}")


def config_error(position: Position, message: str) -> ConfigError:
    """Return the error for a problem after which the rest cannot be read."""
    line = f"{position}: error: {message}"
    # A count of errors means something for a file, not for an option.
    return ConfigProblemsError(line, *([f"1 error in {position.source}"] if position.line else []))


def find_nearest(name: str, valid_names: Iterable[str]) -> str | None:
    """Return the valid name most like `name`, regardless of case and underscores, if any is.

    Where none is alike, `lr` stands for the one name of such initials, `learning_rate`.
    """
    originals = {fold_name(valid_name): valid_name for valid_name in sorted(valid_names)}
    folded_name = fold_name(name)
    matches = difflib.get_close_matches(folded_name, originals, n=5, cutoff=0.6)
    # Users get the beginning right: sparse_crossentropy does not mean BinaryCrossentropy.
    nearest = max(
        matches, key=lambda match: _common_prefix_length(match, folded_name), default=None
    )
    if nearest:
        return originals[nearest]
    spelt_out = [each for each in originals.values() if _initials(each) == folded_name]
    return spelt_out[0] if len(spelt_out) == 1 else None


def _initials(name: str) -> str:
    return "".join(word[:1] for word in name.lower().split("_"))


def _common_prefix_length(name: str, other_name: str) -> int:
    pairs = zip(name, other_name, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def fold_name(name: str) -> str:
    """Return a name in lower case without underscores: MaxNorm and max_norm are the same."""
    return name.replace("_", "").lower()


def suggest(name: str, valid_names: Iterable[str], hint: str = "") -> str:
    """Return "; did you mean …" with the valid name most like `name`, else "; " and the hint."""
    if nearest := find_nearest(name, valid_names):
        return f"; did you mean '{nearest}'?"
    return f"; {hint}" if hint else ""


def describe_value(value: Any) -> str:
    """Return a value as a message shows it: at most 40 characters, texts in quotes."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
