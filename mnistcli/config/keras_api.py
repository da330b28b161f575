"""What Keras offers, read from Keras' own source as text, without importing it.

Importing TensorFlow takes seconds; parsing the few files that a config names
takes milliseconds. So a misspelt layer or argument is reported as fast as a
misspelt key, beside it, and nothing here is a list kept by hand. What is read
agrees with `inspect.signature` for every public class (a test compares them).

The family `augmentation` is `layers` and the few that `mnistcli.model.distortions` adds.
"""

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mnistcli.config.document import fold_name

# Classes whose arguments are code from elsewhere, or a saved model with code in it.
NOT_IN_CONFIGS = {
    *("Lambda", "TFSMLayer", "FlaxLayer", "JaxLayer", "TorchModuleWrapper"),
    *("StringLookup", "IntegerLookup", "TextVectorization"),  # their vocabulary is a file's
}

_DISTORTIONS = "mnistcli.model.distortions"

_KINDS = {
    "int": "integer",
    "integer": "integer",
    "integers": "integer",
    "float": "number",
    "floats": "number",
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


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class.

    Attributes:
        kinds: the JSON types that Keras documents for it; empty where its
            docstring does not begin with one.
        default: None also where the default is not a plain value.
        inherited: it is a base class's, reached through `**kwargs`.
    """

    name: str
    required: bool
    default: Any
    kinds: frozenset[str] = frozenset()
    inherited: bool = False


@dataclass(frozen=True)
class KerasClass:
    """A public class of Keras with the arguments of its constructor."""

    name: str
    arguments: dict[str, Argument]


@cache
def own_classes() -> dict[str, tuple[str, str]]:
    """The augmentation layers that are not Keras'."""
    tree = _module(_DISTORTIONS)
    names = [node.name for node in (tree.body if tree else []) if isinstance(node, ast.ClassDef)]
    return {name: (_DISTORTIONS, name) for name in names}


@cache
def classes(family: str) -> dict[str, tuple[str, str]]:
    """Public classes of `keras.<family>`: name -> (module, name there)."""
    if family == "augmentation":
        return classes("layers") | own_classes()
    return {
        name: where
        for name, where in _public_names(family).items()
        if name[0].isupper() and name not in NOT_IN_CONFIGS
    }


@cache
def functions(family: str) -> frozenset[str]:
    """Public functions of `keras.<family>`, such as the names of activations."""
    service = {"get", "serialize", "deserialize"}
    return frozenset(n for n in _public_names(family) if n[0].islower()) - service


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


@cache
def describe_class(family: str, name: str) -> KerasClass:
    """The arguments of a class that `classes(family)` holds."""
    module, original = classes(family)[name]
    definition = _definition(module, original)
    if definition is None:
        return KerasClass(name, {})
    arguments: dict[str, Argument] = {}
    documented: dict[str, str] = {}
    for owner in _lineage(module, original):
        documented = _documented_arguments(owner) | documented
    for argument in _constructor_arguments(module, original):
        text = documented.get(argument.name, "")
        default_kinds = _KINDS_OF_DEFAULT.get(_kind_of(argument.default), frozenset())
        arguments[argument.name] = replace(
            argument,
            kinds=_documented_kinds(text) | default_kinds,
        )
    if "pool_size" in arguments:
        # Keras gives MaxPooling2D a pool_size of 2 and AveragePooling2D none; here both have it.
        pool_size = arguments["pool_size"]
        arguments["pool_size"] = replace(pool_size, required=False, default=pool_size.default or 2)
    return KerasClass(name, arguments)


@cache
def _package_root(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named '{package}'")
    return Path(spec.origin).parent.parent


@cache
def _module(name: str) -> ast.Module | None:
    parts = name.split(".")
    path = _package_root(parts[0]).joinpath(*parts)
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return ast.parse(candidate.read_text(encoding="utf-8"))
    return None


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Names that a module imports: name -> (module, name there)."""
    tree = _module(module)
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in (tree.body if tree else [])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _public_names(family: str) -> dict[str, tuple[str, str]]:
    return _imports(f"keras.{family}")


@cache
def _abbreviations(family: str) -> dict[str, str]:
    """Keras' own short names, such as mse: the text-to-name dicts of its lookup table."""
    tree = _module(f"keras.src.{family}")
    return {
        key.value: value.id
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and isinstance(value, ast.Name)
    }


def _definition(module: str, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    tree = _module(module)
    for node in tree.body if tree else []:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    return None


def _bases(module: str, definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for base in definition.bases:
        if isinstance(base, ast.Name):
            yield _imports(module).get(base.id, (module, base.id))
        elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            package, submodule = _imports(module).get(base.value.id, (module, ""))
            yield f"{package}.{submodule}", base.attr


def _lineage(module: str, name: str) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """The definition and those of its bases, nearest first."""
    definition = _definition(module, name)
    if definition is not None:
        yield definition
    if isinstance(definition, ast.ClassDef):
        for base_module, base_name in _bases(module, definition):
            yield from _lineage(base_module, base_name)


def _constructor_arguments(module: str, name: str) -> list[Argument]:
    """Those of `__init__`, and where it passes on `**kwargs`, those of the bases."""
    definition = _definition(module, name)
    if definition is None:
        return []
    if isinstance(definition, ast.FunctionDef):  # keras.layers.Input
        return _signature(definition)
    init = next(
        (n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"),
        None,
    )
    found = _signature(init)[1:] if init else []
    if init is None or init.args.kwarg is not None:
        names = {argument.name for argument in found}
        for base_module, base_name in _bases(module, definition):
            for argument in _constructor_arguments(base_module, base_name):
                if argument.name not in names:
                    # What a class does not spell out itself, it can do without.
                    required = argument.required and init is None
                    inherited = argument.inherited or init is not None
                    found.append(replace(argument, required=required, inherited=inherited))
                    names.add(argument.name)
    return found


def _signature(function: ast.FunctionDef) -> list[Argument]:
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(function.args.defaults))
    defaults += function.args.defaults
    pairs = [
        *zip(positional, defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return [
        Argument(arg.arg, required=default is None, default=_plain_value(default))
        for arg, default in pairs
    ]


def _plain_value(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except ValueError:  # a name or a call, such as a module's constant
        return None


def _documented_arguments(definition: ast.ClassDef | ast.FunctionDef) -> dict[str, str]:
    """The entries of the docstring's `Args:` section: name -> text."""
    section = re.search(
        r"^Args:\n((?:[ ]{2,}.*\n|\n)+)", (ast.get_docstring(definition) or "") + "\n", re.M
    )
    if not section:
        return {}
    text = inspect.cleandoc("\n" + section[1])
    entries = re.findall(r"^(\w+): ((?:.*\n?)(?:^(?:[ ]+.*)?\n?)*)", text, re.M)
    return {name: " ".join(body.split()) for name, body in entries}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def _documented_kinds(text: str) -> frozenset[str]:
    """The JSON types in a description that begins with one: 'int or tuple/list of 2 ints'."""
    words: list[str] = re.findall(r"[A-Za-z-]+", _first_sentence(text).lower())
    first = next((word for word in words if word not in _FILLER), "")
    if first not in _KINDS:
        return frozenset()
    kinds = {_KINDS[word] for word in words if word in _KINDS}
    return frozenset(kinds | {"null"} if "none" in words else kinds)


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
