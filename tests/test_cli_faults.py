"""A second signal, and what a system refuses, as a user meets them."""

import os
import signal
import subprocess
import time
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

from mnistcli.runs import RunDirectory

# One step of this takes many seconds.
SLOW_CONFIG = """\
layers:
  - Conv2D: {filters: 64, kernel_size: 9, padding: same}
  - Conv2D: {filters: 64, kernel_size: 9, padding: same}
  - Flatten
  - Dense: {units: 10, activation: softmax}
optimizer: sgd
batch_size: 1294
data: {dataset: digits}
"""


def start(
    folder: Path, text: str, *options: str, limit: str = "unlimited"
) -> subprocess.Popen[str]:
    """Train a config into the folder `run`, with a limit on the size of each file.

    Args:
        limit: in blocks of 512 bytes.
    """
    (folder / "config.yaml").write_text(text)
    command = [str(COMMAND), "train", "config.yaml", "--run-dir", "run", *options]
    return subprocess.Popen(
        ["sh", "-c", f'ulimit -f {limit} && exec "$@"', "sh", *command],
        cwd=folder,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """What a process has computed, on all cores."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processor time in /proc")
def test_the_second_signal_stops_in_the_middle_of_a_step(tmp_path: Path) -> None:
    process = start(tmp_path, SLOW_CONFIG)
    run = RunDirectory(tmp_path / "run")
    wait_until(run.checkpoint(0).exists, process)
    before = cpu_seconds(process)
    wait_until(lambda: cpu_seconds(process) > before + 3, process)  # it is within the first step

    process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # else the two are one
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 130
    assert stderr.endswith("stopped at once, in the middle of a step\n")
    assert [checkpoint.epoch for checkpoint in run.list_checkpoints()] == [0]


@pytest.mark.usefixtures("bare_runs")
def test_a_file_that_cannot_grow_is_one_clear_line(tmp_path: Path) -> None:
    process = start(tmp_path, SMALL_CONFIG, "--quiet", limit="80")

    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    path = Path("run/checkpoints/epoch-0000.npz")
    assert stderr.startswith(f"error: cannot write {path}: File too large\n")
    assert len(stderr.splitlines()) == 2
    run = RunDirectory(tmp_path / "run")
    assert run.read_record().status == "failed"
    resumed = run_in_process("train", "--resume", "run", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert not list(run.path.rglob(".writing-*"))


def test_too_little_memory_is_one_clear_line(tmp_path: Path) -> None:
    text = """
layers:
  - Conv2D: {filters: 200000, kernel_size: 1}
  - GlobalAveragePooling2D
  - Dense: {units: 10, activation: softmax}
data: {dataset: digits}
"""
    process = start(tmp_path, text, "--quiet")
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert stderr.startswith("error: out of memory: "), stderr
    assert "batch_size" in stderr.splitlines()[1]


@pytest.mark.usefixtures("bare_runs")
def test_a_run_can_be_reproduced(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL_CONFIG)
    run_in_process("train", "small.yaml", "--run-dir", "run", folder=tmp_path)
    before = sorted(tmp_path.rglob("*"))

    done = run_in_process("reproduce", "run", "--quiet", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "run, trained again:",
        *(f"  epoch {epoch}     identical" for epoch in range(4)),
        "  test        identical",
        "Identical to the last bit; only the times differ.",
    ]
    assert sorted(tmp_path.rglob("*")) == before
