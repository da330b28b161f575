"""The settings that a sweep searches, checked against the config language."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mnistcli.config import (
    Config,
    Document,
    Problems,
    describe_value,
    dump_config,
    fold_name,
    parse_config,
)
from mnistcli.errors import ConfigError
from mnistcli.sweeps.ranges import EXPECTED, Range, parse_range

# Settings that are the same in all trials, and why.
_OTHER_IMAGES = "trials are compared on the same images"
_FIXED = {
    "name": "it does not change a training",
    "seed": "the best trials are trained with other seeds by 'confirm'",
    "metrics": "it does not change a training",
    "threads": "it does not change a training",
    "checkpoint": "the goal chooses the best epoch",
    "data": _OTHER_IMAGES,
    "data.dataset": _OTHER_IMAGES,
    "data.fallback": _OTHER_IMAGES,
    "data.extra": _OTHER_IMAGES,
    "data.extra.path": _OTHER_IMAGES,
    "data.validation": _OTHER_IMAGES,
    "data.split_seed": _OTHER_IMAGES,
}


def read_space(document: Document, config: Config, problems: Problems) -> dict[str, Range]:
    """Return the section `search` of a sweep file: the values of each setting, by its key.

    Args:
        document: the sweep file.
        config: the config that is searched.
        problems: receives what is wrong: with a range, or with a value that it allows.
    """
    search = document.value.get("search")
    if not isinstance(search, dict) or not search:
        got = "" if search is None else f", got {describe_value(search or None)}"
        message = "'search' names the settings to search, such as {batch_size: choice(32, 64)}"
        problems.add(("search",), f"{message}{got}")
        return {}
    text = dump_config(config)
    tree = config.model_dump()
    space: dict[str, Range] = {}
    for spelling, value in search.items():
        path = ("search", spelling)
        key = _find_key(spelling, tree)
        if reason := _why_fixed(key):
            problems.add(path, f"'{key}' cannot be searched: {reason}", at_key=True)
            continue
        if overlap := next((each for each in space if _overlap(each, key)), None):
            message = f"'{spelling}' overlaps with '{overlap}'; search one of them"
            problems.add(path, message, at_key=True)
            continue
        if not isinstance(value, str):
            problems.add(path, f"{EXPECTED}, got {describe_value(value)}")
            continue
        try:
            range_ = parse_range(value)
        except ValueError as error:
            problems.add(path, str(error))
            continue
        for message in _problems_of_values(text, key, range_):
            problems.add(path, message)
        space[key] = range_
    return space


def _why_fixed(key: str) -> str | None:
    """Return why a key cannot be searched; None if it can be."""
    key = re.sub(r"\.\d+(?=\.|$)", "", key)  # whichever item of a list
    section = key.partition(".")[0]
    return _FIXED.get(key) or (None if section == "data" else _FIXED.get(section))


def _overlap(key: str, other_key: str) -> bool:
    return f"{key}.".startswith(f"{other_key}.") or f"{other_key}.".startswith(f"{key}.")


def _find_key(spelling: str, tree: Mapping[str, Any]) -> str:
    """Return a dotted key in the spelling of a config: optimizer.adam.x is optimizer.Adam.x."""
    parts, branch = [], tree
    for part in spelling.split("."):
        keys = list(branch) if isinstance(branch, Mapping) else []
        names = [each for each in keys if each[:1].isupper()]  # classes, in any spelling
        name = next((each for each in names if fold_name(each) == fold_name(part)), part)
        parts.append(name)
        branch = _child(branch, name)
    return ".".join(parts)


def _child(branch: Any, part: str) -> Any:
    if isinstance(branch, Mapping):
        return branch.get(part)
    if isinstance(branch, list) and part.isdigit() and int(part) < len(branch):
        return branch[int(part)]
    return None


def _problems_of_values(text: str, key: str, range_: Range) -> Iterator[str]:
    """Yield what is wrong with a config that has one of the values.

    Args:
        text: the config.
        key: of the setting.
        range_: its values, of which the ends are tried.
    """
    for value in range_.ends():
        try:
            parse_config(text, "config", [f"{key}={value}"])
        except ConfigError as error:
            for line in str(error).splitlines():
                _, is_problem, message = line.partition(": error: ")
                if is_problem:
                    yield message
