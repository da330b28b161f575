"""Temperature scaling, and how calibration is measured."""

from pathlib import Path

import numpy as np
import pytest

from mnistcli.errors import RunError
from mnistcli.recognition import (
    OutputKind,
    fit_temperature,
    read_calibration,
    to_probabilities,
)
from mnistcli.recognition.outputs import TEMPERATURES, softmax
from mnistcli.runs import RunDirectory
from mnistcli.scores import expected_calibration_error


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_the_temperature_that_spoilt_the_probabilities_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 10))
    honest = softmax(logits)
    labels = (honest.cumsum(axis=1) > random.random((20_000, 1))).argmax(axis=1)
    spoilt = softmax(logits * temperature)

    fitted = fit_temperature(spoilt, labels, OutputKind.PROBABILITIES)

    assert fitted == pytest.approx(temperature, rel=0.03)
    mended = to_probabilities(spoilt, OutputKind.PROBABILITIES, fitted)
    assert expected_calibration_error(mended, labels) < 0.01
    if temperature != 1:
        assert expected_calibration_error(spoilt, labels) > 0.03


def test_a_validation_set_without_an_error_gives_a_finite_temperature() -> None:
    outputs, labels = np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 0])
    fitted = fit_temperature(outputs, labels, OutputKind.PROBABILITIES)
    assert fitted == pytest.approx(min(TEMPERATURES))


def test_the_expected_calibration_error_by_hand() -> None:
    # Two images at 90 %, one of them wrong; two at 60 %, both right; 4 images in all.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.6, 0.4]])
    labels = np.array([0, 1, 1, 0])
    expected = (2 * 0.4 + 2 * 0.4) / 4
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_certainty_of_zero_and_one_survives() -> None:
    probabilities = np.array([[0.0, 1.0]], np.float32)
    cooled = to_probabilities(probabilities, OutputKind.PROBABILITIES, 2.0)
    assert cooled[0, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip file at all"])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert read_calibration(run).familiarity is None  # there is none yet
    run.calibration.write_bytes(content)
    with pytest.raises(RunError, match=r"calibration\.npz is damaged"):
        read_calibration(run)
