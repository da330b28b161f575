"""YAML text to a `Document`: safe, bounded, with the position of everything.

The tree is built from the parser's events instead of with `yaml.load`. So the
positions, duplicate keys, nesting depth and size of expanded aliases are known
before any value is built, and no tag can name a Python object.

Plain scalars follow the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/,
section 10.3.2), in which `1e-3` is a number and `no` is a word. PyYAML itself
follows YAML 1.1, where `1e-3` is a word and `no` means false.
"""

import contextlib
import re
from typing import Any, NoReturn

import yaml

from mnistcli.config.document import Document, Path, Position, config_error
from mnistcli.errors import printable

# A config of this language has a few hundred values some four levels deep.
MAXIMUM_NODES = 20_000
MAXIMUM_DEPTH = 40

NULL = re.compile(r"~|null|Null|NULL|")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
# The characters that YAML 1.2 (section 5.1) does not allow in a file, and the lone surrogates
# that Python puts in place of an option's bytes that are not UTF-8.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Python itself refuses to convert a decimal of over 4,300 digits.
MAXIMUM_NUMBER_LENGTH = 100


def read_yaml(text: str, source: str, is_option: bool = False, depth: int = 0) -> Document:
    """Read one YAML document.

    Args:
        text: the YAML.
        source: what messages call it: the path of the file, or the text of the option.
        is_option: whether `text` is an option's value, which has no lines and columns.
        depth: levels of nesting above the document, if it becomes part of another.

    Raises:
        ConfigError: the text is not YAML, or uses a tag, a key that is not text, more
            than one document, or too much nesting or aliasing. A duplicate key goes
            to `Document.faults`, to be reported with the other problems.
    """
    if control := CONTROL.search(text):
        line, column = text.count("\n", 0, control.start()), text.rfind("\n", 0, control.start())
        position = Position(source, line + 1, control.start() - column)
        raise config_error(
            Position(source) if is_option else position,
            f"not valid YAML: the character {printable(control[0])} is not allowed; remove it",
        )
    try:
        return _Reader(text, source, is_option, depth).read()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        position = Position(source) if is_option else Position(source, line, column)
        if mark:
            # The parser looks ahead, and has its own limit on nesting. Whatever is wrong
            # before the place of its complaint is reported first.
            with contextlib.suppress(yaml.YAMLError):
                _Reader(text[: mark.index], source, is_option, depth).read()
        character = text[mark.index : mark.index + 1] if mark else ""
        raise config_error(position, _explain(error, character, is_option)) from None


def _explain(error: yaml.YAMLError, character: str, is_option: bool) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"not valid YAML: {' '.join(str(error).split())}"
    problem = error.problem or "it cannot be read"
    # An option is one short line, in which the user finds the place without a position.
    mark = None if is_option else error.context_mark
    start = f" from {mark.line + 1}:{mark.column + 1}" if mark else ""
    context = f" ({error.context}{start})" if error.context else ""
    fix = ""
    if character == "\t":
        problem, context, fix = "a tab", "", "; indent with spaces"
    elif "cannot start any token" in problem:
        problem, context, fix = f"text cannot begin with {character}", "", "; put it in quotes"
    elif "mapping values are not allowed" in problem:
        fix = "; check the indentation, and put text that holds a colon in quotes"
    return f"not valid YAML: {problem}{context}{fix}"


class _Reader:
    """One pass over the parser's events."""

    def __init__(self, text: str, source: str, is_option: bool, depth: int) -> None:
        self.events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.document = Document(source)
        self.is_option = is_option
        self.depth = depth
        self.anchors: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}
        self.heights: dict[str, int] = {}
        self.node_count = 0
        self.maximum_depth = 0

    def read(self) -> Document:
        has_document = False
        self.document.values[()] = (
            Position(self.document.source)
            if self.is_option
            else Position(self.document.source, 1, 1)
        )
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if has_document:
                    self._fail(event, "a second YAML document; a config is one document")
                has_document = True
                self.document.value = self._read_node(next(self.events), (), self.depth)
        return self.document

    def _read_node(self, event: Any, path: Path, depth: int) -> Any:
        self.document.values[path] = self._position(event)
        if isinstance(event, yaml.AliasEvent):
            return self._read_alias(event, depth)
        self._count(event, 1, depth)
        if event.tag not in (None, "!"):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fail(event, f"the tag '{tag}' is not part of the language; remove it")
        first_node = self.node_count
        outer_maximum_depth, self.maximum_depth = self.maximum_depth, depth
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._read_scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._read_sequence(path, depth)
        else:
            value = self._read_mapping(path, depth)
        if event.anchor:
            self.anchors[event.anchor] = value
            self.sizes[event.anchor] = self.node_count - first_node + 1
            self.heights[event.anchor] = self.maximum_depth - depth
        self.maximum_depth = max(outer_maximum_depth, self.maximum_depth)
        return value

    def _count(self, event: Any, nodes: int, depth: int) -> None:
        self.node_count += nodes
        self.maximum_depth = max(self.maximum_depth, depth)
        if depth > MAXIMUM_DEPTH:
            self._fail(event, f"nested more than {MAXIMUM_DEPTH} levels deep")
        if self.node_count > MAXIMUM_NODES:
            self._fail(event, f"more than {MAXIMUM_NODES:,} values, those of aliases included")

    def _read_sequence(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._read_node(event, (*path, len(items)), depth + 1))
        return items

    def _read_mapping(self, path: Path, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(event, "a key must be a plain word")
            key, position = str(event.value), self._position(event)
            if key == "<<" and event.implicit[0]:
                message = "merge keys (<<) are not part of the language; write the keys out"
                self.document.faults.append((position, message))
                self._read_node(next(self.events), (*path, key), depth + 1)
                continue
            if key in entries:
                first_position = self.document.keys[(*path, key)]
                place = f"on line {first_position.line}" if first_position.line else "there"
                self.document.faults.append(
                    (position, f"duplicate key '{key}'; it is already {place}")
                )
            else:
                self.document.keys[(*path, key)] = position
            entries[key] = self._read_node(next(self.events), (*path, key), depth + 1)
        return entries

    def _read_alias(self, event: Any, depth: int) -> Any:
        if event.anchor not in self.anchors:
            self._fail(event, f"the alias '*{event.anchor}' names nothing that stands before it")
        # An alias counts as every value in it: ten lines can expand to a billion values.
        self._count(event, self.sizes[event.anchor], depth + self.heights[event.anchor])
        return self.anchors[event.anchor]

    def _read_scalar(self, event: Any) -> Any:
        text = event.value
        is_plain = event.implicit[0]  # neither quoted nor a block of text
        value: Any = text
        if not is_plain or len(text) > MAXIMUM_NUMBER_LENGTH:
            pass
        elif NULL.fullmatch(text):
            value = None
        elif BOOLEAN.fullmatch(text):
            value = text.lower() == "true"
        elif INTEGER.fullmatch(text):
            value = int(text, 0 if text[:2] in ("0x", "0o") else 10)
        elif FLOAT.fullmatch(text):
            value = float(text.replace(".inf", "inf").replace(".nan", "nan"))
        return value

    def _position(self, event: Any) -> Position:
        if self.is_option:
            return Position(self.document.source)
        mark = event.start_mark
        return Position(self.document.source, mark.line + 1, mark.column + 1)

    def _fail(self, event: Any, message: str) -> NoReturn:
        raise config_error(self._position(event), message)
