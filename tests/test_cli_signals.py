"""A signal ends a command at any instant, and only a command that does not ignore it."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from commands import (
    COMMAND,
    PATIENCE_SECONDS,
    SMALL_CONFIG,
    command_environment,
    run_in_process,
    wait_until,
)
from PIL import Image

from mnistcli.cli import signals
from mnistcli.data import Dataset
from mnistcli.errors import STOP_SIGNALS, StopSignal
from mnistcli.runs import RunDirectory

LONG = ("--set", "epochs=10000", "--run-dir", "run")


def start(
    *arguments: str | Path, folder: Path, ignored: str = "", **variables: str
) -> subprocess.Popen[str]:
    """Start a command, with signals ignored as `nohup` and a shell's `&` leave them."""
    (folder / "small.yaml").write_text(SMALL_CONFIG)
    ignore = f"trap '' {ignored}; " if ignored else ""
    return subprocess.Popen(
        ["sh", "-c", f'{ignore}exec "$@"', "sh", COMMAND, *map(str, arguments)],
        cwd=folder,
        env=command_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "module", ["mnistcli.cli.streams", "typer", "rich.console", "numpy", "mnistcli.data"]
)
def test_ctrl_c_during_the_imports_is_no_traceback(tmp_path: Path, module: str) -> None:
    process = start("train", "small.yaml", folder=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert process.stderr
    for line in process.stderr:
        if line.rpartition("|")[2].strip() == module:
            break
    process.send_signal(signal.SIGINT)
    rest = [line for line in process.stderr if not line.startswith("import time:")]
    process.wait(timeout=PATIENCE_SECONDS)
    assert process.stdout
    process.stdout.close()
    process.stderr.close()
    assert (process.returncode, rest) == (130, ["interrupted\n"])
    assert not (tmp_path / "runs").exists()


def test_a_terminal_that_hangs_up_leaves_a_run_to_go_on_with(tmp_path: Path) -> None:
    process = start("train", "small.yaml", *LONG, folder=tmp_path)
    run = RunDirectory(tmp_path / "run")
    wait_until(run.best_checkpoint.exists, process)
    process.send_signal(signal.SIGHUP)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 129
    assert "go on with: mnistcli train --resume run" in stderr
    assert run.read_record().status == "interrupted"
    assert run.list_checkpoints()[-1].epoch >= 1


def test_one_trainer_at_a_time_which_ignores_what_it_ignored_on_entry(tmp_path: Path) -> None:
    process = start("train", "small.yaml", *LONG, folder=tmp_path, ignored="HUP INT")
    run = RunDirectory(tmp_path / "run")
    wait_until(run.best_checkpoint.exists, process)

    second = run_in_process("train", "--resume", "run", folder=tmp_path)
    evaluated = run_in_process("evaluate", "run", folder=tmp_path)

    assert second.returncode == 1
    assert second.stderr.startswith(f"error: run is being trained by process {process.pid}\n")
    assert evaluated.returncode == 0, evaluated.stderr

    for number in (signal.SIGHUP, signal.SIGINT):
        process.send_signal(number)
    epoch = len(run.read_metrics())
    wait_until(lambda: len(run.read_metrics()) >= epoch + 5, process)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 143, stderr
    assert "error: interrupted" in stderr and "mnistcli train --resume run" in stderr
    assert run.read_record().status == "interrupted"


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts back the handlers of pytest."""
    before = [(number, signal.getsignal(number)) for number in (*STOP_SIGNALS, signal.SIGALRM)]
    excepthook = threading.excepthook
    yield
    threading.excepthook = excepthook
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_swallowed_is_raised_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signals, "RETRY_SECONDS", 0.02)

    class Destructor:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    swallowed = 0
    with pytest.raises(StopSignal) as caught, signals.raise_stop_signals():
        Destructor()
        swallowed += 1
        with suppress(BaseException):
            time.sleep(60)
        swallowed += 1
        time.sleep(60)
    assert swallowed == 2
    assert caught.value.signal_number == signal.SIGTERM
    assert capsys.readouterr().err == ""


@pytest.fixture
def many_pictures(tmp_path: Path, digits: Dataset) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    Image.fromarray(255 - digits.test_images[0]).resize((700, 700)).save(folder / "0.png")
    for i in range(1, 120):
        (folder / f"{i}.png").write_bytes((folder / "0.png").read_bytes())
    return folder


def wait_for_workers(process: subprocess.Popen[str]) -> list[int]:
    """The processes of a pool, once there are two."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: len(children.read_text().split()) >= 2, process)
    return list(map(int, children.read_text().split()))


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_a_command(trained_run: Path, many_pictures: Path, number: int) -> None:
    arguments = ("predict", "many", "--run", trained_run)
    process = start(*arguments, folder=many_pictures.parent)
    workers = wait_for_workers(process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    if number == signal.SIGKILL:
        assert (process.returncode, stderr) == (-number, "")
    else:
        assert (process.returncode, stderr) == (128 + number, "interrupted\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_what_a_killed_process_should_have_read_is_read_all_the_same(
    trained_run: Path, many_pictures: Path
) -> None:
    arguments = ("predict", "many", "--run", trained_run, "--json")
    process = start(*arguments, folder=many_pictures.parent)
    os.kill(wait_for_workers(process)[0], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stderr) == (0, "")
    assert len(json.loads(stdout)["predictions"]) == 120
