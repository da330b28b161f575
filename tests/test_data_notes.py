"""What commands say of data that was converted, or is odd."""

from pathlib import Path

import numpy as np
import pytest
from commands import invoke

from mnistcli.data import Dataset

NOTE = "note: x_train, x_test: floats from 0 to 1, multiplied by 255\n"


@pytest.fixture
def unit_archive(tmp_path: Path, digits: Dataset) -> Path:
    path = tmp_path / "set.npz"
    np.savez(
        path,
        x_train=digits.train_images / 255,
        y_train=digits.train_labels,
        x_test=digits.test_images / 255,
        y_test=digits.test_labels,
    )
    return path


@pytest.mark.usefixtures("bare_runs")
def test_commands_find_data_beside_the_config_and_say_how_it_was_converted(
    tmp_path: Path, unit_archive: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert unit_archive.parent != Path.cwd()
    config, run = tmp_path / "c.yaml", tmp_path / "run"
    text = "layers: [Dense: {units: 10, activation: softmax}]\nepochs: 1\n"
    config.write_text(f"{text}data: {{dataset: set.npz}}\n")
    for command in (
        ["train", config, "--run-dir", run, "--quiet", "--json"],
        ["summary", config, "--json"],
        ["evaluate", run, "--json"],
    ):
        assert invoke(*command) is None
        output = capfd.readouterr()
        assert output.err.count(NOTE) == 1, command
        assert output.out.startswith("{"), command
    # The run's own config finds the data from any folder.
    assert f"dataset: {unit_archive}\n" in (run / "config.yaml").read_text()

    assert invoke("evaluate", run, "--data", unit_archive, "--json") is None
    assert "note: x_test: floats from 0 to 1, multiplied by 255\n" in capfd.readouterr().err
