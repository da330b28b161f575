"""`--set KEY=VALUE`: an option that stands for a line of the config."""

import itertools
from collections.abc import Iterable
from typing import Any, NoReturn, get_origin

from mnistcli.config.checks import KNOWN_TRAINING_SIZES, carry_validation
from mnistcli.config.document import (
    Document,
    Path,
    Position,
    config_error,
    describe_value,
    fold_name,
)
from mnistcli.config.settings import Config, Data
from mnistcli.config.yaml_reader import read_yaml


def apply_overrides(document: Document, options: Iterable[str]) -> None:
    """Apply `--set` options in order.

    A number of validation images in the file is meant for the data set that the file names;
    where an option names the other of the built-in ones, the same share of it is held out.

    Raises:
        ConfigError: as `apply_override`.
    """
    dataset, validation = _data_of(document)
    for option in options:
        apply_override(document, option)
    new_dataset, _ = _data_of(document)
    position = document.values.get(("data", "validation"))
    is_of_file = position is not None and position.line > 0  # an option has no line
    # A path may be where the same data lies now, so its number stays.
    if is_of_file and new_dataset != dataset and new_dataset in KNOWN_TRAINING_SIZES:
        document.value["data"]["validation"] = carry_validation(validation, dataset)


def _data_of(document: Document) -> tuple[str, Any]:
    data = document.value.get("data")
    data = data if isinstance(data, dict) else {}
    return str(data.get("dataset", Data().dataset)), data.get("validation")


def apply_override(document: Document, option: str) -> None:
    """Set one value of a config tree in place; later messages about it name the option.

    Args:
        option: `optimizer.Adam.learning_rate=0.01`; a list's items are numbered from 0,
            and the number after the last appends one. The value is YAML. Keys that are
            missing are made, lists from their defaults.

    Raises:
        ConfigError: the option has no `=`, its value is not YAML, or its key leads
            through something that is neither a mapping nor a list.
    """
    source = f"--set {option}"
    key, equals, text = option.partition("=")
    if not equals or not all(key.split(".")):
        _refuse(source, "expected KEY=VALUE, such as epochs=10 or optimizer.Adam.epsilon=1e-8")
    parts: list[str] = key.split(".")
    branch = read_yaml(text, source, option=True, depth=len(parts))
    parent: Any = document.value
    path: Path = ()
    for part, following in itertools.pairwise(parts):
        index = _index(parent, part, source)
        child = parent.get(index) if isinstance(parent, dict) else parent[index]
        if child is None:
            child = {} if path else _default(part)
        elif isinstance(child, str) and fold_name(following) == fold_name(child):
            child = {following: {}}  # `optimizer: adam` is open to optimizer.Adam.…
        elif not isinstance(child, dict | list):
            got = describe_value(child)
            _refuse(source, f"'{part}' is {got}, which has no '{following}' inside")
        else:
            # A copy, so that a value that an alias repeats changes in this place only.
            child = child.copy()
        parent[index] = child
        parent, path = child, (*path, index)
        # What the file does not have, the option has made.
        document.keys.setdefault(path, Position(source))
    index = _index(parent, parts[-1], source, is_last=True)
    if index == len(parent) and isinstance(parent, list):
        parent.append(None)
    parent[index] = branch.value
    document.graft((*path, index), branch)


def _default(key: str) -> dict[str, Any] | list[Any]:
    """What a top-level key that the file leaves out is before an option sets a part of it."""
    field = Config.model_fields.get(key)
    if field is None or get_origin(field.annotation) is not list:
        return {}
    return [] if field.is_required() else list(field.default)


def _index(parent: Any, part: str, source: str, is_last: bool = False) -> str | int:
    """The key or item that a part names; only the last part can be a new item."""
    if not isinstance(parent, list):
        return part
    count = len(parent)
    if part not in [str(number) for number in range(count + is_last)]:
        if not count and not is_last:
            _refuse(source, "the list is empty: add a whole item, as number 0")
        expected = f"from 0 to {count - 1}" if count else ""
        new = f"{count} for a new one" if is_last else ""
        numbers = ", or ".join(filter(None, (expected, new)))
        _refuse(source, f"expected the number of an item, {numbers}; got {describe_value(part)}")
    return int(part)


def _refuse(source: str, message: str) -> NoReturn:
    raise config_error(Position(source), message)
