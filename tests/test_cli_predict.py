"""`mnistcli predict`, as typed."""

import json
from pathlib import Path

import pytest
from commands import run_command
from PIL import Image

from mnistcli.data import Dataset


@pytest.fixture
def pictures(tmp_path: Path, digits: Dataset) -> Path:
    """Twelve test digits as pictures of ink on paper, named for their labels."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(12):
        picture = Image.fromarray(255 - digits.test_images[i]).resize((112, 112))
        picture.save(folder / f"{i:02d}-is-{digits.test_labels[i]}.png")
    return folder


def test_a_folder_of_drawings_is_read(trained_run: Path, pictures: Path) -> None:
    arguments = ("predict", pictures, "--run", trained_run, "--json")
    told = json.loads(run_command(*arguments, folder=pictures).stdout)
    assert told["errors"] == {}
    right = [p["digit"] == int(Path(p["image"]).stem[-1]) for p in told["predictions"]]
    assert len(right) == 12
    assert sum(right) >= 10


def test_without_run_the_latest_completed_one_answers(trained_run: Path, pictures: Path) -> None:
    image = next(pictures.iterdir())
    arguments = ("predict", image, "--show")
    done = run_command(*arguments, folder=trained_run.parents[1], COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert image.name in done.stdout
    assert trained_run.name in done.stdout
    assert len(done.stdout.splitlines()) > 14  # the picture is drawn


def test_a_file_that_cannot_be_read_fails_alone(trained_run: Path, pictures: Path) -> None:
    name = "broken[bold]\udcff.png"  # brackets are no markup, and a byte that is not UTF-8
    (pictures / name).write_bytes(b"no picture")
    arguments = ("predict", pictures, "--run", trained_run, "--json")
    done = run_command(*arguments, folder=pictures)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert len(told["predictions"]) == 12
    assert [Path(failed).name for failed in told["errors"]] == [name]
    assert "broken[bold]?.png" in done.stderr


def test_a_missing_image_is_an_error(trained_run: Path, tmp_path: Path) -> None:
    done = run_command("predict", "nowhere.png", "--run", trained_run, folder=tmp_path)
    assert done.returncode == 1
    assert "nowhere.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_run_the_way_to_one_is_named(tmp_path: Path, pictures: Path) -> None:
    done = run_command("predict", pictures, folder=tmp_path)
    assert done.returncode == 1
    assert "mnistcli train" in done.stderr
