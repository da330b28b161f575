"""Folders of labelled pictures in the commands: trained on, measured, read."""

import json
from pathlib import Path

import pytest
from commands import SMALL_CONFIG, invoke, run_in_process
from drawings import write_labelled

from mnistcli.data import Dataset
from mnistcli.errors import RunError

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.usefixtures("bare_runs")
def test_a_run_with_pictures_of_one_s_own(
    tmp_path: Path,
    digits: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = write_labelled(tmp_path / "mine", digits, range(50))
    (tmp_path / "c.yaml").write_text(SMALL_CONFIG)
    run, options = tmp_path / "run", ["--set", "data.extra=[{path: mine, repeat: 3}]"]

    assert invoke("train", "c.yaml", *options, "--set", "epochs=2", "--run-dir", run) is None
    assert "digits and mine: 1,444 to train, 144 to validate, 359 to test" in capfd.readouterr().err
    data = json.loads((run / "run.json").read_text())["dataset"]
    assert data["extra"] == [{"source": str(mine), "images": 50, "repeat": 3}]
    assert data["training_images"] == 1438 - 144 + 3 * 50
    assert f"  extra: [{{path: {mine}, repeat: 3}}]\n" in (run / "config.yaml").read_text()

    # Both commands read the same pictures alike, and one says that the run knows them.
    assert invoke("evaluate", run, "--data", "mine", "--json") is None
    output = capfd.readouterr()
    assert f"note: the run was trained on pictures in {mine}; it knows them already" in output.err
    evaluation = json.loads(output.out)
    assert invoke("predict", "--labelled", "mine", "--run", run, "--json") is None
    labelled = json.loads(capfd.readouterr().out)["labelled"]
    assert evaluation["accuracy"] == labelled["accuracy"] > 0.5
    assert invoke("predict", "mine:train:0", "--run", run, "--json") is None
    assert json.loads(capfd.readouterr().out)["predictions"][0]["label"] == 0

    # The run finds its pictures from any folder, and goes on only with the same ones.
    monkeypatch.chdir(mine)
    write_labelled(mine, digits, range(50, 51))
    error = invoke("train", "--resume", run, "--set", "epochs=3")
    assert isinstance(error, RunError)
    assert "was trained on other data than data.extra holds" in str(error)
    # The test images are as they were.
    assert invoke("evaluate", run) is None


def test_labelled_pictures_in_two_parts_are_those_of_the_test(
    tmp_path: Path, digits: Dataset
) -> None:
    for part, numbers in {"train": range(5), "test": range(5, 12)}.items():
        write_labelled(tmp_path / "mine" / part, digits, numbers)

    done = run_in_process("predict", "--labelled", "mine", "--run", "builtin", folder=tmp_path)

    assert "of 7 images are right" in done.stdout
