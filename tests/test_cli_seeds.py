"""`mnistcli train --seeds`, as typed."""

import json
import re
import shutil
import signal
import statistics
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import COMMAND, SMALL_CONFIG, command_environment, run_in_process, wait_until
from trainings import bare_runs

from mnistcli.runs import RunDirectory
from mnistcli.runs.arrays import open_arrays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs/seeds of the seeds 0 to 2, and runs/two of seed 2 alone."""
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "small.yaml").write_text(SMALL_CONFIG + "augment: [{RandomRotation: {factor: 0.1}}]")
    done = run_in_process(
        *("train", "small.yaml", "--seeds", "2,0-1", "--run-dir", "runs/seeds"), folder=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "output.txt").write_text(done.stdout + done.stderr)
    alone = ("train", "small.yaml", "--set", "seed=1", "--run-dir", "runs/one", "--quiet")
    with bare_runs():
        done = run_in_process(*alone, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def variables(run: Path) -> dict[str, Any]:
    with open_arrays(run / "checkpoints" / "best.npz") as file:
        names = [name for name in file.names if name.startswith("model/")]
        return {name: file.read(name, np.float32, 10**6) for name in names}


def numbers(run: Path) -> list[dict[str, Any]]:
    times = ("seconds", "images_per_second")
    rows = RunDirectory(run).read_metrics()
    return [{name: row[name] for name in row if name not in times} for row in rows]


def test_a_run_of_a_seed_is_the_run_that_its_seed_alone_makes(folder: Path) -> None:
    among, alone = folder / "runs" / "seeds" / "seed-1", folder / "runs" / "one"

    assert numbers(among) == numbers(alone)
    weights = variables(alone)
    assert len(weights) == 4
    for name, value in variables(among).items():
        assert np.array_equal(value, weights[name]), name
    assert (among / "config.yaml").read_text() == (alone / "config.yaml").read_text()
    assert numbers(among) != numbers(among.with_name("seed-2"))


def test_mean_and_deviation_are_shown(folder: Path) -> None:
    output = (folder / "output.txt").read_text()

    runs = [folder / "runs" / "seeds" / f"seed-{seed}" for seed in (2, 0, 1)]
    metrics = [RunDirectory(run).read_record().metrics or {} for run in runs]
    accuracies = [each["test_accuracy"] or 0 for each in metrics]
    mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
    assert f"test accuracy {mean:.2%} ± {100 * deviation:.2f}" in output
    assert re.findall(r"seed (\d), (\d) of 3", output) == [("2", "1"), ("0", "2"), ("1", "3")]
    assert output.count("small: ") == 1  # the heading
    assert all((run / "figures" / "mistakes.png").exists() for run in runs)


@pytest.mark.usefixtures("bare_runs")
def test_what_was_cut_short_goes_on_as_a_whole(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "seeds"
    shutil.copytree(folder / "runs" / "seeds", copy)
    shutil.rmtree(copy / "seed-1")
    cut = RunDirectory(copy / "seed-0")
    cut.checkpoint(3).unlink()  # as a kill after epoch 2 leaves it
    record = json.loads(cut.record.read_text())
    cut.record.write_text(json.dumps(record | {"status": "running", "metrics": None}))

    done = run_in_process("train", "--resume", copy, "--json", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "seed 2, 1 of 3: complete" in done.stderr
    document = json.loads(done.stdout)
    assert [run["seed"] for run in document["runs"]] == [2, 0, 1]
    low, high = document["test_accuracy"]["interval"]
    assert low < document["test_accuracy"]["mean"] < high
    for seed in range(3):
        original = folder / "runs" / "seeds" / f"seed-{seed}"
        assert numbers(copy / f"seed-{seed}") == numbers(original)
        again, first = variables(copy / f"seed-{seed}"), variables(original)
        assert all(np.array_equal(again[name], first[name]) for name in first)
    finished = run_in_process("train", "--resume", copy, folder=tmp_path)
    assert finished.returncode == 0
    assert "test accuracy" in finished.stdout


def test_an_interruption_says_how_all_go_on(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL_CONFIG.replace("epochs: 3", "epochs: 5000"))
    arguments = ["train", "small.yaml", "--seeds", "0-1", "--run-dir", "x y", "--quiet"]
    process = subprocess.Popen(
        [COMMAND, *arguments],
        cwd=tmp_path,
        env=command_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "x y" / "seed-0" / "metrics.jsonl"
    wait_until(lambda: metrics.exists() and metrics.read_text().count("\n") > 2, process)

    process.send_signal(signal.SIGINT)

    _, errors = process.communicate()
    assert process.returncode == 130
    assert "seed 0: interrupted" in errors
    assert "go on with: mnistcli train --resume 'x y'" in errors
    second = run_in_process("runs", "x y", folder=tmp_path)
    assert "interrupted" in second.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small.yaml", "--seeds", "0-"), "'0-' is no number and no range"),
        (("small.yaml", "--seeds", "3-1"), "3-1 ends before it begins"),
        (("small.yaml", "--seeds", "0-2,1"), "a seed is there twice"),
        (("small.yaml", "--seeds", "0-99999999999999999999"), "more than 1,000 seeds"),
        (("small.yaml", "--seeds", "2147483648"), "more than 2,147,483,647"),
        (("small.yaml", "--seeds", "0-1", "--set", "seed=3"), "does not go with --set seed=N"),
        (("--resume", "runs/seeds", "--set", "epochs=9"), "with which --set does not go"),
        (("--resume", "runs/seeds", "--seeds", "0-1"), "does not go with --seeds"),
        (("small.yaml", "--seeds", "0-1", "--run-dir", "runs/seeds"), "exists already"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, folder: Path) -> None:
    done = run_in_process("train", *arguments, folder=folder)

    assert done.returncode in (1, 2)
    assert message in done.stderr


def test_what_was_put_in_the_place_of_a_run_or_of_the_data_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "seeds"
    shutil.copytree(folder / "runs" / "seeds", copy)
    shutil.rmtree(copy / "seed-1")
    shutil.copytree(copy / "seed-0", copy / "seed-1")

    swapped = run_in_process("train", "--resume", copy, folder=tmp_path)
    shutil.rmtree(copy / "seed-1")
    seeds = json.loads((copy / "seeds.json").read_text())
    seeds["data_sha256"]["train_labels"] = "0" * 64
    (copy / "seeds.json").write_text(json.dumps(seeds))
    other_data = run_in_process("train", "--resume", copy, folder=tmp_path)

    assert "seed-1 holds a run with seed 0" in swapped.stderr
    assert "was begun with other data" in other_data.stderr
    assert swapped.returncode == other_data.returncode == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seeds": [], "config": ""}', "[" * 10**5])
def test_a_damaged_list_of_seeds_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text(content)

    done = run_in_process("train", "--resume", tmp_path, folder=tmp_path)

    assert done.returncode == 1
    assert "seeds.json is damaged" in done.stderr
