"""What Keras offers, read from Keras' own source as text, without importing it.

Importing TensorFlow takes seconds. So a misspelt layer or argument is reported as fast
as a misspelt key, beside it, and no argument here is kept by hand. What is read agrees
with `inspect.signature` for every public class (a test compares them).

The family `augmentation` is `layers` and the few that `mnistcli.model.distortions` adds.
"""

import ast
import importlib.metadata
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mnistcli.config.document import fold_name
from mnistcli.config.reviewed import REFUSED, REVIEWED, REVIEWED_KERAS
from mnistcli.config.source import (
    call_parameters,
    constructor_parameters,
    documented_arguments,
    find_definition,
    imported_names,
    parse_module,
)
from mnistcli.errors import MnistcliError

_DISTORTIONS = "mnistcli.model.distortions"

_KINDS = {
    "int": "integer",
    "integer": "integer",
    "integers": "integer",
    "float": "number",
    "floats": "number",
    "number": "number",
    "scalar": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "str": "string",
    "string": "string",
    "strings": "string",
    "tuple": "array",
    "list": "array",
    "tuples": "array",
    "array": "array",
    "dict": "object",
    "dictionary": "object",
}
# What an argument takes whose docstring does not say, by the type of its default.
_KINDS_OF_DEFAULT = {
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer", "number", "array"}),
    "number": frozenset({"number"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
}
_FILLER = {"a", "an", "the", "single", "small", "positive", "python", "optional", "non-negative"}
_WHOLE = {"int", "ints", "integer", "integers"}
_REAL = {"float", "floats", "number", "numbers", "scalar", "scalars"}
# Keras' own classes of these families all have a name.
_NAMED_FAMILIES = ("layers", "optimizers", "losses", "metrics")


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class.

    Attributes:
        default: None also where the default is not a plain value.
        kinds: the JSON types that Keras documents for it; empty where its
            docstring does not begin with one.
        is_real: it is a real number, or a list of them: Keras gets a float for a whole number.
        choices: texts that the docstring quotes, such as "same".
        inherited: it is a base class's, reached through `**kwargs`.
    """

    name: str
    required: bool
    default: Any
    kinds: frozenset[str] = frozenset()
    is_real: bool = False
    choices: tuple[str, ...] = ()
    inherited: bool = False


@dataclass(frozen=True)
class KerasClass:
    """A public class of Keras with the arguments of its constructor."""

    name: str
    arguments: dict[str, Argument]


@cache
def own_classes() -> dict[str, tuple[str, str]]:
    """The augmentation layers that are not Keras'."""
    nodes = parse_module(_DISTORTIONS).body
    return {
        node.name: (_DISTORTIONS, node.name) for node in nodes if isinstance(node, ast.ClassDef)
    }


@cache
def classes(family: str) -> dict[str, tuple[str, str]]:
    """Classes of `keras.<family>` that a config may name: name -> (module, name there).

    Raises:
        MnistcliError: the installed Keras has none of them where they were.
    """
    if family == "augmentation":
        return classes("layers") | own_classes()
    public = {k: v for k, v in _public_names(family).items() if k in REVIEWED[family]}
    if not public:
        raise _unreadable(f"keras.{family} has no classes")
    return public


@cache
def functions(family: str) -> frozenset[str]:
    """Public functions of `keras.<family>`, such as the names of activations."""
    service = {"get", "serialize", "deserialize"}
    names = frozenset(n for n in _public_names(family) if n[0].islower()) - service
    if not names:
        raise _unreadable(f"keras.{family} has no functions")
    return names


@cache
def find_class_name(family: str, name: str) -> str | None:
    """The class that Keras means by `name`: itself, its snake case, or Keras' abbreviation."""
    if name in classes(family):
        return name
    folded = {fold_name(known): known for known in classes(family)}
    if fold_name(name) in folded and (name.islower() or name.isupper()):
        return folded[fold_name(name)]
    meant = _abbreviations(family).get(name)
    return folded.get(fold_name(meant)) if meant else None


def spell_as(spelling: str, name: str) -> str:
    """A class's name as the user writes names: batch_normalization where all is lower case."""
    return re.sub("(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower() if spelling.islower() else name


def why_refused(family: str, name: str) -> str | None:
    """What to say of a class that Keras has and a config may not name; None: it has none."""
    public = _public_names("layers" if family == "augmentation" else family)
    refused = [each for each in public if each[0].isupper() and each not in classes(family)]
    meant = [name] if name in refused else []
    if name.islower():
        meant = [each for each in refused if fold_name(each) == fold_name(name)]
    if not meant:
        return None
    if meant[0] in REFUSED:
        return f"{meant[0]} {REFUSED[meant[0]]}"
    return (
        f"{meant[0]} is new in Keras {_keras_version()} and not yet reviewed for code and files "
        "of its own; it needs a newer mnistcli"
    )


@cache
def describe_class(family: str, name: str) -> KerasClass:
    """The arguments of a class that `classes(family)` holds.

    Raises:
        MnistcliError: the class is not where Keras says, or without the arguments of its kind.
    """
    module, original = classes(family)[name]
    documented = documented_arguments(module, original)
    arguments = {}
    for parameter in constructor_parameters(module, original):
        text = documented.get(parameter.name, "")
        kind_of_default = _kind_of(parameter.default)
        kinds = _documented_kinds(text)
        arguments[parameter.name] = Argument(
            parameter.name,
            parameter.required,
            parameter.default,
            kinds | _KINDS_OF_DEFAULT.get(kind_of_default, frozenset()),
            _is_real(text) if kinds else kind_of_default == "number",
            tuple(re.findall(r'"(\w+)"', text)),
            parameter.inherited,
        )
    if find_definition(module, original) is None or (
        family in _NAMED_FAMILIES and "name" not in arguments
    ):
        raise _unreadable(f"the arguments of keras.{family}.{name} are not in {module}")
    if "pool_size" in arguments:
        # Keras gives MaxPooling2D a pool_size of 2 and AveragePooling2D none; here both have it.
        pool_size = arguments["pool_size"]
        arguments["pool_size"] = replace(pool_size, required=False, default=pool_size.default or 2)
    return KerasClass(name, arguments)


@cache
def call_arguments(name: str) -> dict[str, bool]:
    """Names under which a layer takes tensors, such as MultiHeadAttention's `query`.

    Returns:
        For each, whether the layer needs it.
    """
    return {
        parameter.name: parameter.required
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
        f"install the one that it was made for: pip install 'keras=={REVIEWED_KERAS}.*'",
    )


@cache
def _abbreviations(family: str) -> dict[str, str]:
    """Keras' own short names, such as mse: the text-to-name dicts of its lookup table."""
    return {
        key.value: value.id
        for node in ast.walk(parse_module(f"keras.src.{family}"))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and isinstance(value, ast.Name)
    }


def _words_of_first_sentence(text: str) -> list[str]:
    sentence = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0].lower()
    return re.findall(r"[a-z-]+", sentence.replace("number of", ""))  # says no type


def _documented_kinds(text: str) -> frozenset[str]:
    """The JSON types in a description that begins with one: 'int or tuple/list of 2 ints'."""
    words = _words_of_first_sentence(text)
    first = next((word for word in words if word not in _FILLER), "")
    if first not in _KINDS:
        return frozenset()
    kinds = {_KINDS[word] for word in words if word in _KINDS}
    return frozenset(kinds | {"null"} if "none" in words else kinds)


def _is_real(text: str) -> bool:
    words = set(_words_of_first_sentence(text))
    return bool(words & _REAL) and not words & _WHOLE


def _kind_of(value: Any) -> str:
    return {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        type(None): "null",
        dict: "object",
    }.get(type(value), "array")


def fits(argument: Argument, value: Any) -> bool:
    """Whether the documented types of an argument allow a value; unknown types allow all."""
    kind, kinds = _kind_of(value), argument.kinds
    if value is None:
        return not (kinds and argument.required)
    if not kinds or kind in kinds:
        return True
    if kind == "array":
        # Many a number may also be a list of them, documented or not: Constant's value.
        return not kinds <= {"string", "boolean", "null"} and kinds != {"integer"}
    return kind == "integer" and "number" in kinds
