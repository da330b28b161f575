"""Kills trainings at random instants, resumes them until they are done, and compares.

    python tests/kills.py                      25 kills, spread over two configs
    python tests/kills.py --kills 100 --seed 1

Each run is started with the installed command and killed with SIGKILL. What it leaves is
read by every command, and resumed. At the end every number of the run has to be that of a
run that was never killed: weights, optimizer, random generators and metrics, to the last bit.
"""

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from commands import COMMAND, PATIENCE_SECONDS, command_environment
from trainings import rows_without_times, without_times

from mnistcli.execution import ONEDNN_SETTING
from mnistcli.runs import RunDirectory

MLP = """\
layers:
  - Dense: {units: 64, activation: relu}
  - Dropout: {rate: 0.2}
  - Dense: {units: 10, activation: softmax}
optimizer: {RMSprop: {learning_rate: 2e-5}}
metrics: [AUC]
epochs: 400
batch_size: 4
data: {dataset: digits, validation: 200}
early_stopping: {monitor: val_loss, patience: 10}
checkpoint: {every_seconds: 0.2}
"""
CNN = """\
layers:
  - Conv2D: {filters: 16, kernel_size: 3}
  - BatchNormalization
  - ReLU
  - MaxPooling2D
  - SpatialDropout2D: {rate: 0.1}
  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
  - Flatten
  - Dropout: {rate: 0.3}
  - Dense: {units: 10, activation: softmax}
optimizer:
  Adam:
    learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 100%}}
    use_ema: true
    ema_momentum: 0.9
epochs: 12
batch_size: 16
data: {dataset: digits, validation: 200}
augment:
  - RandomTranslation: {height_factor: 0.1, width_factor: 0.1, fill_mode: constant}
  - RandomRotation: {factor: 0.03}
early_stopping: {monitor: val_accuracy, patience: 6}
checkpoint: {every_epochs: 2, every_seconds: 0.2, keep: 1}
"""


def digest_run(path: Path) -> dict[str, str]:
    """SHA-256 of each thing that a run leaves, without times."""
    run = RunDirectory(path)
    contents: dict[str, Any] = {
        "metrics.jsonl": rows_without_times(run),
        "evaluation.json": json.loads(run.evaluation.read_bytes()),
        "test metrics": run.read_record().metrics,
        "config.yaml": run.config.read_text(encoding="utf-8"),
        "checkpoints": sorted(file.name for file in run.checkpoints.iterdir()),
    }
    digests = {
        name: hashlib.sha256(json.dumps(content).encode()).hexdigest()
        for name, content in contents.items()
    }
    digests |= digest_checkpoints(run)
    digests["model.keras"] = _digest_weights(run.model)
    return digests


def digest_checkpoints(run: RunDirectory) -> dict[str, str]:
    """SHA-256 of each checkpoint, without times."""
    digests = {}
    for file in run.checkpoints.iterdir():
        with np.load(file) as arrays:
            progress = without_times(json.loads(arrays["progress"].tobytes()))
            digest = hashlib.sha256(json.dumps(progress).encode())
            for name in arrays.files:
                if name != "progress":
                    digest.update(name.encode() + arrays[name].tobytes())
        digests[file.name] = digest.hexdigest()
    return digests


def _digest_weights(model: Path) -> str:
    digest = hashlib.sha256()

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + np.asarray(item).tobytes())

    # Keras writes addresses of memory into the config beside the weights.
    with zipfile.ZipFile(model) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(add)
    return digest.hexdigest()


def train_whole(folder: Path, config: str) -> tuple[dict[str, str], float]:
    """Train without a kill; returns the digests, and the seconds that it held the lock."""
    (folder / "config.yaml").write_text(config)
    process = start(folder, "train", "config.yaml", "--run-dir", "whole")
    wait_for_lock(process, folder / "whole")
    started = time.monotonic()
    expect_success(process)
    return digest_run(folder / "whole"), time.monotonic() - started


def train_with_kills(folder: Path, kills: int, seconds: float, rng: random.Random) -> list[str]:
    """Train `config.yaml` to its end in the folder `cut`, killed up to so many times.

    Args:
        seconds: how long an unkilled run holds the lock.

    Returns:
        For each kill, where it hit.
    """
    run = RunDirectory(folder / "cut")
    hits: list[str] = []
    while len(hits) < kills:
        process = _start_or_resume(folder, run)
        wait_for_lock(process, run.path)
        delay = rng.uniform(0, seconds)
        try:
            process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            hits.append(f"after {delay:.2f} s: {_describe(run)}")
            _read_with_every_command(run)
        else:
            break
    expect_success(_start_or_resume(folder, run))
    return hits


def compare_killed_runs(folder: Path, config: str, kills: int, rng: random.Random) -> list[str]:
    """Train a config once in peace, then again and again until so many kills have hit.

    Returns:
        For each kill, where it hit.

    Raises:
        AssertionError: a run ended otherwise than the one in peace.
    """
    expected, seconds = train_whole(folder, config)
    hits: list[str] = []
    while len(hits) < kills:
        hits += train_with_kills(folder, kills - len(hits), seconds, rng)
        found = digest_run(folder / "cut")
        different = [key for key in expected | found if expected.get(key) != found.get(key)]
        assert not different, (different, hits)
        shutil.rmtree(folder / "cut")
    return hits


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *arguments],
        cwd=folder,
        env=command_environment(MNISTCLI_RUNS_DIR=str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _start_or_resume(folder: Path, run: RunDirectory) -> subprocess.Popen[str]:
    if run.path.exists():
        return start(folder, "train", "--resume", run.path.name)
    return start(folder, "train", "config.yaml", "--run-dir", run.path.name)


def wait_for_lock(process: subprocess.Popen[str], run: Path) -> None:
    """Wait until the process trains, or has ended."""
    lock = run / ".lock"
    while process.poll() is None:
        if lock.is_file() and lock.read_text().strip() == str(process.pid):
            return
        time.sleep(0.002)


def expect_success(process: subprocess.Popen[str]) -> None:
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, stderr


def _describe(run: RunDirectory) -> str:
    if not run.path.exists():
        return "before the run directory"
    rows, checkpoints = run.read_metrics(), run.list_checkpoints()
    latest = checkpoints[-1].path.name if checkpoints else "none"
    stray = ", a file half written" if list(run.path.rglob(".writing-*")) else ""
    return f"{run.read_record().status}, {len(rows)} rows, latest checkpoint {latest}{stray}"


def _read_with_every_command(run: RunDirectory) -> None:
    """Each command has to give a result or a clean error, whatever the kill left."""
    from mnistcli.artifacts import restore_network
    from mnistcli.errors import RunError
    from mnistcli.runs import open_run_directory

    if not run.path.exists():
        return
    opened = open_run_directory(run.path)
    for which in ("best", "last"):
        try:
            restore_network(opened, which)
        except RunError as error:
            assert "has no checkpoint" in str(error), error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    # The kernels that are chosen for the network, and for the CNN the others, too.
    trainings = [("mlp", MLP, None), ("cnn", CNN, None), ("cnn without oneDNN", CNN, "0")]
    for i, (name, config, setting) in enumerate(trainings):
        kills = (options.kills + i) // len(trainings)
        if setting:
            os.environ[ONEDNN_SETTING] = setting
        with tempfile.TemporaryDirectory() as folder:
            for number, hit in enumerate(compare_killed_runs(Path(folder), config, kills, rng), 1):
                print(f"{name} kill {number} {hit}")
        print(f"{name}: every run ended as if it had not been killed")


if __name__ == "__main__":
    main()
