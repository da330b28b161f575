"""Which pictures `mnistcli predict` reads, and how."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import (
    COMMAND,
    PATIENCE_SECONDS,
    SMALL_CONFIG,
    command_environment,
    invoke,
    run_in_process,
)
from pictures import draw, thicken
from PIL import Image
from scenes import ROWS

from mnistcli.data import Dataset
from mnistcli.errors import DataError, UsageError
from mnistcli.images import MAX_DRAWINGS


@pytest.fixture(scope="module")
def stretched(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> tuple[Path, Path]:
    """A run trained on digits stretched to all of 28x28, and a folder of its test images."""
    folder = tmp_path_factory.mktemp("stretched")

    def stretch(image: np.ndarray) -> np.ndarray:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return np.asarray(Image.fromarray(cut).resize((28, 28)))

    train, test = (
        np.stack([stretch(image) for image in images])
        for images in (digits.train_images, digits.test_images)
    )
    labels = {"y_train": digits.train_labels, "y_test": digits.test_labels}
    np.savez(folder / "data.npz", x_train=train, x_test=test, allow_pickle=False, **labels)
    (folder / "small.yaml").write_text(SMALL_CONFIG)
    arguments = ("small.yaml", "--quiet", "--run-dir", "run", "--set", "data.dataset=data.npz")
    done = run_in_process("train", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    for i, (image, label) in enumerate(zip(test, digits.test_labels, strict=True)):
        path = folder / "images" / str(label) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder / "run", folder / "images"


def predict(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[dict[str, Any], str]:
    """What `predict --json` says in this process, and what it writes to stderr."""
    capfd.readouterr()
    assert invoke("predict", *arguments, "--json") is None
    output, errors = capfd.readouterr()
    return json.loads(output), errors


def test_pictures_are_read_as_the_run_was_trained(
    stretched: tuple[Path, Path], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, images = stretched
    dataset = json.loads((run / "run.json").read_text())["dataset"]
    assert (dataset["framing"], dataset["dark_background"]) == ("as_is", True)
    accuracy = json.loads((run / "evaluation.json").read_text())["accuracy"]
    same, _ = predict(capfd, images, "--labelled", "--run", run)
    assert same["labelled"]["accuracy"] == pytest.approx(accuracy)
    # Larger, and dark on light.
    for path in list(images.glob("*/1*.png")):
        large = tmp_path / path.relative_to(images)
        large.parent.mkdir(exist_ok=True)
        with Image.open(path) as image:
            Image.fromarray(255 - np.asarray(image.resize((112, 112)))).save(large)
    other, _ = predict(capfd, tmp_path, "--labelled", "--run", run)
    assert len(other["predictions"]) > 100
    assert other["labelled"]["accuracy"] > accuracy - 0.03
    row = invoke("predict", "--line", images, "--run", run)
    assert isinstance(row, UsageError)
    assert "MNIST's frame" in str(row)
    out = tmp_path / "stages.png"
    assert invoke("predict", images / "3" / "*5.png", "--run", run, "--explain", out) is None
    with Image.open(out) as stages:
        assert stages.width < 2 * 230


def test_what_a_folder_holds_besides_is_said(
    trained_run: Path, pictures: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("notes.txt", "more.TXT", ".DS_Store"):
        (pictures / name).touch()
    (pictures / "inner").mkdir()
    document, errors = predict(capfd, pictures, "--run", trained_run)
    assert len(document["predictions"]) == 12
    left_out = {Path(path).name: reason for path, reason in document["left_out"].items()}
    assert left_out == {
        "notes.txt": ".txt",
        "more.TXT": ".txt",
        ".DS_Store": "hidden",
        "inner": "folder",
    }
    assert errors == "left out 3 files: 2 .txt, 1 hidden; 1 folder\n"


def test_a_label_that_the_run_does_not_know_is_an_error(
    trained_run: Path, tmp_path: Path, digits: Dataset
) -> None:
    for label in (3, 10):
        (tmp_path / str(label)).mkdir()
        Image.fromarray(digits.test_images[label]).save(tmp_path / str(label) / "a.png")
    error = invoke("predict", tmp_path, "--labelled", "--run", trained_run)
    assert isinstance(error, DataError)
    assert "10/a.png has the label 10\n  expected labels from 0 to 9" in str(error)


def test_a_picture_named_twice_is_read_twice(
    trained_run: Path, pictures: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = next(pictures.iterdir())
    document, _ = predict(capfd, image, image, "--run", trained_run)
    assert [each["image"] for each in document["predictions"]] == [str(image)] * 2
    numbers, _ = predict(capfd, "--line", image, image, "--run", trained_run)
    assert len(numbers["numbers"]) == 2


def test_standard_input_is_read_once(
    trained_run: Path, pictures: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with next(pictures.iterdir()).open("rb") as file:
        done = subprocess.run(
            [COMMAND, "predict", "-", "-", "--run", trained_run],
            stdin=file,
            env=command_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout.count("standard input") == 1
    assert "standard input can be read only once" in done.stderr


def test_names_cannot_command_the_terminal(
    trained_run: Path,
    pictures: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(pictures)
    image, *_ = pictures.iterdir()
    names = ["a\x1b[31mb.png", "a\nb.png", "a\x9bb\udcff.png"]
    for name in names:
        shutil.copy(image, name)
    Path("\x1bbroken.png").touch()
    for options in ((), ("--line",), ("--show",)):
        capfd.readouterr()
        assert invoke("predict", *names, "\x1bbroken.png", *options, "--run", trained_run) is None
        output, errors = capfd.readouterr()
        assert "\x1b" not in output + errors
        for name in (r"a\x1b[31mb.png", r"a\nb.png", r"a\x9bb\xff.png"):
            assert name in output
        assert r"\x1bbroken.png" in errors
    document, _ = predict(capfd, *names, "--run", trained_run)
    assert [each["image"] for each in document["predictions"]] == names


def test_more_than_a_hundred_pictures_are_not_explained(
    trained_run: Path, pictures: Path, tmp_path: Path
) -> None:
    image = next(pictures.iterdir())
    out = tmp_path / "stages.png"
    error = invoke("predict", *[image] * (MAX_DRAWINGS + 1), "--run", trained_run, "--explain", out)
    assert isinstance(error, UsageError)
    assert f"at most {MAX_DRAWINGS} pictures, got {MAX_DRAWINGS + 1}" in str(error)
    assert not out.exists()


@pytest.fixture
def page(tmp_path: Path, digits: Dataset) -> Path:
    """A large picture with two lines of digits, 2 and 3."""
    indices = [int(np.argmax(digits.test_labels == i)) for i in (2, 5, 3, 1, 0)]
    inks = [thicken(draw(digits.test_images[i]), -4) for i in indices]
    picture = Image.fromarray(ROWS["two lines"](inks, np.random.default_rng(0)))
    path = tmp_path / "page.png"
    picture.resize((picture.width * 6, picture.height * 6)).save(path)
    return path


def test_lines_are_listed_with_boxes_in_the_pixels_of_the_file(
    trained_run: Path, page: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (reading,) = predict(capfd, "--line", page, "--run", trained_run)[0]["numbers"]
    with Image.open(page) as image:
        assert (reading["width"], reading["height"]) == image.size
        ink = np.asarray(image.convert("L")) < 128
    assert [line["line"] for line in reading["lines"]] == [1, 2]
    assert [len(line["digits"]) for line in reading["lines"]] == [2, 3]
    assert reading["number"] == "\n".join(line["number"] for line in reading["lines"])
    assert [digit["line"] for digit in reading["digits"]] == [1, 1, 2, 2, 2]
    inside = np.zeros_like(ink)
    for left, top, right, bottom in (digit["box"] for digit in reading["digits"]):
        inside[top:bottom, left:right] = True
    assert (ink & inside).sum() > 0.98 * ink.sum()
    assert inside.mean() < 0.6
    capfd.readouterr()
    assert invoke("predict", "--line", page, "--run", trained_run) is None
    words = capfd.readouterr().out.split()
    assert all(line["number"] in words for line in reading["lines"])


def test_lines_are_explained_in_a_picture(trained_run: Path, page: Path, tmp_path: Path) -> None:
    out = tmp_path / "lines.png"
    arguments = ("predict", "--line", page, page, "--run", trained_run, "--explain", out)
    assert invoke(*arguments) is None
    with Image.open(out) as drawing, Image.open(page) as image:
        assert drawing.height > 1.7 * drawing.width * image.height / image.width
        colours = np.asarray(drawing).astype(int)
    is_coloured = np.ptp(colours, axis=2) > 60
    assert 0.005 < is_coloured.mean() < 0.2


def test_more_than_one_digit_is_said_to_be(
    trained_run: Path, tmp_path: Path, digits: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    inks = [draw(digits.test_images[np.argmax(digits.test_labels == i)]) for i in (4, 5, 0)]
    for i, scene in enumerate(("side by side", "28 pixels high")):
        Image.fromarray(ROWS[scene](inks, np.random.default_rng(0))).save(tmp_path / f"{i}.png")
    assert invoke("predict", tmp_path, "--run", trained_run) is None
    output = capfd.readouterr().out
    assert output.count("several") == 2 + 1
    assert "--line" in output
