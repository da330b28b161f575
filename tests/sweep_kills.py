"""Kills sweeps at random instants, resumes them until they are done, and compares.

    python tests/sweep_kills.py                   10 kills
    python tests/sweep_kills.py --kills 50 --seed 1
    python tests/sweep_kills.py --storage postgresql://user@host/database

A sweep is started with the installed command and killed with SIGKILL. At the end every trial has
to be what it is in a sweep that was never killed: its settings, its result, its metrics and its
checkpoints, to the last bit; and so has the winner.
"""

import argparse
import csv
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from kills import digest_checkpoints, expect_success, start, wait_for_lock
from trainings import rows_without_times

from mnistcli.runs import RunDirectory

# Noise keeps XLA out, which takes seconds to compile each network.
CONFIG = """\
layers:
  - GaussianNoise: {stddev: 0.1}
  - Flatten
  - Dense: {units: 16, activation: relu}
  - Dense: {units: 10, activation: softmax}
epochs: 4
batch_size: 16
data: {dataset: digits, validation: 200}
checkpoint: {every_seconds: 0.2}
"""
SWEEP = """\
config: small.yaml
search:
  optimizer.Adam.learning_rate: log(1e-4, 1e-1)
  layers.2.Dense.units: int(8, 32, log)
  batch_size: choice(16, 32)
trials: 8
pruner: median
confirm: {best: 1, seeds: 1}
"""


def digest_sweep(path: Path) -> dict[str, Any]:
    """What a sweep leaves, without times."""
    with (path / "trials.csv").open() as file:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    digests: dict[str, Any] = {
        "trials.csv": rows,
        "best.yaml": re.sub("name: .*", "", (path / "best.yaml").read_text()),
    }
    for record_path in sorted(path.glob("*/**/run.json")):
        run = RunDirectory(record_path.parent)
        record = run.read_record()
        digests[str(run.path.relative_to(path))] = (
            rows_without_times(run),
            (record.status, record.stop_reason, record.metrics),
            digest_checkpoints(run),
        )
    return digests


def new_sweep(storage: str | None) -> list[str]:
    """The arguments that begin a sweep; in a database, a study of its own."""
    arguments = ["s.yaml", "--run-dir", "sweep"]
    if storage:
        arguments += ["--storage", storage, "--set", f"name={uuid.uuid4().hex}"]
    return arguments


def sweep_whole(folder: Path, storage: str | None = None) -> tuple[dict[str, Any], float]:
    """Sweep without a kill; returns what it left, and the seconds that it held the lock."""
    (folder / "small.yaml").write_text(CONFIG)
    process = start(folder, "sweep", *new_sweep(storage))
    wait_for_lock(process, folder / "sweep")
    started = time.monotonic()
    expect_success(process)
    seconds = time.monotonic() - started
    digests = digest_sweep(folder / "sweep")
    shutil.rmtree(folder / "sweep")
    return digests, seconds


def sweep_with_kills(
    folder: Path, kills: int, seconds: float, rng: random.Random, storage: str | None = None
) -> list[str]:
    """Sweep into the folder `sweep`, killed up to so many times; returns where each kill hit."""
    path, hits = folder / "sweep", list[str]()
    while True:
        resume = ["--resume", "sweep"] if path.exists() else new_sweep(storage)
        process = start(folder, "sweep", *resume)
        if len(hits) == kills:
            break
        wait_for_lock(process, path)
        delay = rng.uniform(0, seconds)
        try:
            process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            runs = len(list(path.glob("trials/*/run.json")))
            hits.append(f"after {delay:.2f} s: {runs} runs")
        else:
            break
    expect_success(process)
    return hits


def compare_killed_sweeps(
    folder: Path,
    kills: int,
    kills_per_sweep: int,
    rng: random.Random,
    sweep: str = SWEEP,
    storage: str | None = None,
) -> list[str]:
    """Sweep once in peace, then again and again until so many kills have hit.

    Args:
        folder: for the sweeps.
        kills: how many have to hit.
        kills_per_sweep: at most.
        rng: says when.
        sweep: a sweep file.
        storage: the address of a database. A kill between the two statements that begin a trial
            there, some milliseconds, gives the trial another number after two minutes.

    Returns:
        For each kill, where it hit.

    Raises:
        AssertionError: a sweep ended otherwise than the one in peace.
    """
    (folder / "s.yaml").write_text(sweep)
    expected, seconds = sweep_whole(folder, storage)
    hits: list[str] = []
    while len(hits) < kills:
        count = min(kills_per_sweep, kills - len(hits))
        hits += sweep_with_kills(folder, count, seconds, rng, storage)
        found = digest_sweep(folder / "sweep")
        different = [key for key in expected | found if expected.get(key) != found.get(key)]
        assert not different, (different, hits)
        shutil.rmtree(folder / "sweep")
    return hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--storage", help="of a PostgreSQL; without it, a journal")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        hits = compare_killed_sweeps(Path(folder), options.kills, 5, rng, storage=options.storage)
    for number, hit in enumerate(hits, 1):
        print(f"kill {number} {hit}")
    print("every sweep ended as if it had not been killed")


if __name__ == "__main__":
    main()
