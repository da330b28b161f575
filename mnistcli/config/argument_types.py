"""The types of an argument, as JSON Schema names them, from its description in a docstring."""

import re
from typing import Any

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
# The types that an argument takes if its docstring names none, by the type of its default.
KINDS_OF_DEFAULT = {
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer", "number", "array"}),
    "number": frozenset({"number"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
}
_FILLER = {"a", "an", "the", "single", "small", "positive", "python", "optional", "non-negative"}
_INTEGER_WORDS = {"int", "ints", "integer", "integers"}
_REAL_WORDS = {"float", "floats", "number", "numbers", "scalar", "scalars"}


def _words_of_first_sentence(text: str) -> list[str]:
    sentence = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0].lower()
    return re.findall(r"[a-z-]+", sentence.replace("number of", ""))  # which names no type


def documented_kinds(text: str) -> frozenset[str]:
    """Return the JSON types in a description that begins with one: 'int or list of 2 ints'."""
    words = _words_of_first_sentence(text)
    first_word = next((word for word in words if word not in _FILLER), "")
    if first_word not in _KINDS:
        return frozenset()
    kinds = {_KINDS[word] for word in words if word in _KINDS}
    return frozenset(kinds | {"null"} if "none" in words else kinds)


def describes_real(text: str) -> bool:
    """Return whether a description names real numbers only, such as 'float or list of floats'."""
    words = set(_words_of_first_sentence(text))
    return bool(words & _REAL_WORDS) and not words & _INTEGER_WORDS


def kind_of(value: Any) -> str:
    """Return the JSON type of a value."""
    return {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        type(None): "null",
        dict: "object",
    }.get(type(value), "array")
