"""Python source of an installed package, read as text: its classes, their arguments and bases.

Nothing is imported: parsing the few files that a config names takes milliseconds.
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
    """One argument of a class, as its constructor has it.

    Attributes:
        default: None also where the default is not a plain value.
        inherited: it is a base class's, reached through `**kwargs`.
    """

    name: str
    required: bool
    default: Any
    inherited: bool = False


@cache
def _package_root(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


@cache
def parse_module(name: str) -> ast.Module:
    """The syntax tree of a module; an empty one where there is no such file."""
    parts = name.split(".")
    if root := _package_root(parts[0]):
        path = root.joinpath(*parts)
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return ast.parse(candidate.read_text(encoding="utf-8"))
    return ast.Module(body=[], type_ignores=[])


@cache
def imported_names(module: str) -> dict[str, tuple[str, str]]:
    """Names that a module imports: name -> (module, name there)."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in parse_module(module).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def find_definition(module: str, name: str) -> Definition | None:
    """The class or function of a module that has the name."""
    for node in parse_module(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    return None


def _origin(module: str, name: str) -> tuple[str, str]:
    """Where a name of a module is defined: through what the module imports."""
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
    """The definition and those of its bases, nearest first, each with its module."""
    definition = find_definition(module, name)
    if definition is not None:
        yield module, definition
    if isinstance(definition, ast.ClassDef):
        for base_module, base_name in _bases(module, definition):
            yield from _lineage(base_module, base_name)


def constructor_parameters(module: str, name: str) -> list[Parameter]:
    """Those of `__init__`, and where it passes on `**kwargs`, those of the bases.

    What a class itself passes to its base is not among them: Conv2D sets `rank`.
    """
    definition = find_definition(module, name)
    if definition is None:
        return []
    if isinstance(definition, ast.FunctionDef):  # keras.layers.Input
        return _signature(definition)
    init = _method(definition, "__init__")
    parameters = _signature(init)[1:] if init else []
    names = {parameter.name for parameter in parameters}
    if init is None or _passes_on(init):
        for base_module, base_name in _bases(module, definition):
            inherited = constructor_parameters(base_module, base_name)
            names |= _set_by_class(init, inherited) if init else set()
            for parameter in inherited:
                if parameter.name not in names:
                    # What a class does not spell out itself, it can do without.
                    required = parameter.required and init is None
                    is_inherited = parameter.inherited or init is not None
                    parameters.append(replace(parameter, required=required, inherited=is_inherited))
                    names.add(parameter.name)
    return parameters


def _method(definition: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    methods = (node for node in definition.body if isinstance(node, ast.FunctionDef))
    return next((method for method in methods if method.name == name), None)


def _calls_of_base(init: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".__init__"):
            yield node


def _passes_on(init: ast.FunctionDef) -> bool:
    """Whether `**kwargs` reaches a base."""
    return any(not keyword.arg for call in _calls_of_base(init) for keyword in call.keywords)


def _set_by_class(init: ast.FunctionDef, parameters: list[Parameter]) -> set[str]:
    """Parameters of the base that a class gives it itself, `super().__init__(rank=2)`."""
    names: set[str] = set()
    for call in _calls_of_base(init):
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
        Parameter(arg.arg, required=default is None, default=_plain_value(default))
        for arg, default in pairs
    ]


def call_parameters(module: str, name: str) -> list[Parameter]:
    """Those of the method `call` that a class defines or inherits."""
    for _, definition in _lineage(module, name):
        if isinstance(definition, ast.ClassDef) and (call := _method(definition, "call")):
            return _signature(call)[1:]
    return []


def _plain_value(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except ValueError:  # a name or a call, such as a module's constant
        return None


def documented_arguments(module: str, name: str) -> dict[str, str]:
    """The entries of the `Args:` sections of a class and its bases: name -> text."""
    lineage = list(_lineage(module, name))
    texts: dict[str, str] = {}
    for base_module, _ in lineage:
        texts |= _texts(base_module)
    documented: dict[str, str] = {}
    for _, definition in lineage:
        documented = _args_section(definition, texts) | documented
    return documented


def _texts(module: str) -> dict[str, str]:
    """Module-level texts; Keras puts them in docstrings in place of their names in braces."""
    return {
        node.targets[0].id: node.value.value
        for node in parse_module(module).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _args_section(definition: Definition, texts: dict[str, str]) -> dict[str, str]:
    docstring = ast.get_docstring(definition) or ""
    section = re.search(r"^Args:\n((?:[ ]{2,}.*\n|\n)+)", docstring + "\n", re.M)
    if not section:
        return {}
    shared = [texts.get(name, "") for name in re.findall(r"\{\{(\w+)\}\}", section[1])]
    documented = {}
    for text in [*shared, "\n" + section[1]]:
        entry = r"^(\w+): ((?:.*\n?)(?:^(?:[ ]+.*)?\n?)*)"
        for name, body in re.findall(entry, inspect.cleandoc(text), re.M):
            documented[name] = " ".join(body.split())
    return documented
