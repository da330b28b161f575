"""Runs the installed command as a user's shell would."""

import os
import subprocess
import sys
from pathlib import Path

from mnistcli.cli.app import app
from mnistcli.cli.console import progress
from mnistcli.errors import MnistcliError

COMMAND = Path(sys.executable).parent / "mnistcli"

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
        timeout=240,
        check=False,
    )


def run_piped(arguments: str, reader: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `mnistcli ARGUMENTS | READER` in a shell."""
    return subprocess.run(
        f"'{COMMAND}' {arguments} | {reader}",
        shell=True,
        cwd=folder,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=240,
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
