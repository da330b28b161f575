"""Keras objects in a config: `Flatten`, or `Dense: {units: 10}`, with others nested inside.

Names and arguments are checked here, against Keras' own signatures; values that
only Keras can judge are left to the `model` package, which builds the objects.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.document import Path, Problems, describe_value, find_nearest, suggest
from mnistcli.config.inputs import take_inputs

# Which part of Keras an argument's nested object comes from, by how the argument ends.
_FAMILY_OF_ARGUMENT = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "learning_rate": "optimizers.schedules",
    "layer": "layers",
    "cell": "layers",
    "cells": "layers",
    "optimizer": "optimizers",
}
_SINGULAR = {
    "layers": "layer",
    "augmentation": "layer",
    "optimizers": "optimizer",
    "losses": "loss",
    "metrics": "metric",
    "initializers": "initializer",
    "regularizers": "regularizer",
    "constraints": "constraint",
    "optimizers.schedules": "learning-rate schedule",
}
_EXPECTED = {
    "optimizers.schedules": "a number, or one of keras.optimizers.schedules",
    "augmentation": "one of keras.layers, RandomElasticDistortion or RandomStrokeWidth",
}
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
# How Keras 2 told a layer of its input.
_INPUT_SHAPES = {
    *("input_shape", "batch_input_shape", "input_dim", "input_length", "batch_size", "batch_shape")
}


@dataclass(frozen=True)
class KerasObject:
    """A Keras class and its arguments.

    Attributes:
        arguments: numbers, texts, lists and nested `KerasObject`s; Keras' own defaults
            are among them, but for those that are None, which means "not given".
        inputs: names of the layers that feed this one, in order or by the names under
            which it takes them; None: the layer before it.
        path: where it stands in the config; an argument is at `path + (name,)`.
    """

    family: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] | dict[str, str] | None = None
    path: Path = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.name

    @property
    def named_inputs(self) -> Mapping[Any, str]:
        """The layers that feed this one, by where they stand in `inputs`."""
        inputs = self.inputs or ()
        return inputs if isinstance(inputs, dict) else dict(enumerate(inputs))

    def keras_arguments(self) -> dict[str, Any]:
        """What the Keras class gets: floats for whole numbers, where it documents real ones.

        Keras makes variables of the type of such a value, and mixes it with float32 ones.
        """
        signature = keras_api.describe_class(self.family, self.name).arguments
        arguments = dict(self.arguments)
        for name, value in self.arguments.items():
            default = _as_lists(signature[name].default)
            is_default = (type(value), value) == (type(default), default)
            if signature[name].is_real and not is_default and not _is_step_count(self, name):
                arguments[name] = _to_real(value)
        return arguments

    def to_plain(self) -> Any:
        """What YAML shows for it: a bare name, or a mapping with one key."""
        plain = {name: _to_plain(value) for name, value in self.arguments.items()}
        if self.inputs is not None:
            plain["inputs"] = self.inputs if isinstance(self.inputs, dict) else list(self.inputs)
        return {self.name: plain} if plain else self.name


def _to_real(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_real(item) for item in value]
    if type(value) is int:
        return float(value) if abs(value) < 1e308 else math.copysign(math.inf, value)
    return value


def _to_plain(value: Any) -> Any:
    if isinstance(value, KerasObject):
        return value.to_plain()
    return [_to_plain(item) for item in value] if isinstance(value, list) else value


def read_object(raw: Any, family: str, path: Path, problems: Problems) -> KerasObject | None:
    """Read one object of `keras.<family>` from its YAML form; None where it is wrong."""
    singular = _SINGULAR[family]
    arguments: Any = {}
    if isinstance(raw, str):
        given, inner = raw, path
    elif isinstance(raw, dict) and len(raw) == 1:
        given, arguments = next(iter(raw.items()))
        inner, arguments = (*path, given), {} if arguments is None else arguments
    else:
        expected = f"expected one {singular}, as 'Name' or 'Name: {{…}}'"
        if isinstance(raw, dict) and raw:
            # Mostly an argument with too little indentation: the last key is the one too many.
            got = f"several keys ({', '.join(raw)})"
            problems.add((*path, [*raw][-1]), f"{expected}, got {got}", at_key=True)
        else:
            problems.add(path, f"{expected}, got {describe_value(None if raw == {} else raw)}")
        return None
    name = keras_api.find_class_name(family, given)
    if name is None:
        names = [keras_api.spell_as(given, name) for name in keras_api.classes(family)]
        known = suggest(given, names, f"expected {_EXPECTED.get(family, 'one of keras.' + family)}")
        message = keras_api.why_refused(family, given) or f"unknown {singular} '{given}'{known}"
        problems.add(inner, message, at_key=inner != path)
        return None
    if not isinstance(arguments, dict):
        example = next(iter(keras_api.describe_class(family, name).arguments), "name")
        got = describe_value(arguments)
        problems.add(inner, f"{name} expects its arguments as {{{example}: …}}, got {got}")
        return None
    _check_missing(family, name, arguments, inner, problems, at_key=inner != path)
    return _read_arguments(family, name, dict(arguments), inner, problems)


def _check_missing(
    family: str,
    name: str,
    arguments: dict[str, Any],
    path: Path,
    problems: Problems,
    *,
    at_key: bool,
) -> None:
    signature = keras_api.describe_class(family, name).arguments
    # 'filter' was meant to be 'filters': one mistake is one error.
    given = {each if each in signature else find_nearest(each, signature) for each in arguments}
    missing = [each.name for each in signature.values() if each.required and each.name not in given]
    if missing:
        needed = " and ".join(map(repr, missing))
        problems.add(path, f"{name} needs {needed}", at_key=at_key)


def _read_arguments(
    family: str, name: str, arguments: dict[str, Any], path: Path, problems: Problems
) -> KerasObject:
    signature = keras_api.describe_class(family, name).arguments
    inputs = None
    if path[:1] == ("layers",) and len(path) <= 3:
        inputs = take_inputs(name, arguments, path, problems)
    read = KerasObject(family, name, {}, inputs, path)
    for argument, value in arguments.items():
        where = (*path, argument)
        if argument not in signature:
            known = _hint_for_argument(family, argument, signature)
            problems.add(where, f"{name} has no argument '{argument}'{known}", at_key=True)
        else:
            known_argument = signature[argument]
            read.arguments[argument] = _read_value(read, known_argument, value, where, problems)
    return replace(read, arguments=_with_defaults(family, name, read.arguments))


def _hint_for_argument(family: str, argument: str, signature: Iterable[str]) -> str:
    if argument in _INPUT_SHAPES and family == "layers":
        return "; leave it out: the input layer is added"
    if argument.endswith(")"):  # the end of `(3, 3)` inside a flow mapping
        return "; a list is written [3, 3]"
    return suggest(argument, signature, f"it has {', '.join(signature)}")


def _with_defaults(family: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments in Keras' order, with its defaults written out."""
    arguments = {}
    for argument in keras_api.describe_class(family, name).arguments.values():
        default = argument.default
        if argument.name in given:
            arguments[argument.name] = given[argument.name]
        elif default is None or argument.inherited:
            continue
        elif isinstance(default, str) and (nested := family_of_argument(argument.name)):
            arguments[argument.name] = make_object(nested, default)
        else:
            arguments[argument.name] = _as_lists(default)
    return arguments


