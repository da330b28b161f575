"""The commands of the pages do what is printed under them."""

import re
from pathlib import Path

import pytest
from pages import PAGES, ROOT, Step, run_step, steps_of


def mask(text: str) -> list[str]:
    """Return lines that are the same on every machine: without figures, names of runs and widths."""
    text = re.sub(r"\d[\d,.]*", "0", text)
    return [re.sub(r"[\s─]+", " ", line).strip() for line in text.splitlines()]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_what_its_commands_print(name: str, tmp_path: Path) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    steps = steps_of(ROOT / name)
    assert steps
    for step in steps:
        done = run_step(step, tmp_path)
        assert mask(done.stdout) == mask(step.output), step.command
