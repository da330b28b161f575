"""`mnistcli predict`, as typed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import (
    COMMAND,
    PATIENCE_SECONDS,
    command_environment,
    invoke,
    run_in_process,
)
from msgspec.structs import replace
from PIL import Image

from mnistcli.data import Dataset
from mnistcli.handwriting import draw, draw_other, vary
from mnistcli.runs import RunDirectory


def test_a_folder_of_drawings_is_read(trained_run: Path, pictures: Path) -> None:
    arguments = ("predict", pictures, "--run", trained_run, "--json")
    told = json.loads(run_in_process(*arguments, folder=pictures).stdout)
    assert told["errors"] == {}
    right = [p["digit"] == int(Path(p["image"]).stem[-1]) for p in told["predictions"]]
    assert len(right) == 12
    assert sum(right) >= 10


def test_without_run_the_built_in_model_answers(trained_run: Path, pictures: Path) -> None:
    image = next(pictures.iterdir())
    arguments = ("predict", image, "--show")
    alone = run_in_process(*arguments, folder=pictures, COLUMNS="100")
    assert alone.returncode == 0, alone.stderr
    assert image.name in alone.stdout
    assert "Read by builtin (mnist, test accuracy 99." in alone.stdout
    assert len(alone.stdout.splitlines()) > 14  # the picture is drawn
    # A run on other data is not taken without a word.
    beside = run_in_process(*arguments, folder=trained_run.parents[1], COLUMNS="100")
    assert beside.stdout == alone.stdout
    assert f"{trained_run.name} is the latest run, but of digits, not MNIST" in beside.stderr


def test_without_run_the_latest_one_on_mnist_answers(
    trained_run: Path, pictures: Path, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "runs" / "mine")
    shutil.copytree(trained_run, run.path)
    record = run.read_record()
    dataset = replace(record.dataset, name="mnist")
    run.write_record(replace(record, dataset=dataset))

    done = run_in_process("predict", *pictures.iterdir(), "--json", folder=tmp_path)

    document = json.loads(done.stdout)
    assert (document["run"], document["data"]) == ("runs/mine", "mnist")
    assert document["test_accuracy"] == (record.metrics or {})["test_accuracy"]
    assert not done.stderr


def test_the_built_in_model_knows_what_is_no_digit(pictures: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    letters = tmp_path / "letters"
    letters.mkdir()
    for i in range(40):
        image = 255 - draw(vary(draw_other(random), random), random)
        Image.fromarray(image).resize((140, 140)).save(letters / f"{i}.png")

    def read(folder: Path) -> list[dict[str, Any]]:
        done = run_in_process("predict", folder, "--run", "builtin", "--json", folder=tmp_path)
        predictions: list[dict[str, Any]] = json.loads(done.stdout)["predictions"]
        return predictions

    drawn = read(pictures)
    assert [p["digit"] for p in drawn] == [int(Path(p["image"]).stem[-1]) for p in drawn]
    assert sum(p["uncertain"] is None for p in drawn) >= 8
    no_digits = read(letters)
    assert sum(p["uncertain"] is not None for p in no_digits) >= 37
    assert sum(p["uncertain"] == "not a digit" for p in no_digits) >= 30


def test_a_file_that_cannot_be_read_fails_alone(trained_run: Path, pictures: Path) -> None:
    name = "broken[bold]\udcff.png"  # brackets are no markup, and a byte that is not UTF-8
    (pictures / name).write_bytes(b"no picture")
    arguments = ("predict", pictures, "--run", trained_run, "--json")
    done = run_in_process(*arguments, folder=pictures)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert len(told["predictions"]) == 12
    assert [Path(failed).name for failed in told["errors"]] == [name]
    assert r"broken[bold]\xff.png" in done.stderr


def test_a_missing_image_is_an_error(trained_run: Path, tmp_path: Path) -> None:
    done = run_in_process("predict", "nowhere.png", "--run", trained_run, folder=tmp_path)
    assert done.returncode == 1
    assert "nowhere.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_image_leaves_the_others(trained_run: Path, pictures: Path) -> None:
    arguments = ("predict", "nowhere.png", "no/*.png", pictures, "--run", trained_run, "--json")
    done = run_in_process(*arguments, folder=pictures)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert len(told["predictions"]) == 12
    assert list(told["errors"]) == ["nowhere.png", "no/*.png"]


def test_tensorflow_is_not_loaded(trained_run: Path, pictures: Path) -> None:
    image = next(pictures.iterdir())
    arguments = ("predict", image, "--run", trained_run, "--explain", pictures / "stages.png")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mnistcli", *arguments],
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "ai_edge_litert.interpreter" in imported
    assert not imported & {"tensorflow", "keras", "scipy", "sklearn", "matplotlib"}
    # Nor the config language, or what only a training or many pictures need.
    assert not imported & {"mnistcli.config", "pydantic", "yaml", "importlib.metadata"}
    assert not imported & {"threadpoolctl", "mnistcli.images.workers"}


def answers(told: str) -> list[tuple[str, int]]:
    return [(Path(p["image"]).name, p["digit"]) for p in json.loads(told)["predictions"]]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("removed", "has no model.tflite; "),
        ("damaged", "model.tflite is damaged or of another run: "),
        ("not converted", "it could not be converted (no such layer)"),
        ("not recorded", "model.tflite is not used: run.json has no SHA-256 of it"),
    ],
)
def test_without_a_lite_model_keras_answers(
    damage: str,
    reason: str,
    trained_run: Path,
    pictures: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = shutil.copytree(trained_run, tmp_path / "copy")
    model = run / "model.tflite"
    if damage == "damaged":
        content = bytearray(model.read_bytes())
        content[-2000] ^= 255  # a weight: no reader of the format would notice
        model.write_bytes(content)
    elif damage != "not recorded":
        model.unlink()
    artifacts = {"not converted": {model.name: {"problem": "no such layer"}}, "not recorded": {}}
    if damage in artifacts:
        record = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(record | {"artifacts": artifacts[damage]}))
    by_lite = run_in_process("predict", pictures, "--run", trained_run, "--json", folder=pictures)
    assert invoke("predict", pictures, "--run", run, "--json") is None
    by_keras, told = capfd.readouterr()
    assert answers(by_keras) == answers(by_lite.stdout)
    assert reason in told
    assert "Keras reads instead" in told
    assert by_lite.stderr == ""


def test_patterns_and_standard_input(trained_run: Path, pictures: Path) -> None:
    done = run_in_process(
        "predict", "0*.png", "11*", "--run", trained_run, "--json", folder=pictures
    )
    assert len(answers(done.stdout)) == 11
    with (pictures / answers(done.stdout)[0][0]).open("rb") as file:
        piped = subprocess.run(
            [COMMAND, "predict", "-", "0*1.png", "--run", trained_run, "--json"],
            cwd=pictures,
            stdin=file,
            env=command_environment(),
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
    first, *_ = answers(piped.stdout.decode())  # in the order of the arguments
    assert first == ("standard input", answers(done.stdout)[0][1])
    nothing = run_in_process("predict", "*.gif", "--run", trained_run, folder=pictures)
    assert nothing.returncode == 1
    assert "*.gif: nothing matches" in nothing.stderr


def test_more_than_the_two_most_probable(trained_run: Path, pictures: Path) -> None:
    image = next(pictures.iterdir())
    arguments = ("predict", image, "--run", trained_run, "--top")
    row = run_in_process(*arguments, "3", folder=pictures, COLUMNS="200").stdout.splitlines()[2]
    assert row.count("%") == 3
    assert run_in_process(*arguments, "0", folder=pictures).returncode == 2


def test_folders_that_name_the_digits_give_an_accuracy(
    trained_run: Path, tmp_path: Path, digits: Dataset
) -> None:
    # As many images as are shared out among processes, with three in a wrong folder.
    for i in range(120):
        label = digits.test_labels[i] if i >= 3 else (digits.test_labels[i] + 1) % 10
        folder = tmp_path / "drawn" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - digits.test_images[i]).resize((56, 56)).save(folder / f"{i}.png")
    arguments = ("predict", "drawn", "--labelled", "--run", trained_run)
    done = run_in_process(*arguments, "--json", folder=tmp_path)
    told = json.loads(done.stdout)
    right = sum(p["digit"] == int(Path(p["image"]).parent.name) for p in told["predictions"])
    assert told["labelled"]["accuracy"] == right / 120
    assert np.trace(told["labelled"]["confusion_matrix"]) == right
    assert np.sum(told["labelled"]["confusion_matrix"]) == 120
    assert 90 <= right <= 117
    shown = run_in_process(*arguments, folder=tmp_path).stdout
    assert f"{right / 120:.2%} of 120 images are right, {120 - right} wrong" in shown
    Image.new("L", (20, 20)).save(tmp_path / "stray.png")
    stray = run_in_process(
        "predict", "stray.png", "--labelled", "--run", trained_run, folder=tmp_path
    )
    assert stray.returncode == 1
    assert "its folder is not named after a digit" in stray.stderr


def test_a_row_of_digits_is_a_number(trained_run: Path, tmp_path: Path, digits: Dataset) -> None:
    row, chosen = [], range(5)
    for i in chosen:
        picture = Image.fromarray(255 - digits.test_images[i]).resize((112, 112))
        row.append(np.asarray(picture))
    page = np.concatenate(row, axis=1)
    page[5:8, 300:303] = 0  # dirt
    Image.fromarray(page).save(tmp_path / "row.png")
    arguments = ("predict", "--line", "row.png", "--run", trained_run)
    (told,) = json.loads(run_in_process(*arguments, "--json", folder=tmp_path).stdout)["numbers"]
    assert len(told["number"]) == 5
    expected = "".join(str(digits.test_labels[i]) for i in chosen)
    assert sum(a == b for a, b in zip(told["number"], expected, strict=True)) >= 4
    lefts = [digit["box"][0] for digit in told["digits"]]
    assert lefts == sorted(lefts)
    shown = run_in_process(*arguments, folder=tmp_path).stdout
    assert told["number"] in shown
    assert shown.partition("Read by")[0].count("%") == 5


def test_digits_that_cannot_be_parted_are_said_to_be(
    trained_run: Path, tmp_path: Path, digits: Dataset
) -> None:
    eight = np.asarray(Image.fromarray(digits.test_images[0]).resize((112, 112)))
    page = np.zeros((112, 400), np.uint8)
    for left in (20, 70, 120, 170, 220):
        page[:, left : left + 112] = np.maximum(page[:, left : left + 112], eight)
    page[50:60, 40:300] = 255  # one scrawl through them all
    Image.fromarray(255 - page).save(tmp_path / "row.png")
    done = run_in_process("predict", "--line", "row.png", "--run", trained_run, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cannot be separated" in done.stdout or "uncertain" in done.stdout


def test_several_digits_are_not_read_as_one(trained_run: Path, pictures: Path) -> None:
    one, other = (np.asarray(Image.open(path)) for path in sorted(pictures.iterdir())[:2])
    Image.fromarray(np.concatenate([one, other], axis=1)).save(pictures / "two.png")
    done = run_in_process(
        "predict", "two.png", "00*", "--run", trained_run, "--json", folder=pictures
    )
    two, single = json.loads(done.stdout)["predictions"]
    assert two["uncertain"] == "several"
    assert single["uncertain"] != "several"


def test_noise_is_no_digit_for_certain(trained_run: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    blobs = random.normal(0, 1, (24, 24))
    Image.fromarray(np.where(blobs > 0.3, 0, 255).astype(np.uint8)).resize(
        (240, 240), Image.Resampling.NEAREST
    ).save(tmp_path / "noise.png")
    done = run_in_process("predict", "noise.png", "--run", trained_run, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not a digit" in done.stdout or "close call" in done.stdout


def test_the_stages_are_explained_in_a_picture(trained_run: Path, pictures: Path) -> None:
    arguments = ("predict", "0*.png", "--run", trained_run, "--explain", "stages.png")
    done = run_in_process(*arguments, folder=pictures)
    assert "Written to stages.png" in done.stdout
    with Image.open(pictures / "stages.png") as stages:
        assert stages.height > 10 * 196
        assert len(np.unique(np.asarray(stages.convert("L")))) > 20
