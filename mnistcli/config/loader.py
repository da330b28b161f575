"""A config file and its overrides -> a checked `Config`, without TensorFlow."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mnistcli.config.checks import check_config
from mnistcli.config.document import (
    Document,
    Path,
    Problems,
    config_error,
    describe_value,
    find_nearest,
    suggest,
)
from mnistcli.config.keras_api import describe_class, find_class_name
from mnistcli.config.object_reader import read_object
from mnistcli.config.objects import OBJECT_SECTIONS, KerasObject
from mnistcli.config.overrides import apply_overrides
from mnistcli.config.settings import (
    NAME,
    Best,
    Checkpoint,
    Config,
    Data,
    EarlyStopping,
    Extra,
)
from mnistcli.config.yaml_reader import read_yaml
from mnistcli.errors import ConfigError, command_line
from mnistcli.gallery import find_config, list_names

STANDARD_INPUT = FilePath("-")
MAXIMUM_BYTES = 1024 * 1024
_PICTURE_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff")  # of PNG and JPEG


@dataclass(frozen=True)
class ConfigFile:
    """A checked config together with the position of each of its values.

    Later checks, which need the data or Keras, report through `problems`.

    Attributes:
        path: the file; None if the text was not read from a file.
    """

    config: Config
    document: Document = field(repr=False)
    path: FilePath | None = None

    def problems(self) -> Problems:
        """Return an empty collection of problems with positions in this file."""
        return Problems(self.document)


def load_config(path: FilePath | str, overrides: Iterable[str] = ()) -> ConfigFile:
    """Read and check a config.

    Args:
        path: a YAML file, the name of a config that comes with mnistcli, or `-` for standard
            input; at most 1 MiB of UTF-8.
        overrides: `KEY=VALUE` texts, applied in order (`--set`); or one such text.

    Raises:
        ConfigError: it lists all problems, each with its file, line and column.
    """
    path = FilePath(path)
    file = parse_config(read_text(path), str(path), overrides)
    return file if path == STANDARD_INPUT else replace(file, path=find_config(path))


def parse_config(text: str, source: str, overrides: Iterable[str] = ()) -> ConfigFile:
    """Check the text of a config.

    Args:
        text: YAML.
        source: what messages call it, the file's path. Its stem is the default of `name`.
        overrides: `KEY=VALUE` texts, applied in order (`--set`).

    Raises:
        ConfigError: it lists all problems, each with its source, line and column.
    """
    overrides = [overrides] if isinstance(overrides, str) else overrides
    document = read_yaml(text, source)
    if document.value is None:
        raise ConfigError(
            f"{source}: error: the file is empty", "expected at least 'layers:' and one layer"
        )
    if not isinstance(document.value, dict):
        value_text = describe_value(document.value)
        raise config_error(
            document.locate(()), f"expected a mapping, 'layers: […]', got {value_text}"
        )
    if {"config", "search"} <= document.value.keys():
        raise ConfigError(
            f"{source}: error: this is a search, not a config",
            f"expected: {command_line('sweep', source)}",
        )
    apply_overrides(document, overrides)
    problems = Problems(document)
    config = _validate(document, problems, default_name=FilePath(source).stem)
    problems.raise_if_any()
    return ConfigFile(config, document)


def read_text(path: FilePath) -> str:
    """Return the text of a YAML file of at most 1 MiB.

    Args:
        path: as that of `load_config`.

    Raises:
        ConfigError: there is none, or it is no UTF-8.
    """
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
        else:
            place = find_config(path)
            if place.is_dir():
                config = path / "config.yaml"
                hint = f", such as {config}" if config.is_file() else ""
                raise ConfigError(f"{path} is a folder", f"expected a YAML file{hint}")
            with place.open("rb") as file:
                content = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        suggestion = suggest_config(path)
        hints = [] if suggestion else ["`mnistcli configs` lists those that come with mnistcli"]
        raise ConfigError(f"there is no config file {path}{suggestion}", *hints) from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > MAXIMUM_BYTES:
        raise ConfigError(
            f"{path} is larger than 1 MiB", "expected a config; a real one has a few kilobytes"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith(_PICTURE_BEGINNINGS):
            raise ConfigError(
                f"{path} is a picture", "expected a YAML file; `mnistcli predict` reads pictures"
            ) from None
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ConfigError(
            f"{path}:{line}:{column}: error: not UTF-8 text", "save the file as UTF-8"
        ) from None


def suggest_config(path: FilePath) -> str:
    """Return "; did you mean …" with a file beside the path, or with a shipped config, or ""."""
    folder = path.parent
    siblings = [sibling.name for sibling in folder.glob("*.y*ml")] if folder.is_dir() else []
    for name in (*siblings, *list_names()):  # mlp.yml, configs/mlp.yaml, hu800
        if path.stem == FilePath(name).stem:
            return f"; did you mean '{name}'?"
    return suggest(path.name, siblings) or suggest(str(path), list_names())


def _validate(document: Document, problems: Problems, default_name: str) -> Config:
    tree = dict(document.value)
    if "name" not in tree and NAME.fullmatch(default_name):
        tree["name"] = default_name
    for section, family in OBJECT_SECTIONS.items():
        raw = tree.get(section)
        if section in ("optimizer", "loss"):
            if section in tree:
                tree[section] = read_object(raw, family, (section,), problems)
        elif isinstance(raw, list):
            tree[section] = [
                "accuracy"
                if section == "metrics" and item in ("accuracy", "acc")
                else read_object(item, family, (section, index), problems)
                for index, item in enumerate(raw)
            ]
    # A section is null when all of its lines are commented out: its defaults apply.
    for section in ("data", "checkpoint", "augment"):
        if section in tree and tree[section] is None:
            del tree[section]
    _monitor_training(tree)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        for details in error.errors():
            _add_pydantic_error(details, problems)
        problems.raise_if_any()
        raise
    check_config(config, problems)
    return config


def _monitor_training(tree: dict[str, Any]) -> None:
    """Make early stopping monitor the training loss by default if nothing is held out."""
    data, early_stopping = tree.get("data"), tree.get("early_stopping")
    if isinstance(data, dict) and data.get("validation") == 0 and isinstance(early_stopping, dict):
        tree["early_stopping"] = {"monitor": "loss"} | early_stopping


def _add_pydantic_error(details: ErrorDetails, problems: Problems) -> None:
    location: Path = details["loc"]
    path = location
    while path and path not in problems.document.values:
        path = path[:-1]
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    key = str(location[-1])
    is_object = location[0] in ("optimizer", "loss") or len(location) > 1
    if value is None and is_object and location[0] in OBJECT_SECTIONS:
        return  # `read_object` has reported it
    if kind == "extra_forbidden":
        valid_keys = _section_keys(location[:-1])
        suggestion = suggest(key, valid_keys)
        if not suggestion and len(location) == 1:
            setting = find_setting(key, problems.document.value.get("optimizer"))
            suggestion = f"; did you mean '{setting}'?" if setting else ""
        suggestion = suggestion or f"; expected one of {', '.join(valid_keys)}"
        problems.add(location, f"unknown key '{key}'{suggestion}", at_key=True)
    elif kind == "missing":
        problems.add(path, f"'{key}' is missing; it is the one key that has no default")
    else:
        value_text = str(value) if isinstance(value, KerasObject) else describe_value(value)
        dotted_key = ".".join(map(str, path))
        problems.add(path, f"{dotted_key}: {_expectation(kind, context)}, got {value_text}")


def find_setting(name: str, optimizer: Any = None) -> str | None:
    """Return the key, as `--set` takes it, of what users may call by its last part, or by `lr`.

    Args:
        optimizer: the section of that name, unchecked; None: the default, Adam.
    """
    if name in Config.model_fields:
        return name
    spelling = next(iter(optimizer), "") if isinstance(optimizer, dict) else optimizer or "Adam"
    optimizer_name = find_class_name("optimizers", str(spelling))
    if optimizer_name is None:
        return None
    argument = find_nearest(name, describe_class("optimizers", optimizer_name).arguments)
    return f"optimizer.{optimizer_name}.{argument}" if argument else None


def _expectation(kind: str, context: dict[str, Any]) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"expected {context['expected']}"
    expectations = {
        "int_type": "a whole number",
        "float_type": "a number",
        "string_type": "text",
        "list_type": "a list",
        "model_type": "a mapping",
        "finite_number": "a finite number",
        "too_short": "at least one",
        "string_too_short": "some text",
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
    }
    return f"expected {expectations.get(kind, kind)}"


def _section_keys(path: Path) -> Sequence[str]:
    sections: dict[Path, type[BaseModel]] = {
        (): Config,
        ("data",): Data,
        ("data", "extra"): Extra,
        ("early_stopping",): EarlyStopping,
        ("checkpoint",): Checkpoint,
        ("checkpoint", "best"): Best,
    }
    section = tuple(part for part in path if isinstance(part, str))
    return list(sections[section].model_fields)
