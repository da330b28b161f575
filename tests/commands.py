"""Runs the command: as a user's shell would, or in this process, where TensorFlow may have started.

A process that starts TensorFlow takes some five seconds of processor time before it does anything,
so a test has one only for what a process has of its own: signals, streams, limits, imports.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import BinaryIO
from unittest import mock

import pytest

from mnistcli.cli.app import app, run
from mnistcli.cli.console import progress, results
from mnistcli.cli.streams import connect_streams
from mnistcli.errors import STOP_SIGNALS, MnistcliError

COMMAND = Path(sys.executable).parent / "mnistcli"

# Ends a process that hangs; a busy machine takes many times as long as an idle one.
PATIENCE_SECONDS = 300

# Learns `digits` to over 80 % in a second or two.
SMALL_CONFIG = """\
layers:
  - Dense: {units: 32, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: 10, activation: softmax}
optimizer: {Adam: {learning_rate: 5e-3}}
epochs: 3
data: {dataset: digits}
"""


def command_environment(**variables: str) -> dict[str, str]:
    """This process's environment without what changes how output looks."""
    ours = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "MNISTCLI_RUNS_DIR"}
    ours.add("TF_CPP_MIN_LOG_LEVEL")  # JAX, which TensorFlow imports where it is, sets it
    return {name: value for name, value in os.environ.items() if name not in ours} | variables


def run_command(
    *arguments: str | Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `mnistcli` in a folder, with more environment variables; output is not a terminal."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=folder,
        env=command_environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def run_in_process(
    *arguments: str | Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Do what `run_command` does, in this process: the same streams, environment and status."""
    command = ["mnistcli", *map(str, arguments)]
    environment = command_environment(**variables)
    with ExitStack() as stack:
        stack.enter_context(chdir(folder))
        stack.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        stack.enter_context(mock.patch.object(sys, "argv", command))
        stack.enter_context(_kept_signal_handlers())
        output, errors = (stack.enter_context(_diverted(name)) for name in ("stdout", "stderr"))
        connect_streams()
        results.cache_clear()
        progress.cache_clear()
        with pytest.raises(SystemExit) as exit_:
            run()
        progress().file.close()  # a copy of this process's stderr
        results.cache_clear()
        progress.cache_clear()
        sys.stdout.flush()
        sys.stderr.flush()
        written = [os.pread(file.fileno(), 2**24, 0).decode() for file in (output, errors)]
    status = exit_.value.code
    assert isinstance(status, int)
    return subprocess.CompletedProcess(command, status, *written)


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for what a process does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run_piped(arguments: str, reader: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `mnistcli ARGUMENTS | READER` in a shell."""
    return subprocess.run(
        f"'{COMMAND}' {arguments} | {reader}",
        shell=True,
        cwd=folder,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def invoke(*arguments: object) -> MnistcliError | None:
    """Run a command in this process, where TensorFlow may have started; returns its error."""
    try:
        app([str(argument) for argument in arguments], standalone_mode=False)
    except MnistcliError as error:
        return error
    finally:
        progress().file.close()  # a copy of this process's stderr
        progress.cache_clear()
    return None


@contextmanager
def _kept_signal_handlers() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGALRM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _diverted(name: str) -> Iterator[BinaryIO]:
    """Take what is written to a standard stream, by whatever means, into a file."""
    number = {"stdout": 1, "stderr": 2}[name]
    original = os.dup(number)
    stream = os.fdopen(number, "w", encoding="utf-8", closefd=False)
    with tempfile.TemporaryFile() as file, mock.patch.object(sys, name, stream):
        os.dup2(file.fileno(), number)
        try:
            yield file
        finally:
            os.dup2(original, number)
            os.close(original)
