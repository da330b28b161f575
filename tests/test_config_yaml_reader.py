"""YAML to plain values with positions: safe, bounded, and numbers as YAML 1.2 has them."""

import math
from typing import Any

import pytest

from mnistcli.config.document import Position
from mnistcli.config.yaml_reader import MAXIMUM_DEPTH, MAXIMUM_NODES, read_yaml
from mnistcli.errors import ConfigError


def read_value(text: str) -> Any:
    return read_yaml(text, "c.yaml").value


def error_of(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read_yaml(text, "c.yaml")
    first, last = str(error.value).split("\n")
    assert last == "1 error in c.yaml"
    return first


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-2E5", -2e5),
        ("1.", 1.0),
        (".5", 0.5),
        ("+7", 7),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("1e999", math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        # Words, though YAML 1.1 and so PyYAML take them for booleans and numbers.
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("off", "off"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-21", "2026-11-21"),
        ("0x", "0x"),
        ("e3", "e3"),
        ("-", ["-"]),
        # What is quoted or a block of text is text.
        ("'10'", "10"),
        ('"1e-3"', "1e-3"),
        ("'null'", "null"),
        ("''", ""),
        ("|\n  5\n", "5\n"),
        # Longer than any number of use; Python refuses to convert far longer ones.
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    text = f"[{text}]" if "\n" not in text and text != "-" else f"- {text}"
    expected = [[None]] if value == ["-"] else [value]
    read = read_value(text)
    assert read == expected
    assert type(read[0]) is type(expected[0])


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(read_value(".nan"))


def test_every_key_and_value_has_its_position() -> None:
    document = read_yaml(
        "# a comment\nname: é☃ # two wide letters\nlayers:\n  - Flatten\n"
        "  - Dense: {units: 10,\n      name: [a,  b]}\n",
        "c.yaml",
    )
    dense = ("layers", 1, "Dense")
    values = {path: (at.line, at.column) for path, at in document.values.items()}
    keys = {path: (at.line, at.column) for path, at in document.keys.items()}
    assert values == {
        (): (2, 1),
        ("name",): (2, 7),
        ("layers",): (4, 3),
        ("layers", 0): (4, 5),
        ("layers", 1): (5, 5),
        dense: (5, 12),
        (*dense, "units"): (5, 20),
        (*dense, "name"): (6, 13),
        (*dense, "name", 0): (6, 14),
        (*dense, "name", 1): (6, 18),
    }
    assert keys == {
        ("name",): (2, 1),
        ("layers",): (3, 1),
        dense: (5, 5),
        (*dense, "units"): (5, 13),
        (*dense, "name"): (6, 7),
    }


def test_an_alias_stands_for_the_value_and_is_located_where_it_is_used() -> None:
    document = read_yaml("a: &x {b: 1}\nc:\n  - *x\n", "c.yaml")
    assert document.value == {"a": {"b": 1}, "c": [{"b": 1}]}
    assert str(document.locate(("c", 0, "b"))) == "c.yaml:3:5"


def test_a_duplicate_key_is_a_fault_and_reading_goes_on() -> None:
    document = read_yaml("a: 1\nb: {c: 1, c: 2}\na: 3\n", "c.yaml")
    assert document.faults == [
        (Position("c.yaml", 2, 11), "duplicate key 'c'; it is already on line 2"),
        (Position("c.yaml", 3, 1), "duplicate key 'a'; it is already on line 1"),
    ]


def test_keys_are_words_whatever_they_look_like() -> None:
    assert read_value("{1: a, true: b, 1e-3: c, no: d, '': e}") == {
        "1": "a",
        "true": "b",
        "1e-3": "c",
        "no": "d",
        "": "e",
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\n\n", "null"])
def test_nothing_is_none(text: str) -> None:
    assert read_value(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: !!python/object:os.system x",
            "c.yaml:1:4: error: the tag '!!python/object:os.system'",
        ),
        ("a: !!python/object/apply:os.system [ls]", "c.yaml:1:4: error: the tag '!!python/obj"),
        ("a:\n- !mine 3", "c.yaml:2:3: error: the tag '!mine' is not part of the language; remove"),
        ("!!map {a: 1}", "c.yaml:1:1: error: the tag '!!map'"),
        ("a:\n\t- b", "c.yaml:2:1: error: not valid YAML: a tab; indent with spaces"),
        ("a: @b", "c.yaml:1:4: error: not valid YAML: text cannot begin with @; put it in quotes"),
        ("é: 1\nb: `x`", "c.yaml:2:4: error: not valid YAML: text cannot begin with `; put it in"),
        (
            "a: b: c",
            "c.yaml:1:5: error: not valid YAML: mapping values are not allowed in this con",
        ),
        ("epochs: 5\n  seed: 1", "c.yaml:2:7: error: .* check the indentation"),
        ("a: [1,\nb: 2", "c.yaml:3:1: error: .*a flow sequence from 1:4"),
        ("a: 'b\n", "c.yaml:2:1: error: .*unexpected end of stream.* from 1:4"),
        ("a: 1\n---\nb: 2", "c.yaml:2:1: error: a second YAML document; a config is one document"),
        ("a: *x", "c.yaml:1:4: error: the alias '\\*x' names nothing that stands before it"),
        (
            "a: &x [1, *x]",
            "c.yaml:1:11: error: the alias '\\*x' names nothing that stands before it",
        ),
        ("? [a]\n: 3", "c.yaml:1:3: error: a key must be a plain word"),
        ("&x a: 1\n*x : 2", "c.yaml:2:1: error: a key must be a plain word"),
        ("a: b\nc: d\0e", r"c.yaml:2:5: error: not valid YAML: the character \\x00 is not allowed"),
        ("é: \x1b[31m", r"c.yaml:1:4: error: not valid YAML: the character \\x1b is not allowed"),
        ("%YAML 3.0\n---\na: 1", "c.yaml:1:1: error: not valid YAML: found incompatible YAML docu"),
        ('a: "\\ud800"', "c.yaml:1:7: error: not valid YAML: found invalid Unicode character"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        read_yaml(text, "c.yaml")


def test_nesting_is_bounded() -> None:
    assert read_value("[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH)
    too_deep = MAXIMUM_DEPTH + 2
    message = f"c.yaml:1:{too_deep}: error: nested more than {MAXIMUM_DEPTH} levels deep"
    assert error_of("[" * too_deep + "]" * too_deep) == message
    assert error_of("[" * 500_000) == message
    # The parser looks ahead: a mistake further on, or its own limit, comes after ours.
    assert error_of("[" * too_deep + "@") == message
    block = "\n".join(f"{' ' * level}a:" for level in range(5_000))
    assert (
        error_of(block) == f"c.yaml:{too_deep}:{too_deep}: error: nested more than 40 levels deep"
    )
    assert error_of("{a: " * 5_000) == "c.yaml:1:165: error: nested more than 40 levels deep"
    assert error_of("- " * 5_000) == "c.yaml:1:83: error: nested more than 40 levels deep"
    for text in ("[" * 500_000, "{a: " * 5_000, "- " * 5_000):
        with pytest.raises(ConfigError, match=r"^--set x: error: nested more than 40 levels deep$"):
            read_yaml(text, "--set x", is_option=True)


def test_nesting_through_aliases_is_bounded_too() -> None:
    """Small enough in number, these values are nested 1,000 deep: no recursion could follow."""
    lines = ["- &a0 " + "[" * 35 + "1" + "]" * 35]
    lines += [f"- &a{i} {'[' * 35}*a{i - 1}{']' * 35}" for i in range(1, 30)]
    assert error_of("\n".join(lines)) == "c.yaml:2:42: error: nested more than 40 levels deep"


def test_merge_keys_are_refused_by_name() -> None:
    document = read_yaml("a: &a {b: 1}\nc: {<<: *a, '<<': 2}\n", "c.yaml")
    message = "merge keys (<<) are not part of the language; write the keys out"
    assert document.faults == [(Position("c.yaml", 2, 5), message)]
    assert document.value["c"] == {"<<": 2}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    names = [(f"a{i}", ", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 10)]
    lines += [f"{name}: &{name} [{aliases}]" for name, aliases in names]
    message = error_of("\n".join(lines))
    assert message.endswith(f"error: more than {MAXIMUM_NODES:,} values, those of aliases included")
    assert message.startswith("c.yaml:5:")


def test_the_number_of_values_is_bounded() -> None:
    many = "- x\n" * (MAXIMUM_NODES - 1)  # and the list itself
    assert len(read_value(many)) == MAXIMUM_NODES - 1
    assert error_of(many + "- x\n").startswith(f"c.yaml:{MAXIMUM_NODES}:3: error: more than 20,000")


def test_an_option_is_named_without_lines() -> None:
    document = read_yaml("{a: 1, a: 2}", "--set data={a: 1, a: 2}", is_option=True)
    assert {str(position) for position in document.values.values()} == {"--set data={a: 1, a: 2}"}
    assert document.faults[0][1] == "duplicate key 'a'; it is already there"
    for text in ("[1", "\0", "\udcff", "@", "a: b: c"):
        with pytest.raises(ConfigError, match=r"^--set x: error: not valid YAML: [^\n]*$"):
            read_yaml(text, "--set x", is_option=True)