def _as_lists(value: Any) -> Any:
    """A default as YAML would give it: ((0, 0), (0, 0)) as lists."""
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value


def make_object(family: str, name: str) -> KerasObject:
    """An object with Keras' defaults alone, from a name that Keras knows."""
    class_name = keras_api.find_class_name(family, name)
    if class_name is None:
        raise LookupError(f"keras.{family} has no {name}")
    return KerasObject(family, class_name, _with_defaults(family, class_name, {}))


def _read_value(
    owner: KerasObject, argument: keras_api.Argument, value: Any, path: Path, problems: Problems
) -> Any:
    if argument.name.endswith("activation"):
        _check_activation(value, path, problems)
    elif family_of_argument(argument.name) or _is_step_count(owner, argument.name):
        return _read_item(owner, argument, value, path, problems)
    elif not keras_api.fits(argument, value):
        words = " or ".join(sorted(_WORDS[kind] for kind in argument.kinds))
        message = f"{owner}'s argument '{argument.name}' expects {words}"
        hint = ""
        if isinstance(value, str) and value.startswith("("):
            example = value[1:-1] if value.endswith(")") else "3, 3"
            hint = f"; a list is written [{example}]"
        problems.add(path, f"{message}, got {describe_value(value)}{hint}")
    elif not (isinstance(value, dict) and "object" in argument.kinds):
        return _read_item(owner, argument, value, path, problems)
    return value


