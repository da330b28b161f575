"""`mnistcli report`, as typed, and what its page says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke, run_command, run_in_process

from mnistcli.errors import MnistcliError, UsageError
from mnistcli.runs import RunDirectory

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> RunDirectory:
    """A copy of a trained run, to be changed."""
    return RunDirectory(shutil.copytree(trained_run, tmp_path / "run"))


def edit_record(run: RunDirectory, edit: Edit) -> None:
    document = json.loads(run.record.read_text())
    edit(document)
    run.record.write_text(json.dumps(document))


def write_report(*arguments: object) -> str:
    """Write a report that succeeds, and return its page."""
    out = Path(str(arguments[0])) / "report.html"
    assert invoke("report", *arguments) is None
    return out.read_text()


def test_the_page_says_all_of_a_run(run: RunDirectory) -> None:
    page = write_report(run.path)
    for heading in (
        "How far to trust it",
        "How to make it again",
        "Training",
        "Classes and confusions",
        "Surest mistakes",
        "Calibration",
        "Training images",
        "Layers",
        "Filters",
        "Config",
        "Environment",
    ):
        assert f">{heading}</h2>" in page
    assert "What is missing" not in page
    record = run.read_record()
    accuracy = (record.metrics or {})["test_accuracy"]
    assert f"{100 * float(accuracy or 0):.2f}%" in page
    for sha256 in record.dataset.sha256.values():
        assert sha256 in page
    assert f"mnistcli reproduce {run.path}" in page
    assert len(page) < 1_500_000
    assert "://" not in page


def test_a_second_report_replaces_the_first_and_nothing_else(run: RunDirectory) -> None:
    write_report(run.path)
    write_report(run.path)
    own = run.path / "report.html"
    own.write_text("<p>my notes</p>")
    error = invoke("report", run.path)
    assert isinstance(error, UsageError)
    assert "was not made by mnistcli" in str(error)
    assert own.read_text() == "<p>my notes</p>"


def test_where_out_may_lead(run: RunDirectory, tmp_path: Path) -> None:
    taken = tmp_path / "taken.html"
    taken.write_text("mine")
    (tmp_path / "folder.html").mkdir()
    problems = {
        taken: "exists",
        tmp_path / "a.txt": "not the name of an HTML page",
        tmp_path / "folder.html": "is a folder",
        tmp_path / "none" / "a.html": "is no folder",
        Path("/proc/a.html"): "cannot write",
    }
    before = sorted(tmp_path.rglob("*"))
    for out, problem in problems.items():
        error = invoke("report", run.path, "--out", out)
        assert isinstance(error, MnistcliError)
        assert problem in error.args[0]
    assert sorted(tmp_path.rglob("*")) == before
    assert taken.read_text() == "mine"
    assert invoke("report", run.path, "--out", taken, "--force") is None
    assert taken.read_text().startswith("<!doctype html>")


def test_a_run_cut_short_shows_what_there_is(run: RunDirectory) -> None:
    edit_record(run, lambda record: record.update(status="interrupted", metrics=None))
    run.metrics.unlink()
    for path in (run.predictions, run.samples, run.best_checkpoint):
        path.unlink()
    page = write_report(run.path)
    assert "No epoch was finished, so there are no curves." in page
    assert f"mnistcli train --resume {run.path}" in page
    assert "was not measured" in page
    assert ">Config</h2>" in page
    assert "<svg viewBox" not in page


def test_a_run_of_an_earlier_version_says_how_to_add_what_it_lacks(run: RunDirectory) -> None:
    for path in (run.predictions, run.samples):
        path.unlink()
    edit_record(run, lambda record: record.update(layers=[], parameters=None))
    page = write_report(run.path)
    for command in ("evaluate", "summary"):
        assert f"<code>mnistcli {command} {run.path}</code>" in page
    assert "95% interval" in page  # from run.json


def test_damage_and_other_data_are_said_and_stop_nothing(run: RunDirectory) -> None:
    run.samples.write_bytes(b"PK")
    edit_record(run, lambda record: record["dataset"]["sha256"].update(test_images="0" * 64))
    page = write_report(run.path)
    assert "samples.npz is damaged" in page
    assert "was trained on other data than" in page
    assert "Surest mistakes" not in page
    assert "Confusion matrix" in page


def test_samples_of_another_shape_are_damage(run: RunDirectory) -> None:
    np.savez(run.samples, images=np.zeros((2, 28, 28), np.uint8), labels=np.zeros(3, np.uint8))
    assert "expected as many images" in write_report(run.path)


def test_several_runs_on_one_page(run: RunDirectory, tmp_path: Path) -> None:
    other = RunDirectory(shutil.copytree(run.path, tmp_path / "other"))
    edit_record(other, lambda record: record.pop("config"))
    other.config.write_text(other.config.read_text().replace("rate: 0.1", "rate: 0.3"))
    done = run_in_process("report", run.path, other.path, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    page = (run.path / "comparison.html").read_text()
    assert document["report"] == str(run.path / "comparison.html")
    assert document["bytes"] == len(page.encode())
    assert "may be chance" in page  # they give the same answers
    assert "<code>layers.1.Dropout.rate</code>" in page
    assert "<span>0.1</span></td>" in page
    assert "<span>0.3</span></td>" in page
    assert "different data" not in page


def test_runs_on_different_data_are_not_tested_against_each_other(
    run: RunDirectory, tmp_path: Path
) -> None:
    other = RunDirectory(shutil.copytree(run.path, tmp_path / "other"))
    edit_record(other, lambda record: record["dataset"]["sha256"].update(test_images="0" * 64))
    assert invoke("report", run.path, other.path) is None
    page = (run.path / "comparison.html").read_text()
    assert "trained and tested on different data" in page
    assert "McNemar" not in page


def test_a_report_loads_neither_tensorflow_nor_matplotlib(
    run: RunDirectory, tmp_path: Path
) -> None:
    done = run_command("report", run.path, folder=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jinja2" in imported
    assert not imported & {"tensorflow", "keras", "matplotlib"}


def test_the_card_says_what_makes_a_figure_too_good(run: RunDirectory) -> None:
    text = run.config.read_text()
    assert "validation: 0.1\n" in text
    text = text.replace("validation: 0.1\n", "validation: test\n")
    run.config.write_text(text)
    edit_record(run, lambda record: record.update(config=text))
    page = write_report(run.path)
    assert "chosen by the 359 test images themselves, which makes the accuracy" in page
    edit_record(run, lambda record: record["dataset"].update(validation_images=0))
    run.config.unlink()
    page = write_report(run.path)
    assert "No images were held out to choose by" in page
    assert "has no config.yaml" in page
