"""Pictures that commands write to a name of the user's: nothing of the user's is overwritten."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import invoke, run_in_process
from PIL import Image, PngImagePlugin

from mnistcli.data import Dataset
from mnistcli.errors import MnistcliError, UsageError


@pytest.fixture
def pictures(tmp_path: Path, digits: Dataset) -> Path:
    """A folder of three digits."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(np.uint8(255) - digits.test_images[i]).save(folder / f"{i}.png")
    return folder


def explain(out: Path, run: Path, image: Path) -> MnistcliError | None:
    return invoke("predict", image, "--run", run, "--explain", out)


def show(out: Path, run: Path, image: Path) -> MnistcliError | None:
    return invoke("show", "training", run, "--out", out)


@pytest.mark.parametrize("write", [explain, show])
def test_only_pictures_of_ours_are_overwritten(
    write: Callable[..., MnistcliError | None], trained_run: Path, pictures: Path, tmp_path: Path
) -> None:
    image = next(pictures.iterdir())
    ours = tmp_path / "new" / "ours.png"
    assert write(ours, trained_run, image) is None
    content = ours.read_bytes()
    with Image.open(ours) as picture:
        assert picture.info["Software"] == "mnistcli"
    assert write(ours, trained_run, image) is None  # again
    assert ours.read_bytes() == content

    theirs = tmp_path / "theirs.png"
    by_others = PngImagePlugin.PngInfo()
    by_others.add_text("Software", "another")
    Image.new("L", (9, 9)).save(theirs, pnginfo=by_others)
    photo, model = tmp_path / "photo.jpg", tmp_path / "model.keras"
    text, folder = tmp_path / "text.png", tmp_path / "folder.png"
    link, dangling = tmp_path / "link.png", tmp_path / "dangling.png"
    device = tmp_path / "device.png"
    for path in (photo, model, text):
        path.write_bytes(b"precious")
    folder.mkdir()
    link.symlink_to(ours)
    dangling.symlink_to(tmp_path / "nothing.png")
    device.symlink_to("/dev/null")
    targets = [theirs, photo, model, text, folder, link, dangling, device, text / "a.png"]
    for target in [*targets, tmp_path / ".png", tmp_path / "none"]:
        error = write(target, trained_run, image)
        assert isinstance(error, UsageError), target
        assert "expected" in str(error)
    assert {path.read_bytes() for path in (photo, model, text)} == {b"precious"}
    assert ours.read_bytes() == content
    assert link.is_symlink() and dangling.is_symlink() and device.is_symlink()
    assert not list(folder.iterdir())


def test_data_png_is_overwritten_only_if_it_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (9, 9)).save("data.png")
    content = Path("data.png").read_bytes()
    assert isinstance(invoke("show", "data"), UsageError)
    assert Path("data.png").read_bytes() == content


def test_the_first_photo_of_an_expanded_pattern_stays(trained_run: Path, pictures: Path) -> None:
    contents = {path: path.read_bytes() for path in pictures.iterdir()}
    photos = [*map(str, sorted(contents))]
    arguments = ("predict", "--explain", *photos, "--run", str(trained_run))
    done = run_in_process(*arguments, folder=pictures)
    assert done.returncode == 2
    assert "it is not overwritten" in done.stderr
    assert {path: path.read_bytes() for path in pictures.iterdir()} == contents
