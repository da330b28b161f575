"""Keras objects in a config: `Flatten`, or `Dense: {units: 10}`, with others nested inside."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.document import Path

# The keys of a config that hold Keras objects, and the family of those objects.
OBJECT_SECTIONS = {
    "layers": "layers",
    "augment": "augmentation",
    "metrics": "metrics",
    "optimizer": "optimizers",
    "loss": "losses",
}
# The family of the object that an argument holds, by the end of the argument's name.
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
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")


@dataclass(frozen=True)
class KerasObject:
    """A Keras class and its arguments, as a config has them.

    Attributes:
        family: the module of Keras without `keras.`, such as "layers"; or "augmentation".
        name: the class.
        arguments: numbers, texts, lists and nested `KerasObject`s. Keras' defaults are
            included, except those that are None, which means that nothing is passed.
        inputs: names of the layers that feed this one, in order or by the names under
            which it takes them; None: the layer before it.
        path: its position in the config; an argument is at `path + (name,)`.
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
        """The layers that feed this one, by their key or index in `inputs`."""
        inputs = self.inputs or ()
        return inputs if isinstance(inputs, dict) else dict(enumerate(inputs))

    def keras_arguments(self) -> dict[str, Any]:
        """Return the arguments for the Keras class, with floats where it documents real numbers.

        Keras makes variables of the type of such a value, and mixes them with float32 ones.
        """
        signature = keras_api.describe_class(self.family, self.name).arguments
        arguments = dict(self.arguments)
        for name, value in self.arguments.items():
            default = _as_lists(signature[name].default)
            is_default = (type(value), value) == (type(default), default)
            if signature[name].is_real and not is_default and not is_step_count(self.family, name):
                arguments[name] = _to_real(value)
        return arguments

    def to_plain(self) -> Any:
        """Return its YAML form: a bare name, or a mapping with one key."""
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


def make_object(family: str, name: str) -> KerasObject:
    """Return an object with Keras' defaults, from any name that Keras knows.

    Raises:
        LookupError: the family has no such class.
    """
    class_name = keras_api.find_class_name(family, name)
    if class_name is None:
        raise LookupError(f"keras.{family} has no {name}")
    return KerasObject(family, class_name, add_defaults(family, class_name, {}))


def add_defaults(family: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments in Keras' order, with its defaults written out."""
    complete_arguments = {}
    for argument in keras_api.describe_class(family, name).arguments.values():
        default = argument.default
        if argument.name in arguments:
            complete_arguments[argument.name] = arguments[argument.name]
        elif default is None or argument.is_inherited:
            continue
        elif isinstance(default, str) and (nested_family := family_of_argument(argument.name)):
            complete_arguments[argument.name] = make_object(nested_family, default)
        else:
            complete_arguments[argument.name] = _as_lists(default)
    return complete_arguments


def _as_lists(value: Any) -> Any:
    """Return a default in the types of YAML: ((0, 0), (0, 0)) as lists."""
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value


def family_of_argument(name: str) -> str | None:
    """Return the family of the object that an argument of this name holds, if it holds one."""
    families = (family for end, family in _FAMILY_OF_ARGUMENT.items() if name.endswith(end))
    return next(families, None)


def is_step_count(family: str, argument: str) -> bool:
    """Return whether an argument counts training steps, so that it may be a share of the run."""
    is_count = argument.endswith("steps") or argument == "boundaries"
    return is_count and family == "optimizers.schedules"


def parse_share(value: Any) -> float | None:
    """Return the percentage in a text such as "12.5%"; None for any other value."""
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match else None


def resolve_shares(object_config: KerasObject, total_steps: int) -> KerasObject:
    """Return an object with each share of the run in its schedules as steps, at least 1."""

    def resolve(value: Any, may_be_share: bool) -> Any:
        if isinstance(value, KerasObject):
            return resolve_shares(value, total_steps)
        if isinstance(value, list):
            return [resolve(item, may_be_share) for item in value]
        share = parse_share(value) if may_be_share else None
        return value if share is None else max(1, round(total_steps * share / 100))

    arguments = {
        name: resolve(value, is_step_count(object_config.family, name))
        for name, value in object_config.arguments.items()
    }
    return replace(object_config, arguments=arguments)
