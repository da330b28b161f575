"""The options `--set KEY=VALUE`, which change values of a config."""

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
    suggest,
)
from mnistcli.config.keras_api import describe_class, find_class_name
from mnistcli.config.objects import OBJECT_SECTIONS
from mnistcli.config.settings import Config, Data
from mnistcli.config.yaml_reader import read_yaml
from mnistcli.errors import shell_line


def apply_overrides(document: Document, options: Iterable[str]) -> None:
    """Apply `--set` options in order.

    A number of validation images in the file is a share of the data set that the file names.
    If an option names another built-in data set, the same share of that one is held out. The
    file's fallback stands in for the file's data set alone.

    Raises:
        ConfigError: see `apply_override`.
    """
    file_dataset, file_validation = _read_data(document)
    for option in options:
        apply_override(document, option)
    dataset, _ = _read_data(document)
    fallback = document.values.get(("data", "fallback"))
    data = document.value.get("data")
    if dataset != file_dataset and fallback and fallback.line > 0 and isinstance(data, dict):
        data.pop("fallback", None)
    position = document.values.get(("data", "validation"))
    is_from_file = position is not None and position.line > 0  # an option has no line
    # A path may be the new place of the same data, so the number of images stays.
    if is_from_file and dataset != file_dataset and dataset in KNOWN_TRAINING_SIZES:
        document.value["data"]["validation"] = carry_validation(file_validation, file_dataset)


def _read_data(document: Document) -> tuple[str, Any]:
    """Return `data.dataset` and `data.validation`, which are not yet checked."""
    data = document.value.get("data")
    data = data if isinstance(data, dict) else {}
    return str(data.get("dataset", Data().dataset)), data.get("validation")


def apply_override(document: Document, option: str) -> None:
    """Set one value of a config tree in place; later messages about it name the option.

    Args:
        document: the config.
        option: `optimizer.Adam.learning_rate=0.01`; a list's items are numbered from 0,
            and the number after the last appends one. The value is YAML. Missing keys
            are added, lists with their defaults.

    Raises:
        ConfigError: the option has no `=`, its value is not YAML, or its key leads
            through something that is neither a mapping nor a list.
    """
    source = f"--set {option}"
    key, equals, text = option.partition("=")
    if not equals or not all(key.split(".")):
        _refuse(source, "expected KEY=VALUE, such as epochs=10 or optimizer.Adam.epsilon=1e-8")
    parts: list[str] = key.split(".")
    branch = read_yaml(text, source, is_option=True, depth=len(parts))
    parent: Any = document.value
    path: Path = ()
    for place in range(len(parts) - 1):
        part = parts[place]
        index = _index(parent, part, source)
        child = parent.get(index) if isinstance(parent, dict) else parent[index]
        next_part = parts[place + 1] = _spell_class((*path, index), child, parts[place + 1], option)
        if child is None:
            child = {} if path else _default(part)
        elif isinstance(child, str) and fold_name(next_part) == fold_name(child):
            child = {next_part: {}}  # optimizer.Adam.… is inside of `optimizer: adam`
        elif not isinstance(child, dict | list):
            value_text = describe_value(child)
            _refuse(source, f"'{part}' is {value_text}, which has no '{next_part}' inside")
        else:
            # A copy, so that a value that an alias repeats changes only here.
            child = child.copy()
        parent[index] = child
        parent, path = child, (*path, index)
        # A key that is not in the file comes from the option.
        document.keys.setdefault(path, Position(source))
    index = _index(parent, parts[-1], source, is_last=True)
    if index == len(parent) and isinstance(parent, list):
        parent.append(None)
    parent[index] = branch.value
    document.graft((*path, index), branch)


def _default(key: str) -> dict[str, Any] | list[Any]:
    """Return the value of a missing top-level key, before an option sets a part of it."""
    field = Config.model_fields.get(key)
    if field is None or get_origin(field.annotation) is not list:
        return {}
    return [] if field.is_required() else list(field.default)


def _index(parent: Any, part: str, source: str, is_last: bool = False) -> str | int:
    """Return the key or list index that a part names; only the last part can be a new item."""
    if not isinstance(parent, list):
        return part
    count = len(parent)
    if part not in [str(number) for number in range(count + is_last)]:
        if not count and not is_last:
            _refuse(source, "the list is empty: add a whole item, as number 0")
        item_numbers = f"from 0 to {count - 1}" if count else ""
        next_number = f"{count} for a new one" if is_last else ""
        numbers = ", or ".join(filter(None, (item_numbers, next_number)))
        _refuse(source, f"expected the number of an item, {numbers}; got {describe_value(part)}")
    return int(part)


def _spell_class(path: Path, value: Any, part: str, option: str) -> str:
    """Return a part of a key, spelt as in the file if it is the class there.

    Raises:
        ConfigError: it is no such class; or it is an argument, or a class, of another one.
    """
    family = OBJECT_SECTIONS.get(str(path[0]))
    is_list = path[0] not in ("optimizer", "loss")
    if family is None or len(path) != 1 + is_list:
        return part
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    if len(names) != 1:
        return part
    if fold_name(names[0]) == fold_name(part):
        return names[0] if isinstance(value, dict) else part
    source, place, name = f"--set {option}", ".".join(map(str, path)), names[0]
    key, _, text = option.partition("=")
    rest = key.removeprefix(f"{place}.")
    if find_class_name(family, part):
        keys = rest.split(".")
        whole = "".join(f"{{{each}: " for each in keys) + text + "}" * len(keys)
        change = shell_line("--set", f"{place}={whole}")
        _refuse(source, f"{place} is {name} here, not {part}; to change it: {change}")
    known_name = find_class_name(family, name)
    if known_name and part in describe_class(family, known_name).arguments:
        _refuse(source, f"'{part}' is an argument of {name}: --set {place}.{name}.{rest}={text}")
    if known_name:
        hint = suggest(part, names)
        _refuse(source, f"{place} is {name} here, and '{part}' is no class or argument{hint}")
    return part


def _refuse(source: str, message: str) -> NoReturn:
    raise config_error(Position(source), message)
