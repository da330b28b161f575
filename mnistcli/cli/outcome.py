"""What came of a new run, and what to type next."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from mnistcli.cli.console import results
from mnistcli.errors import command_line, printable
from mnistcli.numbers import format_count, format_percent

if TYPE_CHECKING:
    from mnistcli.runs import RunDirectory
    from mnistcli.scores import Evaluation

_NAME_WIDTH = 15


def print_result(evaluation: "Evaluation", rows: Mapping[str, str], run: "RunDirectory") -> None:
    """Print what a new run is worth on its test images.

    Args:
        rows: what else there is to say, by what it is.
    """
    accuracy = format_percent(evaluation.accuracy, decimals=2)
    errors = format_count(evaluation.errors, "error")
    _print_row("test accuracy", f"{accuracy} ({errors} in {evaluation.images:,} images)", "green")
    for name, text in rows.items():
        _print_row(name, text)
    if notice := evaluation.chance_notice:
        _print_row("note", notice, "yellow")
    _print_row("run", str(run.path))


def print_next(run: "RunDirectory", figures: Sequence[Path]) -> None:
    """Print which figures were written of a new run and, each on a line, what to type next."""
    from mnistcli.runs import runs_root

    names = ", ".join(path.name for path in figures)
    _print_row("figures", f"{names} in its folder {run.figures.name}")
    # Without --run, predict takes the latest run under runs/: this one.
    named_run = () if run.path.parent == runs_root() else ("--run", run.path)
    commands = (
        command_line("evaluate", run.path),
        command_line("predict", "IMAGE", *named_run),
    )
    results().print("", "Next:", *(f"  {line}" for line in commands), sep="\n", soft_wrap=True)


def _print_row(name: str, text: str, style: str = "") -> None:
    row = Text.assemble((f"{name:<{_NAME_WIDTH}}", "dim"), (printable(text), style))
    results().print(row, soft_wrap=True)
