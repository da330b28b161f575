"""From a network's probabilities to an answer that can be relied upon."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from run_records import make_record

from mnistcli.data import Dataset
from mnistcli.images import Digit, frame_digit
from mnistcli.recognition import (
    Calibration,
    NetworkClassifier,
    OutputKind,
    Recognizer,
    fit_familiarity,
    read_calibration,
)
from mnistcli.runs import RunDirectory


def blank(name: str, label: int | None = None) -> list[Digit]:
    return [Digit(name, np.zeros((28, 28), np.uint8), label)]


def recognizer(row: list[float], temperature: float = 1.0) -> Recognizer:
    """One whose network gives the same probabilities for any image."""

    def probabilities(images: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
        return np.repeat([row], len(images), axis=0)

    classifier = NetworkClassifier(probabilities, OutputKind.PROBABILITIES, temperature)
    return Recognizer(classifier)


def test_the_two_most_probable_classes_are_found() -> None:
    (two,) = recognizer([0.125, 0.25, 0.625]).predict(blank("two.png", 1))

    told = json.loads(json.dumps(two.to_json()))
    assert told.pop("probabilities") == pytest.approx([0.125, 0.25, 0.625])
    assert told == {
        "image": "two.png",
        "digit": 2,
        "confidence": pytest.approx(0.625),
        "runner_up": 1,
        "runner_up_confidence": pytest.approx(0.25),
        "uncertain": "close call",
        "label": 1,
        "strangeness": pytest.approx(0.125),  # the share beyond the two
    }
    assert [digit for digit, _ in two.most_probable(3)] == [2, 1, 0]


def test_of_equally_probable_classes_the_lower_comes_first() -> None:
    (tie,) = recognizer([0.0] * 50 + [0.02] * 50).predict(blank("tie.png"))

    assert (tie.digit, tie.runner_up) == (50, 51)


def test_a_temperature_lowers_the_confidence_and_not_the_digit() -> None:
    (hot,) = recognizer([0.1, 0.9], temperature=2.0).predict(blank("a"))

    assert hot.digit == 1
    assert hot.confidence == pytest.approx(0.75)  # 3 : 1 is the square root of 9 : 1
    (cold,) = recognizer([0.45, 0.55]).predict(blank("a"))
    assert cold.uncertain == "close call"


@pytest.fixture(scope="module")
def framed(digits: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Training and test images in MNIST's frame."""

    def frame(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        grey = [np.repeat(image[..., np.newaxis], 3, axis=2) for image in images]
        return np.stack([frame_digit(each).image for each in grey])

    return frame(digits.train_images), frame(digits.test_images)


def test_what_is_no_digit_is_unfamiliar(
    digits: Dataset, framed: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> None:
    train, test = framed
    labels = digits.train_labels
    familiarity = fit_familiarity(train[:1200], labels[:1200], train[1200:], labels[1200:], 10)

    def strange(images: NDArray[np.uint8], classes: NDArray[np.integer[Any]]) -> float:
        return float(np.mean(familiarity.distances(images, classes) > familiarity.limit))

    assert strange(test, digits.test_labels) < 0.05
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (200, 28, 28)).astype(np.uint8)
    assert strange(noise, random.integers(0, 10, 200)) == 1
    # As another digit than it is, an image is strange too.
    assert strange(test, (digits.test_labels + 5) % 10) > 0.5


def test_a_calibration_comes_back_from_its_file(
    digits: Dataset, framed: tuple[NDArray[np.uint8], NDArray[np.uint8]], tmp_path: Path
) -> None:
    train, test = framed
    labels = digits.train_labels
    familiarity = fit_familiarity(train, labels, test, digits.test_labels, 10)
    run = RunDirectory(tmp_path)
    run.write_record(make_record())
    run.calibration.write_bytes(Calibration(1.5, familiarity, 0.25).to_bytes())

    back = read_calibration(run)

    assert (back.temperature, back.max_spread) == (1.5, 0.25)
    assert back.familiarity is not None
    expected = familiarity.distances(test, digits.test_labels)
    assert np.array_equal(back.familiarity.distances(test, digits.test_labels), expected)
    run.calibration.write_bytes(Calibration().to_bytes())
    assert read_calibration(run) == Calibration()
