"""`mnistcli train`, as typed."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from commands import (
    COMMAND,
    PATIENCE_SECONDS,
    SMALL_CONFIG,
    command_environment,
    run_command,
    run_in_process,
    wait_until,
)
from trainings import assert_same_training

from mnistcli.config import load_config
from mnistcli.execution import ONEDNN_SETTING, preferred_kernels
from mnistcli.model.backend import cpu_kernels
from mnistcli.runs import RunDirectory

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL_CONFIG)
    return path


def without_mnist(folder: Path) -> dict[str, str]:
    """An environment in which MNIST is nowhere and the network answers nothing."""
    return {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "KERAS_HOME": str(folder / "keras"),
        "HOME": str(folder),
        "https_proxy": "http://127.0.0.1:9",
    }


@pytest.fixture
def no_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNISTCLI_DATA_DIR", raising=False)


def test_mnist_is_learned_through_the_command_line(tmp_path: Path) -> None:
    """With MNISTCLI_DATA_DIR set this is the real MNIST, and fails where that is missing."""
    if "MNISTCLI_DATA_DIR" in os.environ:
        options, least = ["--set", "epochs=1"], 0.94
    else:
        options, least = ["--set", "data={dataset: digits}", "--set", "epochs=15"], 0.9
    done = run_command("train", CONFIGS / "mlp.yaml", *options, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["metrics"]["test_accuracy"] >= least
    # Its layers are dense: Eigen's kernels are faster, though TensorFlow may prefer oneDNN's.
    preferred = preferred_kernels(load_config(CONFIGS / "mlp.yaml").config)
    assert preferred in (None, result["kernels"]) or result["kernels"] == "unknown"
    run = tmp_path / result["run"]
    assert json.loads((run / "run.json").read_text())["status"] == "completed"
    evaluated = run_in_process("evaluate", run, "--json", folder=tmp_path)
    assert json.loads(evaluated.stdout)["accuracy"] == result["metrics"]["test_accuracy"]


def test_progress_goes_to_stderr_and_the_result_to_stdout(small: Path) -> None:
    done = run_in_process("train", "small.yaml", folder=small.parent, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    (run,) = (small.parent / "runs").iterdir()
    assert run.name.startswith("small-")
    assert "test accuracy" in done.stdout
    assert f"mnistcli evaluate runs/{run.name}" in done.stdout
    rows = [line.split() for line in done.stderr.splitlines() if line[:5].strip().isdigit()]
    assert [row[0] for row in rows] == ["0", "1", "2", "3"]
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 80


@pytest.mark.usefixtures("no_data_dir")
def test_a_dry_run_checks_everything_with_the_fallback_and_writes_nothing(small: Path) -> None:
    data = "data: {fallback: digits}"
    small.write_text(SMALL_CONFIG.replace("data: {dataset: digits}", data))
    arguments = ("train", "small.yaml", "--dry-run", "--json")
    home = small.parent / "home"
    home.mkdir()
    done = run_in_process(*arguments, folder=small.parent, **without_mnist(home))
    assert done.returncode == 0, done.stderr
    assert "using 'digits' instead" in done.stderr
    told = json.loads(done.stdout)
    assert told["steps_per_epoch"] == 41  # 90 % of 1,438 images in batches of 32
    assert told["seconds"] == pytest.approx(3 * told["seconds_per_epoch"])
    assert set(small.parent.iterdir()) == {small, home}


def test_an_error_that_only_keras_sees_names_the_line_and_writes_nothing(small: Path) -> None:
    small.write_text(SMALL_CONFIG.replace("units: 10,", "units: 9,"))
    done = run_in_process("train", "small.yaml", folder=small.parent)
    assert done.returncode == 2
    assert "\nsmall.yaml:4:20: error: the model ends in 9 units" in done.stderr
    assert [path.name for path in small.parent.iterdir()] == ["small.yaml"]


def test_an_option_that_is_wrong_is_named(small: Path) -> None:
    done = run_in_process("train", "small.yaml", "--set", "epochs=ten", folder=small.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("--set epochs=ten: error: epochs: expected a whole number")


def test_an_existing_run_directory_is_left_alone(small: Path) -> None:
    kept = small.parent / "kept"
    kept.mkdir()
    done = run_in_process("train", "small.yaml", "--run-dir", "kept", folder=small.parent)
    assert done.returncode == 1
    assert "kept exists already" in done.stderr
    assert list(kept.iterdir()) == []


def test_a_run_directory_that_cannot_be_made_is_an_error(small: Path) -> None:
    done = run_in_process("train", "small.yaml", "--run-dir", "small.yaml/x", folder=small.parent)
    assert done.returncode == 1
    assert "--run-dir" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("no_data_dir")
def test_no_network_and_no_fallback_names_the_ways_out(small: Path) -> None:
    small.write_text(SMALL_CONFIG.replace("data: {dataset: digits}", ""))
    environment = without_mnist(small.parent)
    done = run_in_process("train", "small.yaml", folder=small.parent, **environment)
    assert done.returncode == 1
    for word in ("storage.googleapis.com", "MNISTCLI_DATA_DIR", "data.dataset=digits"):
        assert word in done.stderr
    assert not (small.parent / "runs").exists()


def test_damaged_data_is_an_error_though_there_is_a_fallback(small: Path) -> None:
    small.write_text(
        SMALL_CONFIG.replace("{dataset: digits}", "{dataset: mnist, fallback: digits}")
    )
    data = small.parent / "data"
    data.mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (data / f"{name}-ubyte.gz").write_bytes(b"\x1f\x8b\x08\x00cut short")
    done = run_in_process("train", "small.yaml", folder=small.parent, MNISTCLI_DATA_DIR=str(data))
    assert done.returncode == 1
    assert "-ubyte.gz" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (small.parent / "runs").exists()


@pytest.mark.usefixtures("bare_runs")
def test_an_interrupted_run_resumes_as_if_it_had_not_been(small: Path, trained_run: Path) -> None:
    small.write_text(SMALL_CONFIG.replace("epochs: 3", "epochs: 30"))
    process = subprocess.Popen(
        [COMMAND, "train", "small.yaml", "--run-dir", "cut"],
        cwd=small.parent,
        # With the kernels of this process, which trains and resumes it, too.
        env=command_environment(**{ONEDNN_SETTING: str(int(cpu_kernels() == "oneDNN"))}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    cut = small.parent / "cut"
    wait_until(lambda: len(list(cut.glob("checkpoints/epoch-*.npz"))) >= 2, process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert "mnistcli train --resume cut" in stderr
    assert json.loads((cut / "run.json").read_text())["status"] == "interrupted"

    resumed = run_in_process("train", "--resume", "cut", folder=small.parent)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_training(RunDirectory(cut), RunDirectory(trained_run))
    again = run_in_process("train", "--resume", "cut", folder=small.parent)
    assert again.returncode == 0
    assert "there is nothing to resume" in again.stdout
    assert "mnistcli train --resume cut --set epochs=60" in again.stdout


def test_resume_does_not_go_with_a_config(small: Path) -> None:
    done = run_in_process("train", "small.yaml", "--resume", "x", folder=small.parent)
    assert done.returncode == 2
    assert "--resume does not go with CONFIG" in done.stderr
