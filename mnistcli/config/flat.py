"""A config as dotted keys, in the form of `--set`, to compare and to show it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from mnistcli.config.keras_api import describe_class
from mnistcli.config.objects import KerasObject, add_defaults, family_of_argument
from mnistcli.config.yaml_reader import read_yaml
from mnistcli.errors import MnistcliError

# The sections of a config whose values are Keras objects, and their families.
FAMILIES = {
    "layers": "layers",
    "augment": "layers",
    "optimizer": "optimizers",
    "loss": "losses",
    "metrics": "metrics",
}


def flatten(value: Any, key: str = "") -> dict[str, Any]:
    """Return a tree of plain values as dotted keys and the values at their ends.

    A Keras object is named at its own key, too: `optimizer` is 'Adam', and
    `optimizer.Adam.learning_rate` 0.001. A list of numbers or texts is one value.
    """
    if isinstance(value, Mapping) and value:
        items = [(str(name), item) for name, item in value.items()]
        flat = {key: items[0][0]} if key and is_object(value) else {}
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        items = [(str(index), item) for index, item in enumerate(value)]
        flat = {}
    else:
        return {key: value}
    for name, item in items:
        flat |= flatten(item, f"{key}.{name}" if key else name)
    return flat


def is_object(value: Any) -> bool:
    """Return whether a plain value is a Keras object with arguments, such as {Dense: {…}}."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    ((name, arguments),) = value.items()
    return str(name)[:1].isupper() and isinstance(arguments, Mapping)


def format_value(value: Any) -> str:
    """Return a plain value on one line for people, such as true, 0.1 or {a: 1}."""
    if isinstance(value, str):
        return value or "''"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    return to_yaml(value)


def to_yaml(value: Any) -> str:
    """Return a plain value in YAML, on one line."""

    def dump(allow_unicode: bool) -> str:
        text = yaml.safe_dump(
            value, default_flow_style=True, width=10_000_000, allow_unicode=allow_unicode
        )
        return text.strip("\n").removesuffix("\n...")

    text = dump(allow_unicode=True)
    # PyYAML folds these three as it folds line breaks, and adds spaces.
    return dump(allow_unicode=False) if set("\x85\u2028\u2029") & set(text) else text


def describe_section(section: str, value: Any) -> list[str]:
    """Return a section of a config as a table shows it: Keras objects without their defaults.

    Such as ['Flatten', 'Dense(128, activation=relu)'] for layers, and ['{patience: 3}'] for others.
    """
    family = FAMILIES.get(section)
    if family is None:
        return [format_value(value)]
    if isinstance(value, list):
        return [describe_object(family, item) for item in value] or ["none"]
    return [describe_object(family, value)]


def describe_object(family: str, value: Any) -> str:
    """Return a Keras object as Python would call it, without the defaults of its arguments."""
    if not is_object(value):
        return format_value(value)
    ((name, arguments),) = value.items()
    try:
        signature = describe_class(family, name).arguments
        defaults = {
            argument: default.to_plain() if isinstance(default, KerasObject) else default
            for argument, default in add_defaults(family, name, {}).items()
        }
    except (KeyError, MnistcliError):  # a class of another version of Keras
        signature, defaults = {}, {}
    words: list[str] = []
    for argument, content in arguments.items():
        if argument in defaults and content == defaults[argument]:
            continue
        text = describe_object(family_of_argument(argument) or family, content)
        is_positional = not words and argument in signature and signature[argument].is_required
        words.append(text if is_positional else f"{argument}={text}")
    return f"{name}({', '.join(words)})" if words else name


def parse_dump(text: str) -> dict[str, Any]:
    """Return the plain values of a text of `dump_config`.

    Sections and layers that several texts share are parsed once, so that a thousand configs take
    0.2 s instead of 3 s.

    Raises:
        ConfigError: the text is not YAML.
        ValueError: it is no config.
    """
    values: dict[str, Any] = {}
    for block in re.split(r"(?m)^(?=[^\s-])", text):
        head, *items = re.split(r"(?m)^(?=- )", block)
        key = head.rstrip().removesuffix(":")
        if items and key.isidentifier():
            values[key] = [_parse(item)[0] for item in items]
        elif block:
            values |= _parse(block)
    return values


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    value = read_yaml(text, "config").value
    if not isinstance(value, list if text.startswith("- ") else dict) or not value:
        raise ValueError("expected the settings of a config")
    return value
