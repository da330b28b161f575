"""YAML text to a `Document`: safe, bounded, with the position of everything.

The tree is built from the parser's events, not with `yaml.load`: only so are
positions, duplicate keys, the nesting and the size of expanded aliases known
before anything is made of them, and no tag can name a Python object.

Plain scalars follow the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/,
section 10.3.2), in which `1e-3` is a number and `no` is a word; PyYAML's own
rules are those of YAML 1.1, where it is the other way round.
"""

import contextlib
import re
from typing import Any, NoReturn

import yaml

from mnistcli.config.document import Document, Path, Position, config_error

# A config of this language has a few hundred values some four levels deep.
MAX_NODES = 20_000
MAX_DEPTH = 40

NULL = re.compile(r"~|null|Null|NULL|")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
# What YAML 1.2 (section 5.1) does not allow in a file, and the halves of UTF-16 pairs by
# which Python stands for bytes of an option that are not UTF-8.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Python itself refuses to convert a decimal of over 4,300 digits.
MAX_NUMBER_LENGTH = 100


def read_yaml(text: str, source: str, option: bool = False, depth: int = 0) -> Document:
    """Read one YAML document.

    Args:
        text: the YAML.
        source: what positions name: the file, or an option's text.
        option: `text` is an option's value, where lines and columns say nothing.
        depth: levels of nesting above the document, where it will stand inside another.

    Raises:
        ConfigError: the text is not YAML, or uses a tag, a key that is not text, more
            than one document, or too much nesting or aliasing. A duplicate key goes
            to `Document.faults`, to be reported with whatever else is wrong.
    """
    if control := CONTROL.search(text):
        line, column = text.count("\n", 0, control.start()), text.rfind("\n", 0, control.start())
        position = Position(source, line + 1, control.start() - column)
        raise config_error(
            Position(source) if option else position,
            f"not valid YAML: the character {ascii(control[0])[1:-1]} is not allowed; remove it",
        )
    try:
        return _Reader(text, source, option, depth).read()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        position = Position(source) if option else Position(source, line, column)
        if mark:
            # The parser looks ahead, up to a limit of its own on nesting: what is wrong
            # before the place that it complains of comes first.
            with contextlib.suppress(yaml.YAMLError):
                _Reader(text[: mark.index], source, option, depth).read()
        character = text[mark.index : mark.index + 1] if mark else ""
        raise config_error(position, _explain(error, character, option)) from None


def _explain(error: yaml.YAMLError, character: str, option: bool) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"not valid YAML: {' '.join(str(error).split())}"
    problem = error.problem or "it cannot be read"
    # An option is one line: where in it something begins is plain to see.
    mark = None if option else error.context_mark
    begin = f" from {mark.line + 1}:{mark.column + 1}" if mark else ""
    context = f" ({error.context}{begin})" if error.context else ""
    mend = ""
    if character == "\t":
        problem, context, mend = "a tab", "", "; indent with spaces"
    elif "cannot start any token" in problem:
        problem, context, mend = f"text cannot begin with {character}", "", "; put it in quotes"
    elif "mapping values are not allowed" in problem:
        mend = "; check the indentation, and put text that holds a colon in quotes"
    return f"not valid YAML: {problem}{context}{mend}"


class _Reader:
    """One pass over the parser's events."""

    def __init__(self, text: str, source: str, option: bool, depth: int) -> None:
        self.events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.document = Document(source)
        self.option = option
        self.depth = depth
        self.anchors: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}
        self.heights: dict[str, int] = {}
        self.nodes = 0
        self.deepest = 0

    def read(self) -> Document:
        started = False
        self.document.values[()] = Position(self.document.source, *(() if self.option else (1, 1)))
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    self._fail(event, "a second YAML document; a config is one document")
                started = True
                self.document.value = self._node(next(self.events), (), self.depth)
        return self.document

    def _node(self, event: Any, path: Path, depth: int) -> Any:
        self.document.values[path] = self._position(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1, depth)
        if event.tag not in (None, "!"):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fail(event, f"the tag '{tag}' is not part of the language; remove it")
        before, deepest, self.deepest = self.nodes, self.deepest, depth
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path, depth)
        else:
            value = self._mapping(path, depth)
        if event.anchor:
            self.anchors[event.anchor] = value
            self.sizes[event.anchor] = self.nodes - before + 1
            self.heights[event.anchor] = self.deepest - depth
        self.deepest = max(deepest, self.deepest)
        return value

    def _count(self, event: Any, nodes: int, deepest: int) -> None:
        self.nodes += nodes
        self.deepest = max(self.deepest, deepest)
        if deepest > MAX_DEPTH:
            self._fail(event, f"nested more than {MAX_DEPTH} levels deep")
        if self.nodes > MAX_NODES:
            self._fail(event, f"more than {MAX_NODES:,} values, those of aliases included")

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(event, "a key must be a plain word")
            key, position = str(event.value), self._position(event)
            if key == "<<" and event.implicit[0]:
                message = "merge keys (<<) are not part of the language; write the keys out"
                self.document.faults.append((position, message))
                self._node(next(self.events), (*path, key), depth + 1)
                continue
            if key in entries:
                first = self.document.keys[(*path, key)]
                place = f"on line {first.line}" if first.line else "there"
                self.document.faults.append(
                    (position, f"duplicate key '{key}'; it is already {place}")
                )
            else:
                self.document.keys[(*path, key)] = position
            entries[key] = self._node(next(self.events), (*path, key), depth + 1)
        return entries

    def _alias(self, event: Any, depth: int) -> Any:
        if event.anchor not in self.anchors:
            self._fail(event, f"the alias '*{event.anchor}' names nothing that stands before it")
        # An alias counts as all that it stands for: ten lines can mean a billion values.
        self._count(event, self.sizes[event.anchor], depth + self.heights[event.anchor])
        return self.anchors[event.anchor]

    def _scalar(self, event: Any) -> Any:
        text = event.value
        is_plain = event.implicit[0]  # neither quoted nor a block of text
        value: Any = text
        if not is_plain or len(text) > MAX_NUMBER_LENGTH:
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
        if self.option:
            return Position(self.document.source)
        mark = event.start_mark
        return Position(self.document.source, mark.line + 1, mark.column + 1)

    def _fail(self, event: Any, message: str) -> NoReturn:
        raise config_error(self._position(event), message)
