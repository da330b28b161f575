"""Trains ensembles of shipped configs, and writes the table of them.

    python tests/benchmarks/ensembles.py

The runs of their members are made as `measure_configs.py` makes them, and complete ones are not
trained again. The test images are looked at once, at the end. MNIST must be on this machine.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure_configs import (
    COMMAND,
    CONFIGS,
    RUNS,
    measure_seconds,
    name_of,
    read,
    run_of,
    train,
)
from benchmarks.readme import describe_machine, write_block

from mnistcli.data import load_dataset
from mnistcli.runs import RunDirectory
from mnistcli.scores import LabelledProbabilities, read_predictions

# Disjoint ensembles: the config of the members, and the seeds of each ensemble.
ENSEMBLES = {
    "best.yaml": [range(5)],
    "modern/all_convolutional.yaml": [range(5), range(5, 10), range(10, 15)],
}
PREDICTIONS = 5  # processes, of which the median is told


def make(config: Path, seeds: Sequence[int]) -> Path:
    """Make the ensemble of the runs with these seeds anew; return its run directory."""
    train(config, seeds)
    run = RUNS / f"ensemble-{name_of(config)}-{seeds[0]}-{seeds[-1]}"
    shutil.rmtree(run, ignore_errors=True)
    members = [run_of(config, seed) for seed in seeds]
    subprocess.run([COMMAND, "ensemble", *members, "--run-dir", run], check=True)
    return run


def describe(config: Path, seeds: Sequence[int], run: Path) -> list[str]:
    """Return the cells of an ensemble's row."""
    record = read(run / "run.json")
    members = [Path(member["run"]) for member in record["members"]]
    alone = [read(member / "run.json")["metrics"]["test_accuracy"] for member in members]
    seconds = sum(map(measure_seconds, members))
    return [
        str(config.relative_to(CONFIGS)),
        f"{seeds[0]} to {seeds[-1]}",
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


def describe_mean(config: Path, runs: Sequence[Path]) -> str:
    """Return a sentence about the mean of a config's ensembles."""
    accuracies = [read(run / "run.json")["metrics"]["test_accuracy"] for run in runs]
    return (
        f"Mean and deviation of the {len(runs)} ensembles of {config.relative_to(CONFIGS)}: "
        f"{statistics.mean(accuracies):.2%} ± {100 * statistics.stdev(accuracies):.2f}."
    )


def answers_to_test_images(run: Path) -> LabelledProbabilities:
    """Return what a run says of the test images."""
    predictions = read_predictions(RunDirectory(run))
    if predictions is None:
        raise SystemExit(f"{run} has no predictions.npz")
    return predictions.test


def describe_mistakes(runs: Sequence[Path]) -> str:
    """Return sentences about the mistakes that all ensembles make, and those of the first."""
    answers = [answers_to_test_images(run) for run in runs]
    shared = np.logical_and.reduce([~answer.is_right for answer in answers])
    first = answers[0]
    wrong = ~first.is_right
    confusions = Counter(
        zip(
            first.labels[wrong].tolist(),
            first.probabilities[wrong].argmax(axis=1).tolist(),
            strict=True,
        )
    )
    repeated = ", ".join(
        f"{label} taken for {answer} ({count} times)"
        for (label, answer), count in confusions.most_common()
        if count > 1
    )
    return (
        f"{shared.sum()} images are mistaken by every ensemble. The first one makes {wrong.sum()} "
        f"mistakes, more than once: {repeated}."
    )


def main() -> None:
    """Make the ensembles, and write the table."""
    rows, notes, runs = [], [], []
    for name, groups in ENSEMBLES.items():
        config = CONFIGS / name
        of_config = [make(config, seeds) for seeds in groups]
        for seeds, run in zip(groups, of_config, strict=True):
            rows.append(f"| {' | '.join(describe(config, seeds, run))} |")
        if len(of_config) > 1:
            notes.append(describe_mean(config, of_config))
        runs += of_config
    head = (
        "| members | seeds | test accuracy | each alone | on the validation images | training "
        "| one picture |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    notes += [
        describe_mistakes(runs),
        "The training is that of all members, and the time of one picture that of a whole "
        f"`predict` process. Measured on {describe_machine()}, with `python "
        "tests/benchmarks/ensembles.py`.",
    ]
    write_block("ensembles", "\n".join([head, *rows, "", *notes]))


if __name__ == "__main__":
    main()
