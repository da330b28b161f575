"""The classes and arguments of Keras, read from Keras' source as text, without importing it.

Importing TensorFlow takes seconds. Reading the source takes milliseconds, so a misspelt
layer or argument is reported as fast as a misspelt key, and no list of arguments is kept
by hand. The arguments agree with `inspect.signature` for every public class (a test
compares them).

The family `augmentation` is `layers` plus the classes of `mnistcli.model.distortions`.
"""

import ast
import importlib.metadata
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mnistcli.config.argument_types import (
    KINDS_OF_DEFAULT,
    describes_real,
    documented_kinds,
    kind_of,
)
from mnistcli.config.document import fold_name
from mnistcli.config.reviewed import REFUSED, REVIEWED, REVIEWED_KERAS
from mnistcli.config.source import (
    argument_descriptions,
    call_parameters,
    constructor_parameters,
    find_definition,
    imported_names,
    parse_module,
)
from mnistcli.errors import MnistcliError

_DISTORTIONS = "mnistcli.model.distortions"

# Every class of these families has an argument `name`.
_FAMILIES_WITH_NAMES = ("layers", "optimizers", "losses", "metrics")


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class.

    Attributes:
        default: None also where the default is not a plain value.
        kinds: the JSON types that Keras documents for it; empty where its
            docstring does not begin with one.
        is_real: the argument is a real number or a list of them, so Keras gets a float even
            for a whole number.
        choices: texts that the docstring quotes, such as "same".
        is_inherited: the argument belongs to a base class and is reached through `**kwargs`.
    """

    name: str
    is_required: bool
    default: Any
    kinds: frozenset[str] = frozenset()
    is_real: bool = False
    choices: tuple[str, ...] = ()
    is_inherited: bool = False


@dataclass(frozen=True)
class KerasClass:
    """A public class of Keras with the arguments of its constructor."""

    name: str
    arguments: dict[str, Argument]


@cache
def distortion_classes() -> dict[str, tuple[str, str]]:
    """Return the augmentation layers that are not Keras': name -> (module, name there)."""
    nodes = parse_module(_DISTORTIONS).body
    return {
        node.name: (_DISTORTIONS, node.name) for node in nodes if isinstance(node, ast.ClassDef)
    }


@cache
def classes(family: str) -> dict[str, tuple[str, str]]:
    """Return the classes of `keras.<family>` that a config may name: name -> (module, name there).

    Raises:
        MnistcliError: the installed Keras has none of them in its known place.
    """
    if family == "augmentation":
        return classes("layers") | distortion_classes()
    reviewed_classes = {
        name: origin for name, origin in _public_names(family).items() if name in REVIEWED[family]
    }
    if not reviewed_classes:
        raise _unreadable(f"keras.{family} has no classes")
    return reviewed_classes


@cache
def functions(family: str) -> frozenset[str]:
    """Return the public functions of `keras.<family>`, such as the names of activations.

    Raises:
        MnistcliError: the installed Keras has none of them in its known place.
    """
    service_names = {"get", "serialize", "deserialize"}
    names = frozenset(name for name in _public_names(family) if name[0].islower()) - service_names
    if not names:
        raise _unreadable(f"keras.{family} has no functions")
    return names


@cache
def find_class_name(family: str, name: str) -> str | None:
    """Return the class that Keras means by `name`: a class name, its snake case, or a short name.

    None where Keras knows no such class, or a config may not name it.
    """
    if name in classes(family):
        return name
    class_names = {fold_name(class_name): class_name for class_name in classes(family)}
    if fold_name(name) in class_names and (name.islower() or name.isupper()):
        return class_names[fold_name(name)]
    full_name = _abbreviations(family).get(name)
    return class_names.get(fold_name(full_name)) if full_name else None