def _read_item(
    owner: KerasObject, argument: keras_api.Argument, value: Any, path: Path, problems: Problems
) -> Any:
    """A value, or an item of a list of values: an object, a share of the run, or itself."""
    if isinstance(value, list):
        items = enumerate(value)
        return [_read_item(owner, argument, item, (*path, i), problems) for i, item in items]
    nested = family_of_argument(argument.name)
    is_rate = nested == "optimizers.schedules" and type(value) in (int, float)
    if nested and value is not None and not is_rate:
        return read_object(value, nested, path, problems)
    if isinstance(value, str) and (choice := _choice(argument, value)):
        return choice
    if isinstance(value, dict):
        problems.add(path, f"{owner}'s argument '{argument.name}' takes no mapping")
    elif _is_step_count(owner, argument.name) and not _is_number_of_steps(value):
        expected = "a number of steps, or a share of the run up to 100%"
        got = describe_value(value)
        problems.add(path, f"{owner}'s argument '{argument.name}' expects {expected}, got {got}")
    return value


def _choice(argument: keras_api.Argument, value: str) -> str | None:
    """A documented text of the argument that differs from a value in case alone."""
    if value in argument.choices:
        return None
    return next((c for c in argument.choices if c.lower() == value.lower()), None)


def _is_number_of_steps(value: Any) -> bool:
    if isinstance(value, str):
        share = _SHARE.fullmatch(value)
        return bool(share and 0 < float(share[1]) <= 100)
    return value is None or (type(value) in (int, float) and 0 <= value < math.inf)


def _check_activation(value: Any, path: Path, problems: Problems) -> None:
    known = keras_api.functions("activations")
    if value is not None and (not isinstance(value, str) or value not in known):
        hint = suggest(str(value), known, "expected one of keras.activations")
        problems.add(path, f"unknown activation {describe_value(value)}{hint}")


_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def family_of_argument(name: str) -> str | None:
    """The part of Keras that a nested object under this argument comes from."""
    return next((f for end, f in _FAMILY_OF_ARGUMENT.items() if name.endswith(end)), None)


def _is_step_count(owner: KerasObject, argument: str) -> bool:
    is_count = argument.endswith("steps") or argument == "boundaries"
    return is_count and owner.family == "optimizers.schedules"


def resolve_shares(described: KerasObject, total_steps: int) -> KerasObject:
    """An object with each share of the run in its schedules turned into steps, at least 1."""

    def resolve(value: Any, is_step_count: bool) -> Any:
        if isinstance(value, KerasObject):
            return resolve_shares(value, total_steps)
        if isinstance(value, list):
            return [resolve(item, is_step_count) for item in value]
        share = _SHARE.fullmatch(value) if is_step_count and isinstance(value, str) else None
        return max(1, round(total_steps * float(share[1]) / 100)) if share else value

    arguments = {
        name: resolve(value, _is_step_count(described, name))
        for name, value in described.arguments.items()
    }
    return replace(described, arguments=arguments)
