"""The YAML form of a Keras object -> a `KerasObject`.

Names and arguments are checked against Keras' own signatures. Values that only Keras can
judge are checked by the `model` package, which builds the objects.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.document import Path, Problems, describe_value, find_nearest, suggest
from mnistcli.config.inputs import take_inputs
from mnistcli.config.objects import (
    KerasObject,
    add_defaults,
    family_of_argument,
    is_step_count,
    parse_share,
)

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
    "augmentation": "one of keras.layers, RandomDrawings, RandomElasticDistortion or "
    "RandomStrokeWidth",
}
_KIND_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
# Keras takes any number; with one below 0, the loss grows.
_RATES = ("learning_rate", "initial_learning_rate", "warmup_target", "end_learning_rate")
# The arguments by which a layer of Keras 2 could describe its input.
_INPUT_SHAPES = {
    *("input_shape", "batch_input_shape", "input_dim", "input_length", "batch_size", "batch_shape")
}


def read_object(raw: Any, family: str, path: Path, problems: Problems) -> KerasObject | None:
    """Read one object of `keras.<family>` from its YAML form; None where it is wrong."""
    singular = _SINGULAR[family]
    arguments: Any = {}
    if isinstance(raw, str):
        spelling, object_path = raw, path
    elif isinstance(raw, dict) and len(raw) == 1:
        spelling, arguments = next(iter(raw.items()))
        object_path, arguments = (*path, spelling), {} if arguments is None else arguments
    else:
        expectation = f"expected one {singular}, as 'Name' or 'Name: {{…}}'"
        if isinstance(raw, dict) and raw:
            # Usually an argument has too little indentation, and the last key is that argument.
            keys = f"several keys ({', '.join(raw)})"
            problems.add((*path, [*raw][-1]), f"{expectation}, got {keys}", at_key=True)
        else:
            value_text = describe_value(None if raw == {} else raw)
            problems.add(path, f"{expectation}, got {value_text}")
        return None
    at_key = object_path != path
    name = keras_api.find_class_name(family, spelling)
    if name is None:
        problems.add(object_path, _unknown_class(family, spelling), at_key=at_key)
        return None
    if not isinstance(arguments, dict):
        example = next(iter(keras_api.describe_class(family, name).arguments), "name")
        message = f"{name} expects its arguments as {{{example}: …}}"
        problems.add(object_path, f"{message}, got {describe_value(arguments)}")
        return None
    _check_required(family, name, arguments, object_path, problems, at_key=at_key)
    return _read_arguments(family, name, dict(arguments), object_path, problems)


def _unknown_class(family: str, spelling: str) -> str:
    if refusal := keras_api.explain_refusal(family, spelling):
        return refusal
    names = [keras_api.spell_as(spelling, name) for name in keras_api.classes(family)]
    hint = f"expected {_EXPECTED.get(family, f'one of keras.{family}')}"
    return f"unknown {_SINGULAR[family]} '{spelling}'{suggest(spelling, names, hint)}"


def _check_required(
    family: str,
    name: str,
    arguments: dict[str, Any],
    path: Path,
    problems: Problems,
    *,
    at_key: bool,
) -> None:
    signature = keras_api.describe_class(family, name).arguments
    # A misspelt 'filter' stands for 'filters', so that one mistake is one error.
    names = {key if key in signature else find_nearest(key, signature) for key in arguments}
    missing_names = [
        argument.name
        for argument in signature.values()
        if argument.is_required and argument.name not in names
    ]
    if missing_names:
        problems.add(path, f"{name} needs {' and '.join(map(repr, missing_names))}", at_key=at_key)


def _read_arguments(
    family: str, name: str, arguments: dict[str, Any], path: Path, problems: Problems
) -> KerasObject:
    signature = keras_api.describe_class(family, name).arguments
    inputs = None
    if path[:1] == ("layers",) and len(path) <= 3:
        inputs = take_inputs(name, arguments, path, problems)
    object_config = KerasObject(family, name, {}, inputs, path)
    for key, value in arguments.items():
        argument_path = (*path, key)
        if key not in signature:
            hint = _hint_for_argument(family, key, signature)
            problems.add(argument_path, f"{name} has no argument '{key}'{hint}", at_key=True)
        else:
            object_config.arguments[key] = _read_value(
                object_config, signature[key], value, argument_path, problems
            )
    return replace(object_config, arguments=add_defaults(family, name, object_config.arguments))


def _hint_for_argument(family: str, argument: str, signature: Iterable[str]) -> str:
    if argument in _INPUT_SHAPES and family == "layers":
        return "; leave it out: the input layer is added"
    if argument.endswith(")"):  # the end of `(3, 3)` inside a flow mapping
        return "; a list is written [3, 3]"
    return suggest(argument, signature, f"it has {', '.join(signature)}")


def _read_value(
    owner: KerasObject, argument: keras_api.Argument, value: Any, path: Path, problems: Problems
) -> Any:
    if argument.name.endswith("activation"):
        _check_activation(value, path, problems)
    elif family_of_argument(argument.name) or is_step_count(owner.family, argument.name):
        return _read_item(owner, argument, value, path, problems)
    elif not keras_api.fits(argument, value):
        kinds = " or ".join(sorted(_KIND_WORDS[kind] for kind in argument.kinds))
        message = f"{owner}'s argument '{argument.name}' expects {kinds}"
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
    """Read a value or an item of a list: an object, a share of the run, or a plain value."""
    if isinstance(value, list):
        items = enumerate(value)
        return [
            _read_item(owner, argument, item, (*path, index), problems) for index, item in items
        ]
    nested_family = family_of_argument(argument.name)
    is_rate = nested_family == "optimizers.schedules" and type(value) in (int, float)
    if nested_family and value is not None and not is_rate:
        return read_object(value, nested_family, path, problems)
    if isinstance(value, str) and (choice := _find_choice(argument, value)):
        return choice
    if isinstance(value, dict):
        problems.add(path, f"{owner}'s argument '{argument.name}' takes no mapping")
    elif argument.name in _RATES and type(value) in (int, float) and not value >= 0:
        message = f"{owner}'s argument '{argument.name}' expects a number from 0"
        problems.add(path, f"{message}, got {describe_value(value)}")
    elif is_step_count(owner.family, argument.name) and not _is_number_of_steps(value):
        message = f"{owner}'s argument '{argument.name}' expects a number of steps, or a share"
        problems.add(path, f"{message} of the run up to 100%, got {describe_value(value)}")
    return value


def _find_choice(argument: keras_api.Argument, value: str) -> str | None:
    """Return the documented choice that differs from a value only in case, if there is one."""
    if value in argument.choices:
        return None
    matches = (choice for choice in argument.choices if choice.lower() == value.lower())
    return next(matches, None)


def _is_number_of_steps(value: Any) -> bool:
    if isinstance(value, str):
        share = parse_share(value)
        return share is not None and 0 < share <= 100
    return value is None or (type(value) in (int, float) and 0 <= value < math.inf)


def _check_activation(value: Any, path: Path, problems: Problems) -> None:
    names = keras_api.functions("activations")
    if value is not None and not isinstance(value, str):
        problems.add(path, f"expected the name of an activation, got {describe_value(value)}")
    elif value is not None and value not in names:
        hint = suggest(str(value), names, "expected one of keras.activations")
        problems.add(path, f"unknown activation {describe_value(value)}{hint}")
