"""Folders of labelled pictures: read, cached, divided and added to other data sets."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from drawings import draw_five, encode, write_labelled
from numpy.typing import NDArray
from PIL import Image

from mnistcli.data import Dataset, load_dataset, load_labelled_images, load_split, split_validation
from mnistcli.errors import DataError
from mnistcli.images import Digit, PictureFile, read_digits

Picture = NDArray[np.uint8]


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def mine(tmp_path: Path, digits: Dataset) -> Path:
    """Fifty pictures of all digits."""
    return write_labelled(tmp_path / "mine", digits, range(50))


def as_set(images: Picture) -> set[bytes]:
    return {image.tobytes() for image in images}


def read_all(folder: Path) -> set[bytes]:
    readings = list(read_digits([PictureFile(path) for path in folder.glob("*/*.png")]))
    return {digit.image.tobytes() for digit in readings if isinstance(digit, Digit)}


def test_pictures_are_read_as_predict_reads_them(mine: Path, digits: Dataset) -> None:
    dataset = load_dataset(str(mine))

    assert as_set(dataset.train_images) | as_set(dataset.test_images) == read_all(mine)
    assert len(dataset.train_images) + len(dataset.test_images) == 50
    counts = np.bincount(dataset.train_labels) + np.bincount(dataset.test_labels, minlength=10)
    assert counts.tolist() == np.bincount(digits.test_labels[:50]).tolist()
    assert (dataset.name, dataset.source, dataset.notes) == (str(mine), str(mine), ())
    np.testing.assert_array_equal(load_split(str(mine), "test").images, dataset.test_images)
    assert len(load_labelled_images(str(mine))) == 50


def test_new_pictures_and_new_names_move_none_between_train_and_test(
    mine: Path, digits: Dataset
) -> None:
    before = load_dataset(str(mine))
    for path in list(mine.glob("*/*.png")):
        path.rename(path.with_stem(f"a{path.stem}"))
    write_labelled(mine, digits, range(50, 90))

    after = load_dataset(str(mine))

    assert 4 < len(before.test_images) < 16
    assert len(after.test_images) > len(before.test_images)
    assert as_set(before.test_images) < as_set(after.test_images)
    assert as_set(before.train_images) < as_set(after.train_images)


def test_a_picture_is_read_once(
    mine: Path, digits: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def count(files: list[PictureFile], *arguments: object) -> Iterator[object]:
        read.extend(file.path.name for file in files)
        return read_digits(files, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("mnistcli.data.pictures.read_digits", count)
    first = load_dataset(str(mine))
    assert len(read) == 50
    read.clear()
    assert load_dataset(str(mine)).sha256 == first.sha256
    assert read == []

    write_labelled(mine, digits, range(50, 51))
    damaged, *_ = (path for path in cache.rglob("*") if path.is_file())
    damaged.write_bytes(bytes(damaged.stat().st_size))
    load_dataset(str(mine))
    assert len(read) == 2 and "50.png" in read
    read.clear()

    monkeypatch.setattr("mnistcli.data.picture_cache.reading_version", lambda: "another")
    load_dataset(str(mine))
    assert len(read) == 51


def test_folders_train_and_test_are_taken_as_they_are(tmp_path: Path, digits: Dataset) -> None:
    folder = tmp_path / "mine"
    write_labelled(folder / "train", digits, range(40))
    write_labelled(folder / "test", digits, range(40, 60))

    dataset = load_dataset(str(folder))
    with_extra = load_dataset("digits", extra=[str(folder)])

    assert as_set(dataset.train_images) == read_all(folder / "train")
    assert as_set(dataset.test_images) == read_all(folder / "test")
    assert as_set(load_labelled_images(str(folder)).images) == read_all(folder / "test")
    assert as_set(with_extra.extra[0].images) == read_all(folder / "train")


def test_extra_pictures_are_trained_on_and_nothing_else(mine: Path, digits: Dataset) -> None:
    own = split_validation(digits, 100, seed=3)
    dataset = load_dataset("digits", extra=["mine", "mine/3"], folder=mine.parent)

    splits = split_validation(dataset, 100, 3, repeats=[1, 4])

    np.testing.assert_array_equal(splits.validation.images, own.validation.images)
    np.testing.assert_array_equal(splits.test.images, own.test.images)
    count, threes = len(own.train), int((digits.test_labels[:50] == 3).sum())
    np.testing.assert_array_equal(splits.train.images[:count], own.train.images[:])
    extra_labels = splits.train.labels[count:]
    assert len(extra_labels) == 50 + 4 * threes
    assert (extra_labels == 3).sum() == 5 * threes
    assert as_set(splits.train.images[count:]) == read_all(mine)
    assert dataset.sha256.items() > digits.sha256.items()
    assert load_dataset("digits", extra=[str(mine)]).sha256 != dataset.sha256


def test_extra_pictures_that_are_test_images_are_told(mine: Path) -> None:
    dataset = load_dataset(str(mine), extra=[str(mine)])

    count = len(dataset.test_images)
    assert dataset.notes == (
        f"{mine}: {count} of its pictures are test images as well; the test accuracy will be too "
        "high",
    )


def test_an_extra_class_is_an_error(mine: Path, digits: Dataset, tmp_path: Path) -> None:
    is_few = digits.train_labels < 2
    images, labels = digits.train_images[is_few], digits.train_labels[is_few]
    few = tmp_path / "few.npz"
    np.savez(few, x_train=images, y_train=labels, x_test=images, y_test=labels)

    with pytest.raises(DataError, match=r"mine holds pictures of class 9\n  expected .* 0 to 1,"):
        load_dataset(str(few), extra=[str(mine)])


def test_a_folder_without_some_digits_has_ten_classes(mine: Path) -> None:
    for name in ("8", "9"):
        shutil.rmtree(mine / name)

    dataset = load_dataset(str(mine))

    assert dataset.num_classes == 10
    assert dataset.notes == ("train pictures: no image of classes 8 to 9 among 10 classes",)


def test_a_few_bad_pictures_are_left_out_and_named(mine: Path) -> None:
    (mine / "3" / "cut.png").write_bytes(encode(draw_five())[:300])
    (mine / "3" / "empty.png").write_bytes(encode(Image.new("RGB", (90, 90), "white")))
    (mine / "3" / ".DS_Store").write_bytes(b"of a Mac")
    (mine / "3" / "Thumbs.db").write_bytes(b"of Windows")
    (mine / "__MACOSX" / "3").mkdir(parents=True)

    (note,) = load_dataset(str(mine)).notes

    assert note.startswith(f"{mine}: left out 2 of 52 files: 3/cut.png (the picture is damaged")
    assert note.endswith("3/empty.png (the picture is blank)")


def test_more_bad_pictures_are_an_error(mine: Path) -> None:
    two = draw_five(size=(800, 400))
    two.alpha_composite(draw_five().crop((90, 90, 300, 300)), (500, 90))
    two.save(mine / "5" / "two.png")
    (mine / "5" / "notes.txt").write_text("mine")
    (mine / "b.png").write_bytes(encode(draw_five()))
    for load in (load_dataset, load_labelled_images):
        with pytest.raises(DataError) as caught:
            load(str(mine))
        assert str(caught.value).splitlines() == [
            f"{mine}: 3 of 53 files are no pictures of one digit:",
            "  b.png (in no folder of a label)",
            "  5/notes.txt (.txt)",
            "  5/two.png (it holds something else as large as the digit)",
            "  expected at most 5%, which would be left out",
            "  fix: replace or remove them",
        ]


def only(*names: str) -> Callable[[Path], None]:
    """Leave the first folders of `mine` only, under these names."""

    def change(mine: Path) -> None:
        source = mine.rename(mine.with_name("source"))
        for digit, name in enumerate(names):
            (mine / name).parent.mkdir(parents=True, exist_ok=True)
            (source / str(digit)).rename(mine / name)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (only("zero", "one"), "mine: no folder named after a digit in it; it holds one, zero"),
        (only("0", "one", "2"), "mine/one: a folder that is not named after a digit"),
        (only("0/old", "1"), "mine/0/old: a folder that is not named after a digit"),
        (only("train"), "mine: the folders in it are train\n  expected train and test, each with"),
        (only("train", "test", "val"), "mine: the folders in it are test, train, val"),
        (only("train", "test"), "mine/train: no folder named after a digit in it; it holds"),
        (only("0", "700"), "labels from 0 to 700"),
    ],
)
def test_wrong_folders_say_what_is_wrong(
    mine: Path, change: Callable[[Path], None], message: str
) -> None:
    change(mine)
    with pytest.raises(DataError) as caught:
        load_dataset(str(mine))
    assert message in str(caught.value)


def test_folders_without_pictures_say_so(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts" / "3").mkdir(parents=True)
    (tmp_path / "texts" / "3" / "a.txt").write_text("three")
    few = tmp_path / "few" / "0"
    few.mkdir(parents=True)
    shutil.copy(next(mine.glob("0/*")), few)
    for name, message in {
        "empty": "; it holds nothing\n",
        "texts": r": no picture in this folder \(left out 1 file: 1 \.txt; ",
        "few": ": of 1 pictures none is left to t.*\n.*\n  fix: add pictures, or divide them",
    }.items():
        with pytest.raises(DataError, match=message):
            load_dataset(str(tmp_path / name))
    for name in ("nowhere", "digits", "empty"):
        with pytest.raises(DataError, match=r"expected a folder .* each digit, .*3/a\.png"):
            load_dataset("digits", extra=[name], folder=tmp_path)
