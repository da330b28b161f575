"""`mnistcli evaluate`, as typed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import invoke, run_in_process, run_piped

from mnistcli.data import Dataset
from mnistcli.errors import DataError


@pytest.fixture(scope="module")
def trained_run(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run that other files of tests look at, since `evaluate` writes into it."""
    folder = tmp_path_factory.mktemp("evaluated")
    return Path(shutil.copytree(trained_run, folder / "runs" / trained_run.name))


def test_the_terminal_shows_scores_and_the_confusion_matrix(trained_run: Path) -> None:
    folder, name = trained_run.parents[1], f"runs/{trained_run.name}"
    done = run_in_process("evaluate", name, folder=folder, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads((trained_run / "evaluation.json").read_text())
    assert f"accuracy {told['accuracy'] * 100:.2f}%" in done.stdout
    assert f"{told['errors']} errors in 359 images" in done.stdout
    assert "Confusion matrix" in done.stdout
    assert "mnistcli predict" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_is_all_that_stdout_holds(
    trained_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert invoke("evaluate", trained_run, "--split", "validation", "--json") is None
    told = json.loads(capfd.readouterr().out)
    assert told["images"] == 144
    assert told["data"] == "validation"
    assert sum(map(sum, told["confusion_matrix"])) == 144
    lines = (trained_run / "metrics.jsonl").read_text().splitlines()
    metrics = [json.loads(line) for line in lines]
    assert told["accuracy"] == max(row["val_accuracy"] for row in metrics)


def test_other_labelled_images_are_measured(
    trained_run: Path, digits: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = (digits.test_labels + 1) % 10
    np.savez(tmp_path / "own.npz", x=digits.test_images, y=wrong)
    own = tmp_path / "own.npz"
    assert invoke("evaluate", trained_run, "--data", own, "--json") is None
    told = json.loads(capfd.readouterr().out)
    assert told["data"] == str(own)
    assert told["accuracy"] < 0.1


def test_files_name_what_they_are_of(
    trained_run: Path, digits: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    others = shutil.ignore_patterns("evaluation-*", "confusion-*", "mistakes-*")
    shutil.copytree(trained_run, run, ignore=others)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    np.savez(tmp_path / "own.npz", x=digits.test_images, y=digits.test_labels)
    for options in (
        ("--split", "validation"),
        ("--split", "train", "--checkpoint", "last"),
        ("--checkpoint", "last"),
        ("--data", tmp_path / "own.npz"),
    ):
        assert invoke("evaluate", run, *options) is None
    assert {path.name for path in run.rglob("*") if path not in before and path.is_file()} == {
        f"{name}{subject}.{ending}"
        for name, ending in (("evaluation", "json"), ("confusion", "png"), ("mistakes", "png"))
        for subject in ("-validation", "-train-last", "-last", "-data-own")
    }
    kept = {path: path.read_bytes() for path in before if path.name != "training.png"}
    assert kept == {path: before[path] for path in kept}


def test_labels_that_the_run_does_not_know_are_an_error(
    trained_run: Path, digits: Dataset, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=digits.test_images, y=digits.test_labels + 3)
    error = invoke("evaluate", trained_run, "--data", tmp_path / "own.npz")
    assert isinstance(error, DataError)
    assert "expected labels from 0 to 9" in str(error)


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    done = run_in_process("evaluate", tmp_path, folder=tmp_path)
    assert done.returncode == 1
    assert "is not a run directory" in done.stderr
    missing = run_in_process("evaluate", "nowhere", folder=tmp_path)
    assert missing.returncode == 1
    assert "there is no run directory nowhere" in missing.stderr


def test_the_runs_own_images_must_be_those_it_was_trained_on(
    trained_run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained_run, copy)
    record = json.loads((copy / "run.json").read_text())
    record["dataset"]["sha256"]["test_images"] = "0" * 64
    (copy / "run.json").write_text(json.dumps(record))
    done = run_in_process("evaluate", "copy", folder=tmp_path)
    assert done.returncode == 1
    assert "was trained on other data" in done.stderr


@pytest.mark.parametrize(
    "command", ["evaluate RUN", "show confusion RUN", "reproduce RUN", "train --resume RUN"]
)
def test_a_config_that_was_changed_by_hand_is_refused(
    trained_run: Path, tmp_path: Path, command: str
) -> None:
    copy = shutil.copytree(trained_run, tmp_path / "copy")
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("batch_size: 32", "batch_size: 64"))

    error = invoke(*command.replace("RUN", str(copy)).split())

    assert "\n  batch_size: 32 -> 64\n" in str(error)


def test_a_reader_that_has_gone_is_no_error(trained_run: Path) -> None:
    done = run_piped(f"evaluate '{trained_run}' --json", "true", trained_run)
    assert done.stderr == ""
