"""Standard streams that are full, closed, or gone, and what a terminal would take for commands."""

import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from commands import COMMAND, PATIENCE_SECONDS, SMALL_CONFIG, command_environment, run_in_process
from PIL import Image
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mnistcli.cli.console import PrintableConsole
from mnistcli.data import Dataset
from mnistcli.errors import printable
from mnistcli.runs import RunDirectory

# ESC, BEL, a line break, text turned around, no width, C1, and a byte that is no UTF-8.
HOSTILE = "a\x1b[31m\x07\n\u202e\u200b\x9b\udcffz"
ESCAPED = r"a\x1b[31m\x07\n\u202e\u200b\x9b\xffz"


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which `mnistcli` is the command."""
    return subprocess.run(
        ["bash", "-c", f'mnistcli() {{ "{COMMAND}" "$@"; }}\n{line}'],
        cwd=folder,
        env=command_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def picture(tmp_path: Path, digits: Dataset) -> Path:
    path = tmp_path / "digit.png"
    Image.fromarray(digits.test_images[0]).save(path)
    return path


FULL = "error: cannot write to standard output: No space left on device\n"
CLOSED = "error: cannot write to standard output: Bad file descriptor\n"
NO_INPUT = "error: standard input: cannot be read (Bad file descriptor)\n"


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("predict digit.png >/dev/full", 1, FULL),
        ("predict digit.png --json >/dev/full", 1, FULL),
        ("--help >/dev/full", 1, FULL),
        ("schema >/dev/full", 1, FULL),
        ("predict digit.png >&-", 1, CLOSED),
        ("predict - <&-", 1, NO_INPUT),
        ("predict digit.png 2>&-", 0, ""),
        ("predict nowhere.png 2>&-", 1, ""),
        ("predict nowhere.png 2>/dev/full", 1, ""),
        ("train --bogus 2>/dev/full", 2, ""),
        ("predict digit.png <&- >&- 2>&-", 1, ""),
    ],
)
def test_a_stream_that_cannot_be_used(picture: Path, line: str, status: int, words: str) -> None:
    done = shell(f"mnistcli {line}", picture.parent)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith(words) if words else done.stderr == ""


def test_the_reader_of_a_pipe_may_go(tmp_path: Path) -> None:
    done = shell("mnistcli schema | head -c 9; echo ${PIPESTATUS[0]}", tmp_path)
    assert (done.stdout, done.stderr) == ('{"$schema141\n', "")


@pytest.mark.parametrize(
    ("streams", "status"), [("2>&1 | head -3", 141), ("<&- >&- 2>&-; true", 1)]
)
def test_a_training_outlives_its_streams(tmp_path: Path, streams: str, status: int) -> None:
    (tmp_path / "small.yaml").write_text(SMALL_CONFIG)
    line = f"{{ mnistcli train small.yaml --run-dir run; echo $? >status; }} {streams}"
    done = shell(line, tmp_path)
    assert "Traceback" not in done.stdout + done.stderr
    assert (tmp_path / "status").read_text() == f"{status}\n"
    run = RunDirectory(tmp_path / "run")
    assert run.read_record().status == "completed"
    assert {path.name for path in run.figures.iterdir()} >= {"training.png", "mistakes.png"}


def test_a_training_outlives_its_terminal(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL_CONFIG)
    master, terminal = os.openpty()
    process = subprocess.Popen(
        [COMMAND, "train", "small.yaml", "--run-dir", "run"],
        cwd=tmp_path,
        env=command_environment(TERM="xterm"),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    while b"epoch" not in shown:
        shown += os.read(master, 1000)
    os.close(master)
    stdout, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert b"test accuracy" in stdout
    assert RunDirectory(tmp_path / "run").read_record().status == "completed"


def test_what_a_terminal_would_obey_is_escaped_wherever_it_stands() -> None:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(printable(HOSTILE)))
    file = io.StringIO()
    console = PrintableConsole(file=file, width=80, highlight=False, markup=False, emoji=False)
    console.print(table)
    console.print(HOSTILE, "two", sep="\n", soft_wrap=True)
    console.print(Panel(HOSTILE, title=Text(printable(HOSTILE))))
    assert file.getvalue().count(ESCAPED) == 7

    console.print(Text(HOSTILE), Text(f"\n{HOSTILE}"))
    assert not any(
        character in file.getvalue() for character in HOSTILE if character in "\x1b\u202e"
    )
    assert all(line.isprintable() for line in file.getvalue().split("\n"))


def test_hostile_names_are_shown_as_escapes(
    trained_run: Path, picture: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = picture.parent
    picture.rename(folder / f"{HOSTILE}.png")
    (folder / f"{HOSTILE}.txt").write_text("no picture")
    (folder / HOSTILE).symlink_to(trained_run)
    read = ("predict", f"{HOSTILE}.png", "--run", HOSTILE)
    outputs = []
    for arguments, status in (
        (read, 0),
        ((*read, "--show"), 0),
        ((*read, "--line"), 0),
        (("show", "training", HOSTILE, "--out", f"{HOSTILE}漢.png"), 0),
        (("predict", f"{HOSTILE}.txt", "--run", HOSTILE), 1),
        (("train", f"{HOSTILE}.yaml"), 2),
        (("train", "--resume", f"{HOSTILE}2"), 1),
        (("train", f"--{HOSTILE}"), 2),
        ((HOSTILE,), 2),
    ):
        done = run_in_process(*arguments, folder=folder)
        assert done.returncode == status, done.stderr
        outputs.append(done.stdout + done.stderr)
    for output in outputs:
        assert all(line.isprintable() for line in output.split("\n")), output
        assert r"\u202e\u200b" in output
    told = json.loads(run_in_process(*read, "--json", folder=folder).stdout)
    assert told["predictions"][0]["image"] == f"{HOSTILE}.png"


@pytest.mark.parametrize("columns", ["0", "1", "abc", "-5", "²", "99999999999999", ""])
def test_columns_that_cannot_be_are_not_heeded(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    from mnistcli.cli.console import results

    widths = []
    for each in (columns, None):
        results.cache_clear()
        monkeypatch.delenv("COLUMNS", raising=False)
        if each is not None:
            monkeypatch.setenv("COLUMNS", each)
        widths.append(results().width)
    results.cache_clear()
    assert widths[0] == widths[1]


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("ulimit -v 500000", "TensorFlow cannot be loaded: "),
        ("ulimit -n 5", "Too many open files"),
        ("cd gone; rmdir ../gone", "error: the working directory is gone\n"),
    ],
)
def test_what_a_system_refuses_is_one_clear_error(tmp_path: Path, before: str, words: str) -> None:
    (tmp_path / "small.yaml").write_text(SMALL_CONFIG)
    (tmp_path / "gone").mkdir()
    done = shell(f"{before}; mnistcli train {tmp_path}/small.yaml", tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
