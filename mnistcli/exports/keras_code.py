"""Keras objects of a config -> the Python that makes them."""

import json
import keyword
import re
from collections.abc import Sequence
from typing import Any

from mnistcli.config import KerasObject, add_defaults, parse_share

LINE_LENGTH = 96
# mnistcli's own layers, which a script defines for itself.
OWN_LAYERS = ("RandomElasticDistortion", "RandomStrokeWidth", "RandomDrawings")


def write_object(
    object_config: KerasObject, indent: int = 0, extra: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the call that makes an object, without the arguments that are Keras' defaults.

    A share of the run, such as 75%, becomes `share(75)`.

    Args:
        indent: spaces before the call.
        extra: more arguments, with their values as code.
    """
    is_own = object_config.name in OWN_LAYERS
    family = "layers" if object_config.family == "augmentation" else object_config.family
    name = object_config.name if is_own else f"keras.{family}.{object_config.name}"
    defaults = add_defaults(object_config.family, object_config.name, {})
    # Keras' AveragePooling2D has no default for pool_size.
    written = {
        argument
        for argument, value in object_config.arguments.items()
        if is_own or argument == "pool_size" or value != defaults.get(argument)
    }
    arguments = [
        (argument, write_value(value, indent + 4))
        for argument, value in object_config.keras_arguments().items()
        if argument in written
    ]
    return write_call(name, [*arguments, *extra], indent)


def write_call(name: str, arguments: Sequence[tuple[str, str]], indent: int = 0) -> str:
    """Return a call, on one line if it fits; an argument without a name is positional."""
    words = [f"{argument}={code}" if argument else code for argument, code in arguments]
    line = f"{name}({', '.join(words)})"
    if len(line) + indent <= LINE_LENGTH and "\n" not in line:
        return line
    space = " " * indent
    return f"{name}(\n" + "".join(f"{space}    {word},\n" for word in words) + f"{space})"


def write_list(codes: Sequence[str], indent: int = 0) -> str:
    """Return a list, an item on each line; a comment is no item."""
    space = " " * indent
    lines = [code if code.startswith("#") else f"{code}," for code in codes]
    return "[\n" + "".join(f"{space}    {line}\n" for line in lines) + f"{space}]"


def write_value(value: Any, indent: int = 0) -> str:
    """Return a value of a config as Python."""
    if isinstance(value, KerasObject):
        return write_object(value, indent)
    if isinstance(value, list):
        return f"[{', '.join(write_value(item, indent) for item in value)}]"
    if (share := parse_share(value)) is not None:
        return f"share({share:g})"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and abs(value) == float("inf"):
        return f'float("{value}")'
    return repr(value)


def write_identifier(name: str) -> str:
    """Return a variable's name for a layer's name, which may begin with a digit."""
    identifier = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not identifier.isidentifier() or keyword.iskeyword(identifier) or identifier in _TAKEN:
        return f"layer_{identifier}"
    return identifier


# The other names of a script.
_TAKEN = frozenset(
    {
        *("augment", "augmentation", "batch_size", "deviation", "draws", "epochs", "file"),
        *("images", "inputs", "keras", "labels", "mean", "model", "np", "num_validation"),
        *("one_hot", "order", "pixels", "results", "share", "test_images", "test_labels", "tf"),
        *("total_steps", "train", "train_data", "train_images", "train_labels", "validation"),
        *("validation_images", "validation_labels", "x", *OWN_LAYERS),
    }
)
