"""`mnistcli predict` of images of a data set, named by number."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import PATIENCE_SECONDS, command_environment, invoke, run_in_process

from mnistcli.cli.picture_views import ASCII_SHADES, SHADES
from mnistcli.cli.recognizer import open_recognizer
from mnistcli.data import Dataset
from mnistcli.errors import DataError, UsageError
from mnistcli.runs import RunDirectory


@pytest.fixture
def archive(tmp_path: Path, digits: Dataset) -> Path:
    """A data set that has only test images, five of them."""
    path = tmp_path / "some.npz"
    np.savez(path, x_test=digits.test_images[:5], y_test=digits.test_labels[:5])
    return path


def predict(
    capfd: pytest.CaptureFixture[str], *arguments: object
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The predictions and the whole document that `predict --json` prints in this process."""
    capfd.readouterr()
    assert invoke("predict", *arguments, "--json") is None
    document = json.loads(capfd.readouterr().out)
    return document["predictions"], document


def test_the_answers_are_those_of_the_network(
    trained_run: Path, digits: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    predictions, document = predict(capfd, "digits:test", "--run", trained_run)
    count = len(digits.test_labels)
    assert [each["image"] for each in predictions] == [f"digits:test:{i}" for i in range(count)]
    assert [each["label"] for each in predictions] == digits.test_labels.tolist()
    probabilities = open_recognizer(RunDirectory(trained_run)).classifier(digits.test_images)
    assert [each["probabilities"] for each in predictions] == probabilities.tolist()
    evaluation = json.loads((trained_run / "evaluation.json").read_text())
    assert document["labelled"]["accuracy"] == pytest.approx(evaluation["accuracy"])
    assert document["labelled"]["confusion_matrix"] == evaluation["confusion_matrix"]


def test_images_and_pictures_keep_their_order(
    trained_run: Path,
    pictures: Path,
    archive: Path,
    digits: Dataset,
    capfd: pytest.CaptureFixture[str],
) -> None:
    first, second = sorted(pictures.iterdir())[:2]
    names = ["digits:train:17,0-2,1", first, f"{archive}:test:4", second, "digits:test:0"]
    predictions, document = predict(capfd, *names, "--run", trained_run)
    train, test = digits.train_labels, digits.test_labels
    assert [(each["image"], each["label"]) for each in predictions] == [
        *((f"digits:train:{i}", train[i]) for i in (17, 0, 1, 2, 1)),
        (str(first), None),
        (f"{archive}:test:4", test[4]),
        (str(second), None),
        ("digits:test:0", test[0]),
    ]
    assert np.sum(document["labelled"]["confusion_matrix"]) == 7


def test_labels_are_listed_with_the_answers(
    trained_run: Path, pictures: Path, digits: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    predictions, _ = predict(capfd, "digits:test", "--run", trained_run)
    right = [each["digit"] == each["label"] for each in predictions]
    wrong = right.index(False)
    picture = next(pictures.iterdir())
    arguments = ("predict", f"digits:test:{wrong},{right.index(True)}", picture)
    done = run_in_process(*arguments, "--run", trained_run, folder=pictures, COLUMNS="300")
    head, _, mistake, success, unknown, score, *_ = done.stdout.splitlines()
    assert head.split()[:3] == ["image", "digit", "label"]
    assert f" {digits.test_labels[wrong]} ✗ " in mistake
    assert "✗" not in success + unknown
    assert score == "50.00% of 2 images with a label are right, 1 wrong"

    options = ("--labelled", "--run", trained_run)
    shown = run_in_process("predict", "digits:test", *options, folder=pictures).stdout
    assert shown.count("digits:test:") == right.count(False)
    assert f"of {len(right)} images are right, {right.count(False)} wrong (above)" in shown


def test_what_the_network_sees_is_shown(trained_run: Path, tmp_path: Path, digits: Dataset) -> None:
    arguments = ("predict", "digits:test:3", "--show", "--run", trained_run)
    done = run_in_process(*arguments, folder=tmp_path)
    name, *rows = done.stdout.splitlines()[:15]
    assert name == "digits:test:3"
    has_ink = digits.test_images[3].reshape(14, 2, 28).any(axis=1)
    assert [[shade not in (SHADES[0], ASCII_SHADES[0]) for shade in row] for row in rows] == (
        has_ink.tolist()
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits:", "'' is no part of a data set\n  expected train or test, as in digits:test:0-9"),
        ("mnist:validation:0-9", "'validation' is no part of a data set"),
        ("some.npz:val:3", "'val' is no part of a data set"),
        ("mnist:test:", "'' is no number"),
        ("mnist:test:a", "'a' is no number"),
        ("mnist:test:3,-1", "'-1' is no number"),
        ("mnist:test:0-9,", "or nothing after mnist:test for all images"),
        ("mnist:test:0,9-5", "9-5 ends before it begins"),
    ],
)
def test_a_wrong_form_is_an_error_of_usage(name: str, message: str, offline: None) -> None:
    error = invoke("predict", name, "--run", "builtin")
    assert isinstance(error, UsageError)
    assert str(error).startswith(f"{name}: ")
    assert message in str(error)


def test_options_about_pictures_are_refused(pictures: Path, tmp_path: Path, offline: None) -> None:
    picture = next(pictures.iterdir())
    for options in (("--line",), ("--explain", tmp_path / "stages.png")):
        error = invoke("predict", picture, "mnist:test:0-2", *options, "--run", "builtin")
        assert isinstance(error, UsageError)
        assert f"{options[0]} does not go with mnist:test:0-2" in str(error)


def test_what_is_not_there_leaves_the_others(
    trained_run: Path, tmp_path: Path, archive: Path, offline: None
) -> None:
    names = (f"{archive}:test:3-5", f"{archive}:train:0", "gone:test:0", "mnist:test:0")
    huge = f"{archive}:test:0-{10**30}"
    arguments = ("predict", *names, huge, f"{archive}:test:4", "--run", trained_run, "--json")
    done = run_in_process(*arguments, folder=tmp_path)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert [each["image"] for each in document["predictions"]] == [f"{archive}:test:4"]
    too_many, no_train, gone, no_mnist, far_too_many = document["errors"].values()
    assert "has no test image 5\n  expected numbers from 0 to 4: it has 5 test images" in too_many
    assert "missing x_train, y_train" in no_train
    assert "expected x_train, y_train\n" in no_train
    assert gone.startswith("no data set 'gone'\n  looked for ")
    assert no_mnist.startswith("MNIST is not on this machine and could not be downloaded")
    assert "has no test image 1,000," in far_too_many
    assert no_mnist.splitlines()[0] in done.stderr


def test_a_label_that_the_run_does_not_know_is_an_error(
    trained_run: Path, tmp_path: Path, digits: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "more.npz"
    np.savez(path, x_test=digits.test_images[:2], y_test=np.array([3, 10]))
    capfd.readouterr()
    for options in ((), ("--json",), ("--labelled",)):
        error = invoke("predict", f"{path}:test", *options, "--run", trained_run)
        assert isinstance(error, DataError)
        assert "more.npz:test:1 has the label 10\n  expected labels from 0 to 9" in str(error)
    assert not capfd.readouterr().out


def test_a_file_with_such_a_name_is_a_picture(
    trained_run: Path,
    pictures: Path,
    offline: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(pictures)
    shutil.copy(next(pictures.iterdir()), "mnist:test:3")
    for name in ("mnist:test:3", "mnist:test:[0-9]"):
        (prediction,), document = predict(capfd, name, "--run", trained_run)
        assert (prediction["image"], prediction["label"]) == ("mnist:test:3", None)
        assert "labelled" not in document
    _, document = predict(capfd, "http://a.b:80/c.png", "C:\\a.png", "--run", trained_run)
    errors = document["errors"].values()
    assert ["no such file or folder" in error for error in errors] == [True, True]


def test_tensorflow_is_not_loaded(trained_run: Path, tmp_path: Path) -> None:
    arguments = ("predict", "digits:test:0-3", "--run", trained_run)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mnistcli", *arguments],
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mnistcli.data" in imported
    assert not imported & {"tensorflow", "keras", "scipy", "sklearn", "mnistcli.config", "pydantic"}
