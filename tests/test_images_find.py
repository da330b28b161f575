"""Which files the paths on a command line lead to."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from mnistcli.errors import ImageError
from mnistcli.images import PictureSelection, describe_omissions, read_picture


def select_pictures(names: list[str], labelled: bool = False) -> PictureSelection:
    selection = PictureSelection()
    for name in names:
        selection.add(name, labelled)
    return selection


def test_folders_are_listed_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    (folder / "inner.png").mkdir(parents=True)
    names = ["1.jpeg", "2.PNG", "10.png", "a.bmp", "b2.webp", "c.heic", "d.jfif", "e.pgm"]
    for name in (*reversed(names), "notes.txt", "more.txt", "README", ".hidden.png"):
        (folder / name).touch()
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "inner.png" / "deep.png").touch()
    odd = tmp_path / "scan.dat"
    odd.touch()
    selection = select_pictures([str(odd), str(folder), str(odd)])
    assert [each.path for each in selection.pictures] == [
        odd,
        *(folder / each for each in names),
        odd,
    ]
    assert describe_omissions(selection.omissions) == (
        "5 files: 2 .txt, 1 hidden, 1 not a regular file, 1 without a suffix; 1 folder"
    )


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    missing, folder = str(tmp_path / "missing"), str(tmp_path)
    (tmp_path / "a.txt").touch()
    selection = select_pictures([missing, folder])
    assert "no such file or folder" in selection.errors[missing]
    assert "no picture in this folder (left out 1 file: 1 .txt)" in selection.errors[folder]
    assert not selection.pictures


def test_without_its_reader_heic_is_left_out_of_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    photo = tmp_path / "b.heic"
    photo.write_bytes(b"\0\0\0\x1cftypheic" + bytes(200))
    selection = select_pictures([str(tmp_path)])
    assert [each.path.name for each in selection.pictures] == ["a.png"]
    assert (
        describe_omissions(selection.omissions) == "1 file: 1 .heic (pip install 'mnistcli[heic]')"
    )
    with pytest.raises(ImageError, match=r"another package\n.*pip install 'mnistcli\[heic\]'"):
        read_picture(photo)


def test_folders_of_labels(tmp_path: Path) -> None:
    for name in ("07/a.png", "3/b.png", "10/c.png", "3/.DS_Store", "3/notes.txt", "stray.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "5").mkdir()
    (tmp_path / "others").mkdir()
    selection = select_pictures([str(tmp_path)], labelled=True)
    assert [(each.path.name, each.label) for each in selection.pictures] == [
        ("b.png", 3),
        ("a.png", 7),
        ("c.png", 10),
    ]
    assert {Path(path).name: reason for path, reason in selection.omissions.items()} == {
        "5": "folder without pictures",
        ".DS_Store": "hidden",
        "notes.txt": ".txt",
        "others": "folder",
        "stray.png": "in no folder of a label",
    }
    # A folder of a label itself, a picture in one, and a name with ..
    names = [str(tmp_path / name) for name in ("3", "3/../07/a.png", "stray.png")]
    selection = select_pictures(names, labelled=True)
    assert [each.label for each in selection.pictures] == [3, 7]
    assert "its folder is not named after a digit" in selection.errors[names[2]]
    # Folders of labels in a folder whose name is a number.
    tmp_path.joinpath("2024", "4").mkdir(parents=True)
    tmp_path.joinpath("2024", "4", "d.png").touch()
    (file,) = select_pictures([str(tmp_path / "2024")], labelled=True).pictures
    assert file.label == 4
