"""A `KerasObject` of the config -> the Keras object itself."""

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mnistcli.config import Document, KerasObject, Path, Problems
from mnistcli.model import distortions
from mnistcli.model.backend import keras, tf

# What Keras and TensorFlow raise for arguments or shapes that do not work.
KERAS_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    NotImplementedError,
    ImportError,
    RecursionError,
    tf.errors.OpError,
)


class ConstructionError(Exception):
    """A problem was noted; what depends on the object cannot be built."""


def construct(object_config: KerasObject, problems: Problems, **extra: Any) -> Any:
    """Make the object, and those nested in its arguments.

    Args:
        extra: arguments beside those of the config, such as a dtype.

    Raises:
        ConstructionError: Keras refuses; the reason is noted in `problems`.
    """
    keras_class = _find_class(object_config)
    arguments = {
        name: _construct_value(value, problems)
        for name, value in object_config.keras_arguments().items()
    }
    try:
        return keras_class(**(extra | arguments))
    except KERAS_ERRORS as error:
        path = _path_of_argument(object_config, str(error))
        problems.add(
            path, f"{object_config.name}: {explain(error)}", at_key=path == object_config.path
        )
        raise ConstructionError from None


def construct_all(
    object_configs: Sequence[KerasObject], problems: Problems, **extra: Any
) -> list[Any]:
    """Make each object; those that Keras refuses are noted and missing from the list."""
    objects = []
    for object_config in object_configs:
        try:
            objects.append(construct(object_config, problems, **extra))
        except ConstructionError:
            continue
    return objects


def check_optimizer(object_config: KerasObject, problems: Problems) -> None:
    """Note what keeps an optimizer from making a step, at the argument that is to blame.

    Keras looks at most of its arguments only there, in the middle of training.
    """
    error = _error_of_step(object_config)
    if error is None:
        return
    path = object_config.path
    for name in object_config.arguments:
        remaining = {key: value for key, value in object_config.arguments.items() if key != name}
        if _error_of_step(replace(object_config, arguments=remaining)) is None:
            path = (*object_config.path, name)
            break
    problems.add(path, f"{object_config}: {explain(error)}", at_key=path == object_config.path)


def _error_of_step(object_config: KerasObject) -> Exception | None:
    """Return what a new optimizer raises in a step on variables of its own; None for nothing."""
    try:
        optimizer = construct(object_config, Problems(Document("")))
        variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in ((7, 5), (5,))]
        optimizer.apply([tf.ones_like(variable.value) for variable in variables], variables)
        float(optimizer.learning_rate)
    except (*KERAS_ERRORS, ConstructionError) as error:
        return error
    return None


def _find_class(object_config: KerasObject) -> Any:
    family = object_config.family
    if family == "augmentation":
        distortion = getattr(distortions, object_config.name, None)
        if distortion is not None:
            return distortion
        family = "layers"
    return operator.attrgetter(f"{family}.{object_config.name}")(keras)


def _construct_value(value: Any, problems: Problems) -> Any:
    if isinstance(value, KerasObject):
        return construct(value, problems)
    if isinstance(value, list):
        return [_construct_value(item, problems) for item in value]
    return value


def _path_of_argument(object_config: KerasObject, message: str) -> Path:
    """Return where the argument stands that Keras' message names, else where the object does."""
    for name in object_config.arguments:
        if f"`{name}`" in message or f"{name}=" in message:
            return (*object_config.path, name)
    return object_config.path


def explain(error: BaseException) -> str:
    """Return Keras' own message on one line, without the dump of call arguments that follows."""
    message = str(getattr(error, "message", None) or error)
    # An error inside a call comes wrapped: 'Exception encountered … Arguments received …'.
    parts = [part for part in message.split("\n\n") if part.strip()]
    explanations = [
        part for part in parts if not part.startswith(("Exception encountered", "Arguments"))
    ]
    text = " ".join("".join((explanations or parts or [type(error).__name__])[:1]).split())
    text = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    return text if len(text) <= 240 else f"{text[:239]}…"
