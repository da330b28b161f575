"""The source of an installed Python package, read as text: classes, arguments and bases.

Nothing is imported: parsing the few files that a config needs takes milliseconds.
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

Definition = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Parameter:
    """One argument of a constructor or a method.

    Attributes:
        default: None also where the default is not a plain value.
        is_inherited: the argument belongs to a base class and is reached through `**kwargs`.
    """

    name: str
    is_required: bool
    default: Any
    is_inherited: bool = False


@cache
def _package_root(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


@cache
def parse_module(name: str) -> ast.Module:
    """Return the syntax tree of a module, or an empty one if there is no such file."""
    parts = name.split(".")
    if root := _package_root(parts[0]):
        path = root.joinpath(*parts)
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return ast.parse(candidate.read_text(encoding="utf-8"))
    return ast.Module(body=[], type_ignores=[])


@cache
def imported_names(module: str) -> dict[str, tuple[str, str]]:
    """Return the names that a module imports: name -> (module, name there)."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in parse_module(module).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def find_definition(module: str, name: str) -> Definition | None:
    """Return the class or function that a module defines under the name, if any."""
    for node in parse_module(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    return None


def _origin(module: str, name: str) -> tuple[str, str]:
    """Follow the imports of a module to the one that defines the name."""
    while find_definition(module, name) is None and name in imported_names(module):
        module, name = imported_names(module)[name]
    return module, name


def _bases(module: str, definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for base in definition.bases:
        if isinstance(base, ast.Name):
            yield _origin(module, base.id)
        elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            package, submodule = imported_names(module).get(base.value.id, (module, ""))
            yield _origin(f"{package}.{submodule}", base.attr)


def _lineage(module: str, name: str) -> Iterator[tuple[str, Definition]]:
    """Yield a definition and those of its bases, nearest first, with their modules."""
    definition = find_definition(module, name)
    if definition is not None:
        yield module, definition
    if isinstance(definition, ast.ClassDef):
        for base_module, base_name in _bases(module, definition):
            yield from _lineage(base_module, base_name)


def constructor_parameters(module: str, name: str) -> list[Parameter]:
    """Return the arguments of `__init__` and, if it passes on `**kwargs`, those of the bases.

    An argument that the class itself passes to its base is left out: Conv2D sets `rank`.
    """
    definition = find_definition(module, name)
    if definition is None:
        return []
    if isinstance(definition, ast.FunctionDef):  # keras.layers.Input
        return _signature(definition)
    init = _method(definition, "__init__")
    parameters = _signature(init)[1:] if init else []
    names = {parameter.name for parameter in parameters}
    if init is None or _passes_on_kwargs(init):
        for base_module, base_name in _bases(module, definition):
            base_parameters = constructor_parameters(base_module, base_name)
            names |= _names_passed_to_base(init, base_parameters) if init else set()
            for parameter in base_parameters:
                if parameter.name not in names:
                    # A class can do without the arguments that it does not spell out itself.
                    is_required = parameter.is_required and init is None
                    is_inherited = parameter.is_inherited or init is not None
                    parameters.append(
                        replace(parameter, is_required=is_required, is_inherited=is_inherited)
                    )
                    names.add(parameter.name)
    return parameters


def _method(definition: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    methods = (node for node in definition.body if isinstance(node, ast.FunctionDef))
    return next((method for method in methods if method.name == name), None)


def _base_init_calls(init: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".__init__"):
            yield node


def _passes_on_kwargs(init: ast.FunctionDef) -> bool:
    """Return whether `**kwargs` reaches a base."""
    return any(not keyword.arg for call in _base_init_calls(init) for keyword in call.keywords)


def _names_passed_to_base(init: ast.FunctionDef, parameters: list[Parameter]) -> set[str]:
    """Return the base's parameters that a class sets itself, as in `super().__init__(rank=2)`."""
    names: set[str] = set()
    for call in _base_init_calls(init):
        names |= {keyword.arg for keyword in call.keywords if keyword.arg}
        names |= {parameter.name for parameter, _ in zip(parameters, call.args, strict=False)}
    return names


def _signature(function: ast.FunctionDef) -> list[Parameter]:
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(function.args.defaults))
    defaults += function.args.defaults
    pairs = [
        *zip(positional, defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return [
        Parameter(arg.arg, is_required=default is None, default=_plain_value(default))
        for arg, default in pairs
    ]


def call_parameters(module: str, name: str) -> list[Parameter]:
    """Return the arguments of the method `call` that a class defines or inherits."""
    for _, definition in _lineage(module, name):
        if isinstance(definition, ast.ClassDef) and (call := _method(definition, "call")):
            return _signature(call)[1:]
    return []


def _plain_value(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except ValueError:  # a name or a call, such as a module's constant
        return None


def argument_descriptions(module: str, name: str) -> dict[str, str]:
    """Return the entries of the `Args:` sections of a class and its bases: name -> text."""
    lineage = list(_lineage(module, name))
    constants: dict[str, str] = {}
    for base_module, _ in lineage:
        constants |= _text_constants(base_module)
    descriptions: dict[str, str] = {}
    for _, definition in lineage:
        descriptions = _args_section(definition, constants) | descriptions
    return descriptions


def _text_constants(module: str) -> dict[str, str]:
    """Return a module's text constants, which Keras' docstrings name in double braces."""
    return {
        node.targets[0].id: node.value.value
        for node in parse_module(module).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _args_section(definition: Definition, constants: dict[str, str]) -> dict[str, str]:
    docstring = ast.get_docstring(definition) or ""
    section = re.search(r"^Args:\n((?:[ ]{2,}.*\n|\n)+)", docstring + "\n", re.M)
    if not section:
        return {}
    shared_texts = [constants.get(name, "") for name in re.findall(r"\{\{(\w+)\}\}", section[1])]
    descriptions = {}
    for text in [*shared_texts, "\n" + section[1]]:
        entry = r"^(\w+): ((?:.*\n?)(?:^(?:[ ]+.*)?\n?)*)"
        for name, body in re.findall(entry, inspect.cleandoc(text), re.M):
            descriptions[name] = " ".join(body.split())
    return descriptions
