"""Which runs `mnistcli ensemble` averages, and what it says of others."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from run_records import alter, alter_dataset, without_file

from mnistcli.data import Dataset
from mnistcli.runs import RunDirectory


def refusal(*arguments: object) -> str:
    """The message of `ensemble`, which leaves nothing behind."""
    folders = {path.parent for path in arguments if isinstance(path, Path)}
    before = {folder: sorted(folder.iterdir()) for folder in folders if folder.is_dir()}
    error = invoke("ensemble", *arguments)
    assert error is not None
    assert before == {folder: sorted(folder.iterdir()) for folder in before}
    return str(error)


@pytest.mark.usefixtures("bare_runs")
def test_without_validation_images_there_is_nothing_to_compare_by(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1438, "validation_images": 0}
    without = alter_dataset(pair[0], tmp_path / "without", "data.validation=0", **changes)
    # Of images that others held out, none was held out by all.
    other = alter(pair[1], tmp_path / "other", "data.split_seed=1")
    by_test = alter(pair[1], tmp_path / "by test", "data.validation=test")

    assert (
        invoke("ensemble", by_test, pair[0], without, other, "--run-dir", tmp_path / "run") is None
    )

    assert f"{without} held out no validation images, so there are none to compare by." in " ".join(
        capfd.readouterr().out.split()
    )
    record = RunDirectory(tmp_path / "run").read_record()
    assert set(record.metrics or {}) == {
        *("test_loss", "test_accuracy", "test_expected_calibration_error")
    }
    assert record.dataset.training_images == 1438
    assert invoke("evaluate", tmp_path / "run") is None


@pytest.mark.usefixtures("bare_runs")
def test_validation_by_the_test_images_is_the_same_for_every_split_seed(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1438, "validation_images": 359}
    overrides = ("data.validation=test",)
    first = alter_dataset(pair[0], tmp_path / "a", *overrides, **changes)
    other = alter_dataset(pair[1], tmp_path / "b", *overrides, "data.split_seed=1", **changes)
    assert "--best chooses by validation images, and" in refusal(first, other, "--best", 2)

    assert invoke("ensemble", first, other, "--run-dir", tmp_path / "run", "--json") is None

    metrics = json.loads(capfd.readouterr().out)["metrics"]
    assert metrics["val_accuracy"] == pytest.approx(metrics["test_accuracy"])


def test_a_run_directory_that_exists_is_refused_before_all_else(tmp_path: Path) -> None:
    error = refusal("nowhere", "elsewhere", "--run-dir", tmp_path)
    assert error.startswith(f"{tmp_path} exists already")


def damaged(run: Path, target: Path) -> Path:
    shutil.copytree(run, target)
    (target / "run.json").write_text('{"format": 1, "status": "comp')
    return target


def with_damaged_calibration(run: Path) -> Path:
    path = run / "calibration.npz"
    path.write_bytes(path.read_bytes()[:300])
    return run


HASHES = {"train_images": "0" * 64}
# How another run is made of one, and what is said of the two.
REFUSALS: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "other data": (
        lambda run, target: alter_dataset(run, target, sha256=HASHES, source="elsewhere"),
        "was trained on other data than FIRST: elsewhere, not scikit-learn",
    ),
    "another split": (
        lambda run, target: alter(run, target, "data.split_seed=1"),
        "and FIRST hold out different images",
    ),
    "validated by test images": (
        lambda run, target: alter(run, target, "data.validation=test"),
        "and FIRST hold out different images",
    ),
    "not completed": (
        lambda run, target: alter(run, target, status="interrupted"),
        "OTHER is not completed; its status is interrupted\n  go on with: mnistcli train --resume",
    ),
    "older": (
        lambda run, target: alter(run, target, outputs=None),
        "OTHER is of an older version of mnistcli, which did not record",
    ),
    "sigmoids": (
        lambda run, target: alter(run, target, outputs="independent"),
        "OTHER ends in a probability for each class by itself, as sigmoids do",
    ),
    "the same by another path": (lambda run, target: run / ".." / run.name, "got one run"),
    "no run": (lambda run, target: run / "checkpoints", "is not a run directory"),
    "missing": (lambda run, target: target, "there is no run directory OTHER"),
    "damaged": (damaged, "run.json is damaged"),
    "scores without their scale": (
        lambda run, target: without_file(
            alter(run, target.with_name("scores"), outputs="scores"),
            target,
            "calibration.npz",
        ),
        "OTHER has no calibration.npz; it gives the scores of a network their scale\n"
        "  train it again: mnistcli train",
    ),
    "scores whose scale is damaged": (
        lambda run, target: with_damaged_calibration(alter(run, target, outputs="scores")),
        "it gives the scores of a network their scale\n  train it again: mnistcli train",
    ),
    "without weights": (
        lambda run, target: without_file(run, target, "checkpoints/best.npz"),
        "OTHER has no checkpoint best.npz",
    ),
    "changed by hand": (
        lambda run, target: without_file(run, target, "config.yaml"),
        "OTHER has no config.yaml",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_runs_that_cannot_be_averaged_are_refused(
    case: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    make, message = REFUSALS[case]
    other = make(pair[0], tmp_path / "other")

    error = refusal(pair[0], other, "--run-dir", tmp_path / "run")

    assert message.replace("FIRST", str(pair[0])).replace("OTHER", str(other)) in error


def test_the_built_in_run_and_a_run_alone_are_refused(pair: tuple[Path, Path]) -> None:
    assert "the built-in run is only to be read" in refusal(pair[0], "builtin")
    assert "an ensemble averages two runs or more, got one run" in refusal(pair[0])


def test_choosing_needs_validation_images_of_each_run(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    changes = {"training_images": 1438, "validation_images": 0}
    other = alter_dataset(pair[1], tmp_path / "other", "data.validation=0", **changes)

    error = refusal(pair[0], other, "--best", 2, "--run-dir", tmp_path / "run")

    assert f"--best chooses by validation images, and {other} has none of its own" in error


def test_no_ensemble_is_made_where_one_run_is_best_alone(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    again = shutil.copytree(pair[0], tmp_path / "again")
    error = refusal(pair[0], again, "--best", 3, "--run-dir", tmp_path / "run")
    assert f"{pair[0]} alone is as good on the validation images (" in error


@pytest.mark.usefixtures("bare_runs")
def test_of_two_numbers_of_validation_images_the_smaller_is_held_out(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1338, "validation_images": 100}
    other = alter_dataset(pair[1], tmp_path / "other", "data.validation=100", **changes)
    run = tmp_path / "run"
    assert invoke("ensemble", pair[0], other, "--run-dir", run, "--json") is None
    made = json.loads(capfd.readouterr().out)
    assert made["dataset"]["validation_images"] == 100

    assert invoke("evaluate", run, "--split", "validation", "--json") is None

    told = json.loads(capfd.readouterr().out)
    assert (told["images"], told["accuracy"]) == (100, made["metrics"]["val_accuracy"])
    assert told["loss"] == pytest.approx(made["metrics"]["val_loss"], rel=1e-4)


@pytest.mark.usefixtures("bare_runs")
def test_a_run_that_is_named_twice_counts_twice(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [*pair, pair[0] / ".." / pair[0].name]
    assert invoke("ensemble", *paths, "--run-dir", tmp_path / "run", "--json") is None

    members = json.loads(capfd.readouterr().out)["members"]
    counts = [(member["run"], member["weight"]) for member in members]
    assert counts == [(str(pair[0]), 2), (str(pair[1]), 1)]
    error = str(invoke("reproduce", tmp_path / "run"))
    assert f"average again: mnistcli ensemble {pair[0]} {pair[0]} {pair[1]}" in error


@pytest.mark.usefixtures("bare_runs")
def test_a_folder_stands_for_its_runs(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "seeds"
    runs = [shutil.copytree(run, folder / run.name) for run in pair]

    assert invoke("ensemble", folder, pair[0], "--run-dir", tmp_path / "run", "--json") is None

    members = json.loads(capfd.readouterr().out)["members"]
    assert [member["run"] for member in members] == [*map(str, runs), str(pair[0])]


@pytest.mark.usefixtures("bare_runs")
def test_data_that_moved_is_found_where_another_member_found_it(
    pair: tuple[Path, Path], tmp_path: Path, digits: Dataset
) -> None:
    path = tmp_path / "digits.npz"
    np.savez(
        path,
        x_train=digits.train_images,
        y_train=digits.train_labels,
        x_test=digits.test_images,
        y_test=digits.test_labels,
    )
    other = alter(pair[1], tmp_path / "other", f"data.dataset={path}")
    path.unlink()

    assert invoke("ensemble", other, pair[0], "--run-dir", tmp_path / "run") is None
