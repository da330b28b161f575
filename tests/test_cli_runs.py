"""`mnistcli runs` and `mnistcli compare`, as typed, on runs that nothing was trained for."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from commands import command_environment, invoke, run_in_process
from config_texts import Load
from PIL import Image
from run_records import make_record

from mnistcli.cli.groups import open_group
from mnistcli.config import dump_config
from mnistcli.data import Dataset
from mnistcli.runs import RunDirectory, lock_folder
from mnistcli.scores import LabelledProbabilities, RunPredictions, write_predictions

CONFIG = """\
layers:
  - Dense: {units: 32, activation: relu}
  - Dense: {units: 10, activation: softmax}
optimizer: {Adam: {learning_rate: 1e-3}}
epochs: 2
data: {dataset: digits}
"""


class Maker:
    """Makes runs of `digits` that are right about given test images."""

    def __init__(self, folder: Path, load: Load, digits: Dataset) -> None:
        self.folder, self.load, self.digits = folder, load, digits

    def __call__(
        self, name: str, *overrides: str, wrong: slice = slice(0), **fields: Any
    ) -> RunDirectory:
        run = RunDirectory(self.folder / name)
        run.path.mkdir(parents=True)
        labels = self.digits.test_labels
        answers = labels.copy()
        answers[wrong] = (answers[wrong] + 1) % 10
        accuracy = float((answers == labels).mean())
        config = dump_config(self.load(CONFIG, *overrides).config)
        metrics = {"best_epoch": 1, "val_accuracy": 0.5, "test_accuracy": accuracy}
        dataset = msgspec.structs.replace(make_record().dataset, sha256=self.digits.sha256)
        values: dict[str, Any] = {
            "status": "completed",
            "config": config,
            "metrics": metrics,
            "dataset": dataset,
            "finished": "2026-11-21T08:01:00",
            "parameters": 1234,
        }
        run.config.write_text(config)
        run.write_record(make_record(**values | fields))
        run.write_metrics(
            [{"epoch": epoch, "loss": 2.0, "accuracy": 0.5, "seconds": 1.5} for epoch in range(3)]
        )
        test = LabelledProbabilities.of(np.eye(10)[answers], labels)
        write_predictions(run, RunPredictions(test, test))
        return run


@pytest.fixture
def make(tmp_path: Path, load: Load, digits: Dataset) -> Maker:
    return Maker(tmp_path / "runs", load, digits)


def listed(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run_in_process("runs", *arguments, "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_table_has_only_what_differs(make: Maker, tmp_path: Path) -> None:
    make("a")
    make("b", "optimizer.Adam.learning_rate=0.01", wrong=slice(18))

    done = run_in_process("runs", folder=tmp_path, COLUMNS="100")

    assert done.returncode == 0, done.stderr
    heading, first, second = done.stdout.splitlines()[:3]
    assert heading.split() == [
        *("run", "status", "epochs", "parameters", "val", "acc", "test", "acc", "time"),
        "learning_rate",
    ]
    assert first.split()[-3:] == ["min", "00", "s"] or first.split()[-1] == "0.001"
    assert (second.split()[0], second.split()[5], second.split()[-1]) == ("b", "94.99%", "0.01")
    assert "mnistcli compare runs/a runs/b" in done.stdout
    assert listed(tmp_path)["differences"] == ["optimizer.Adam.learning_rate"]


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_narrow_terminal_leaves_columns_out_and_says_so(
    columns: int, make: Maker, tmp_path: Path
) -> None:
    make("first-run-of-the-afternoon")
    make("second", "optimizer=SGD", "batch_size=64", "seed=3")

    done = run_in_process("runs", folder=tmp_path, COLUMNS=str(columns))

    table, _, rest = done.stdout.partition("no room for")
    assert max(map(len, table.splitlines())) <= columns
    assert "first-run-of-the-afternoon" in table
    assert "--all-columns" in rest or columns == 80


def test_every_state_of_a_run_is_listed(make: Maker, tmp_path: Path) -> None:
    make("trained")
    make("failed", status="failed", error="the loss became NaN")
    make("dead", status="running", metrics=None, finished=None)
    alive = make("alive", status="running", metrics=None, finished=None)
    make("damaged").record.write_text("{")
    with lock_folder(alive.path):
        runs = listed(tmp_path)["runs"]

        assert {Path(run["run"]).name: run["status"] for run in runs} == {
            "trained": "completed",
            "failed": "failed",
            "dead": "interrupted",
            "alive": "running",
            "damaged": "damaged",
        }
        done = run_in_process("runs", folder=tmp_path, COLUMNS="100")
    (line,) = (line for line in done.stdout.splitlines() if "alive" in line)
    assert "2/2" in line
    assert "damaged" in done.stderr and "run.json is damaged" in done.stderr


def test_conditions_order_and_csv(make: Maker, tmp_path: Path) -> None:
    make("a", wrong=slice(3))
    make("b", wrong=slice(9))
    make("c", "optimizer=SGD", wrong=slice(1))

    arguments = ("--where", "optimizer=Adam", "--sort", "test_accuracy", "--csv")
    done = run_in_process("runs", *arguments, folder=tmp_path)

    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [line["run"] for line in table] == ["runs/b", "runs/a"]
    assert table[0]["optimizer.Adam.learning_rate"] == "0.001"
    refused = run_in_process("runs", "--where", "optimiser=Adam", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no run has 'optimiser'; did you mean 'optimizer'?" in refused.stderr


def test_a_folder_without_runs_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()

    empty = run_in_process("runs", folder=tmp_path)
    missing = run_in_process("runs", "nowhere", folder=tmp_path)

    assert (empty.returncode, missing.returncode) == (1, 1)
    assert "there are no runs in runs" in empty.stderr
    assert "mnistcli train" in empty.stderr
    assert "there is no folder nowhere" in missing.stderr


def test_listing_and_comparing_start_no_tensorflow(make: Maker, tmp_path: Path) -> None:
    make("a")
    make("b", wrong=slice(5))
    code = (
        "import sys; from mnistcli.cli.app import app; "
        "app(['runs', 'runs'], standalone_mode=False); "
        "app(['compare', 'runs/a', 'runs/b', '--figure', 'x.png'], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def compared(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run_in_process("compare", *arguments, "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_two_runs_are_tested_image_by_image(make: Maker, tmp_path: Path) -> None:
    make("a", wrong=slice(0, 20))
    make("b", "epochs=7", wrong=slice(17, 22))

    document = compared(tmp_path, "runs/a", "runs/b")
    done = run_in_process("compare", "runs/a", "runs/b", folder=tmp_path, COLUMNS="80")

    assert document["settings"] == {"epochs": [2, 7]}
    (verdict,) = document["verdicts"]
    # 17 images only b gets right, 2 only a; 2 * (1 + 19 + 171) / 2^19.
    assert (verdict["mcnemar"]["only_first"], verdict["mcnemar"]["only_second"]) == (2, 17)
    assert verdict["mcnemar"]["p_value"] == pytest.approx(2 * 191 / 2**19)
    assert verdict["significant"]
    text = " ".join(done.stdout.split())
    assert "runs/b is right in 98.61%, runs/a in 94.43%: 4.18 points better." in text
    assert (
        "chance alone makes as large a difference in 0.1% of cases (exact McNemar test): more "
        "than chance." in text
    )
    assert max(map(len, done.stdout.splitlines()[:-4])) <= 80


def test_seeds_are_compared_by_their_means(make: Maker, tmp_path: Path) -> None:
    for seed, errors in enumerate((20, 22, 21)):
        make(f"a/seed-{seed}", f"seed={seed}", wrong=slice(errors))
        make(f"b/seed-{seed}", f"seed={seed}", "epochs=3", wrong=slice(errors - 15))
    make("alone", wrong=slice(9))

    document = compared(tmp_path, "runs/a", "runs/b", "runs/alone")

    assert document["settings"] == {"epochs": [2, 3, 2], "seed": [None, None, 0]}
    seeds, single = document["verdicts"]
    assert seeds["significant"]
    assert seeds["interval"]["low"] < 15 / 359 < seeds["interval"]["high"]
    assert single["interval"] is None and not single["significant"]
    assert "single run" in single["problem"]
    make("b/seed-9", "seed=9", "optimizer=SGD")
    error = invoke("compare", tmp_path / "runs" / "a", tmp_path / "runs" / "b")
    assert "differ in more than their seeds: optimizer, epochs" in str(error)


def test_what_cannot_be_compared_is_said(make: Maker, tmp_path: Path) -> None:
    make("a")
    other_data = make_record().dataset
    make("b", dataset=other_data)
    make("c").predictions.unlink()
    make("d").predictions.write_bytes(b"PK")

    other, older = compared(tmp_path, "runs/a", "runs/b", "runs/c")["verdicts"]

    assert other["problem"] == "they were tested on other images, or labels"
    assert (
        "runs/c keeps no predictions; add them with: mnistcli evaluate runs/c" in older["problem"]
    )
    damaged = run_in_process("compare", "runs/a", "runs/d", folder=tmp_path)
    assert (damaged.returncode, damaged.stdout) == (1, "")
    assert "predictions.npz is damaged" in damaged.stderr
    alone = run_in_process("compare", "runs/a", folder=tmp_path)
    assert alone.returncode == 2
    assert "compare needs two runs" in alone.stderr


def test_a_training_that_goes_on_has_no_test_accuracy_yet(make: Maker, tmp_path: Path) -> None:
    make("a", wrong=slice(5))
    make("b", status="interrupted")  # with the predictions and metrics of its earlier training

    (verdict,) = compared(tmp_path, "runs/a", "runs/b")["verdicts"]
    (run,) = listed(tmp_path, "--where", "name=b")["runs"]

    assert verdict["problem"].startswith("runs/b has no test accuracy: finish the training first")
    assert "test_accuracy" not in run["values"]


def test_predictions_of_another_network_are_refused(make: Maker, tmp_path: Path) -> None:
    make("a")
    other = make("b", wrong=slice(9))
    (tmp_path / "runs" / "a" / "predictions.npz").write_bytes(other.predictions.read_bytes())

    done = run_in_process("compare", "runs/a", "runs/b", folder=tmp_path)

    assert done.returncode == 1
    assert "runs/a/predictions.npz is of another network: it is right in 97.49%" in done.stderr
    assert "run.json says 100.00%" in done.stderr
    assert "mnistcli evaluate runs/a" in done.stderr


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"seed-0": 0, "copy": 0}, "two runs in runs/g have the same seed"),
        ({"seed-0": 0, "seed-1": None}, "differ in more than their seeds: their data (SHA-256)"),
    ],
)
def test_a_group_that_is_none_is_refused(
    members: dict[str, int | None], message: str, make: Maker, tmp_path: Path
) -> None:
    make("a")
    for name, seed in members.items():
        data: dict[str, Any] = {} if seed is not None else {"dataset": make_record().dataset}
        make(f"g/{name}", f"seed={1 if seed is None else seed}", **data)

    done = run_in_process("compare", "runs/a", "runs/g", folder=tmp_path)

    assert done.returncode == 1
    assert message in done.stderr


def test_a_group_that_is_not_finished_is_not_judged(make: Maker, tmp_path: Path) -> None:
    for seed in range(2):
        make(f"a/{seed}", f"seed={seed}")
        make(f"b/{seed}", f"seed={seed}", status=("completed", "failed")[seed])

    (verdict,) = compared(tmp_path, "runs/a", "runs/b")["verdicts"]

    assert "1 of the 2 runs in runs/b have no test accuracy: finish" in verdict["problem"]


def test_runs_of_one_name_go_by_their_paths(make: Maker, tmp_path: Path) -> None:
    make("p/x")
    make("q/x", wrong=slice(9))

    table = run_in_process("runs", "runs/p", "runs/q", folder=tmp_path).stdout
    sides = run_in_process("compare", "runs/p/x", "runs/q/x", folder=tmp_path).stdout

    assert table.splitlines()[1].startswith("runs/p/x ")
    assert "runs/p/x    runs/q/x" in sides
    group = open_group(tmp_path / "runs" / "p" / "x")
    assert list(group.runs) == [str(tmp_path / "runs" / "p" / "x")]


def test_the_figure_shows_curves_and_disagreements(make: Maker, tmp_path: Path) -> None:
    make("a", wrong=slice(0, 5))
    make("b", wrong=slice(3, 9))

    done = run_in_process("compare", "runs/a", "runs/b", "--figure", "x.png", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with Image.open(tmp_path / "x.png") as image:
        assert image.width == 1800
        with_images = image.height
    (tmp_path / "runs" / "b" / "predictions.npz").unlink()
    done = run_in_process("compare", "runs/a", "runs/b", "--figure", "x.png", folder=tmp_path)
    assert "note: without the images on which they disagree" in done.stderr
    with Image.open(tmp_path / "x.png") as image:
        assert image.height < with_images
