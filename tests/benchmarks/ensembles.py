"""Trains ensembles of configs/best.yaml, and writes the table of them.

    python tests/benchmarks/ensembles.py 0-4 5-9 10-14

Each argument is an ensemble: the seeds of its members, from the first to the last. Their runs are
made as `measure_configs.py` makes them, and complete ones are not trained again. The test images
are looked at once, at the end. MNIST must be on this machine.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure_configs import (
    COMMAND,
    CONFIGS,
    RUNS,
    measure_seconds,
    read,
    run_of,
    train,
)
from benchmarks.readme import describe_machine, write_block

from mnistcli.data import load_dataset

CONFIG = CONFIGS / "best.yaml"
PREDICTIONS = 5  # processes, of which the median is told


def make(seeds: Sequence[int]) -> Path:
    """Make the ensemble of the runs with these seeds anew; return its run directory."""
    train(CONFIG, seeds)
    run = RUNS / f"ensemble-{seeds[0]}-{seeds[-1]}"
    shutil.rmtree(run, ignore_errors=True)
    members = [run_of(CONFIG, seed) for seed in seeds]
    subprocess.run([COMMAND, "ensemble", *members, "--run-dir", run], check=True)
    return run


def describe(run: Path) -> list[str]:
    """Return the cells of an ensemble's row."""
    record = read(run / "run.json")
    members = [Path(member["run"]) for member in record["members"]]
    alone = [read(member / "run.json")["metrics"]["test_accuracy"] for member in members]
    seconds = sum(map(measure_seconds, members))
    seeds = [read(member / "run.json")["seed"] for member in members]
    return [
        f"{min(seeds)} to {max(seeds)}",
        f"{record['metrics']['test_accuracy']:.2%}",
        f"{min(alone):.2%} to {max(alone):.2%}, mean {statistics.mean(alone):.2%}",
        f"{record['metrics']['val_accuracy']:.2%}",
        f"{seconds / 60:.0f} min",
        f"{time_prediction(run):.2f} s",
    ]


def time_prediction(run: Path) -> float:
    """Return the seconds of a process that reads one picture with a run, their median."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "digit.png"
        Image.fromarray(load_dataset("mnist").test_images[0]).save(picture)
        seconds = []
        for _ in range(PREDICTIONS):
            started = time.perf_counter()
            subprocess.run(
                [COMMAND, "predict", picture, "--run", run],
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def parse_seeds(text: str) -> range:
    """Parse such as "0-4"."""
    first, last = map(int, text.split("-"))
    return range(first, last + 1)


def main() -> None:
    """Make the ensembles, and write the table."""
    runs = [make(parse_seeds(argument)) for argument in sys.argv[1:]]
    head = (
        "| seeds | test accuracy | each alone | on the validation images | training | one picture |"
        "\n| --- | --- | --- | --- | --- | --- |"
    )
    rows = [f"| {' | '.join(describe(run))} |" for run in runs]
    mean = statistics.mean(read(run / "run.json")["metrics"]["test_accuracy"] for run in runs)
    note = (
        "The training is that of all members, and the time of one picture that of a whole "
        f"`predict` process. {f'Mean {mean:.2%}. ' if len(runs) > 1 else ''}Measured on "
        f"{describe_machine()}, with `python tests/benchmarks/ensembles.py "
        f"{' '.join(sys.argv[1:])}`."
    )
    write_block("ensembles", "\n".join([head, *rows, "", note]))


if __name__ == "__main__":
    main()