def spell_as(spelling: str, name: str) -> str:
    """Return a class's name in the user's spelling: in snake case if that is in lower case."""
    return re.sub("(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower() if spelling.islower() else name


def explain_refusal(family: str, name: str) -> str | None:
    """Return why a config may not name a class of Keras; None where Keras has no such class."""
    public_names = _public_names("layers" if family == "augmentation" else family)
    refused_names = [
        public_name
        for public_name in public_names
        if public_name[0].isupper() and public_name not in classes(family)
    ]
    if name.islower():
        matches = (match for match in refused_names if fold_name(match) == fold_name(name))
        class_name = next(matches, None)
    else:
        class_name = name if name in refused_names else None
    if class_name is None:
        return None
    if class_name in REFUSED:
        return f"{class_name} {REFUSED[class_name]}"
    return (
        f"{class_name} is new in Keras {_keras_version()} and not yet reviewed for code and files "
        "of its own; it needs a newer mnistcli"
    )


@cache
def describe_class(family: str, name: str) -> KerasClass:
    """Return a class of `classes(family)` with its arguments.

    Raises:
        MnistcliError: the class is not where Keras says, or lacks the arguments of its family.
    """
    module, class_name = classes(family)[name]
    descriptions = argument_descriptions(module, class_name)
    arguments = {}
    for parameter in constructor_parameters(module, class_name):
        text = descriptions.get(parameter.name, "")
        kind_of_default = kind_of(parameter.default)
        kinds = documented_kinds(text)
        arguments[parameter.name] = Argument(
            parameter.name,
            parameter.is_required,
            parameter.default,
            kinds | KINDS_OF_DEFAULT.get(kind_of_default, frozenset()),
            describes_real(text) if kinds else kind_of_default == "number",
            tuple(re.findall(r'"(\w+)"', text)),
            parameter.is_inherited,
        )
    if find_definition(module, class_name) is None or (
        family in _FAMILIES_WITH_NAMES and "name" not in arguments
    ):
        raise _unreadable(f"the arguments of keras.{family}.{name} are not in {module}")
    if "pool_size" in arguments:
        # Keras gives MaxPooling2D a pool_size of 2 and AveragePooling2D none; here both have it.
        pool_size = arguments["pool_size"]
        arguments["pool_size"] = replace(
            pool_size, is_required=False, default=pool_size.default or 2
        )
    return KerasClass(name, arguments)


@cache
def call_arguments(name: str) -> dict[str, bool]:
    """Return the names under which a layer takes tensors, such as MultiHeadAttention's `query`.

    Returns:
        For each name, whether the layer needs it.
    """
    return {
        parameter.name: parameter.is_required
        for parameter in call_parameters(*classes("layers")[name])
        if parameter.name != "training" and not isinstance(parameter.default, bool)
    }


def _public_names(family: str) -> dict[str, tuple[str, str]]:
    return imported_names(f"keras.{family}")


def _keras_version() -> str:
    try:
        return importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _unreadable(problem: str) -> MnistcliError:
    return MnistcliError(
        f"the installed Keras {_keras_version()} is not one that mnistcli can read: {problem}",
        f"install the version that it was made for: pip install 'keras=={REVIEWED_KERAS}.*'",
    )


@cache
def _abbreviations(family: str) -> dict[str, str]:
    """Return Keras' short names, such as mse, from the dicts of its lookup table."""
    return {
        key.value: value.id
        for node in ast.walk(parse_module(f"keras.src.{family}"))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and isinstance(value, ast.Name)
    }


def fits(argument: Argument, value: Any) -> bool:
    """Return whether the types of an argument allow a value; unknown types allow every value."""
    kind, kinds = kind_of(value), argument.kinds
    if value is None:
        return not (kinds and argument.is_required)
    if not kinds or kind in kinds:
        return True
    if kind == "array":
        # Many arguments that are numbers also take a list of them, such as Constant's value.
        return not kinds <= {"string", "boolean", "null"} and kinds != {"integer"}
    return kind == "integer" and "number" in kinds
