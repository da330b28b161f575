"""The constraints that README's commands and checks install with, and what was tried."""

import re
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from versions import CONSTRAINTS, KEY_COLUMNS, MARKS, PAGE, ROOT, update_table

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
LINES = [
    line
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    if line[:1] not in ("", "#")
]
ROW = {"versions": "pinned", "tests": "quick", "Python": "3.11", "outcome": "3 passed"}


def test_constraints_are_names_and_versions_only() -> None:
    pattern = r"[a-z0-9-]+==[a-z0-9.]+( ; [a-z_]+ [<>=!]+ '[A-Za-z0-9.]+')?"
    assert [line for line in LINES if not re.fullmatch(pattern, line)] == []


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_what_pyproject_needs_is_pinned_within_its_bounds(text: str) -> None:
    requirement = Requirement(text)
    pins = [Requirement(line) for line in LINES]
    versions = [
        specifier.version
        for pin in pins
        if pin.name == canonicalize_name(requirement.name)
        for specifier in pin.specifier
    ]
    assert versions, "run `python tests/versions.py pin`"
    assert all(map(requirement.specifier.contains, versions))


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_each_requirement_has_a_lower_bound(text: str) -> None:
    assert ">=" in {specifier.operator for specifier in Requirement(text).specifier}


def test_the_table_keeps_the_latest_outcome_of_each_trial() -> None:
    text = f"before\n{MARKS[0]}\n{MARKS[1]}\nafter\n"
    rows = [ROW, ROW | {"Python": "3.12"}, ROW | {"outcome": "1 of 3 failed"}]
    for row in rows:
        text = update_table(text, row)
    assert text.startswith(f"before\n{MARKS[0]}\n| versions | ")
    assert text.endswith(f" |\n{MARKS[1]}\nafter\n")
    outcomes = [line.split(" | ")[KEY_COLUMNS:][-2] for line in text.splitlines()[4:-2]]
    assert outcomes == ["1 of 3 failed", "3 passed"]


def test_a_page_has_a_place_for_the_table() -> None:
    assert [PAGE.read_text(encoding="utf-8").count(mark) for mark in MARKS] == [1, 1]
