"""Output that is whole on a narrow terminal, in a pipe and in a shell that it is pasted into."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from commands import run_in_process
from rich.console import Console

from mnistcli.cli.tables import FittingTable
from mnistcli.errors import command_line, shell_line


@pytest.mark.parametrize(
    ("width", "shown", "hidden"), [(80, "abc", ""), (40, "ab", "ccc"), (22, "a", "bbb, ccc")]
)
def test_columns_without_room_are_named_and_none_is_cut(
    width: int, shown: str, hidden: str
) -> None:
    table = FittingTable("what is known")
    table.add_column("aaa", overflow="fold")
    table.add_column("bbb", no_wrap=True)
    table.add_column("ccc", no_wrap=True)
    table.add_row("a" * 20, "b" * 12, "c" * 12)
    console = Console(file=io.StringIO(), width=width)

    console.print(table)

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.startswith("what is known")
    counts = {letter: text.count(letter) for letter in "abc"}
    for letter, full in (("a", 20), ("b", 12), ("c", 12)):
        assert (counts[letter] >= full) == (letter in shown)
    assert "…" not in text
    assert (f"no room for {hidden}; --json" in " ".join(text.split())) == bool(hidden)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("arguments", [("--help",), ("show", "--help"), ("configs", "--help")])
def test_help_has_each_summary_whole(
    arguments: tuple[str, ...], columns: int, tmp_path: Path
) -> None:
    done = run_in_process(*arguments, folder=tmp_path, COLUMNS=str(columns))
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) <= columns


@pytest.mark.parametrize(
    "word", ["a b", "it's", "a\nb", "it's\n\\n", "x\x85y\u200bz", "\x1b[31m", "$HOME\t`id`"]
)
def test_a_command_can_be_pasted_whatever_the_name(word: str) -> None:
    line = shell_line("printf", "%s", word)
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == word
    assert command_line(word).startswith("mnistcli ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "nothing.yaml"), "there is no config file nothing.yaml"),
        (("runs", "--bogus"), "No such option: --bogus"),
        (("evaluate", "gone"), "gone"),
    ],
)
def test_an_error_is_one_json_document_too(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    plain = run_in_process(*arguments, folder=tmp_path)
    done = run_in_process(*arguments, "--json", folder=tmp_path)

    assert plain.stdout == ""
    assert (done.returncode, done.stderr) == (plain.returncode, plain.stderr)
    error = json.loads(done.stdout)["error"]
    assert message in error["message"]
    assert error["exit_status"] == done.returncode
    assert all(line in done.stderr for line in error["details"])
