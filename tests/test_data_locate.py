"""Paths of data sets: where they are looked for, and what else may lie there."""

import os
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnistcli.data import load_dataset, load_labelled_images
from mnistcli.data.idx import idx_header
from mnistcli.errors import DataError


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set."""
    random = np.random.default_rng(2)
    path = tmp_path_factory.mktemp("archive") / "small.npz"
    images = random.integers(0, 256, (30, 28, 28), np.uint8)
    labels = np.arange(30) % 10
    np.savez(path, x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:])
    return path


def test_a_name_that_is_not_there_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        load_dataset("mnits", folder=Path("configs"))
    assert str(caught.value).splitlines() == [
        "no data set 'mnits'; did you mean 'mnist'?",
        f"  looked for {tmp_path}/mnits",
        f"  looked for {tmp_path}/configs/mnits",
        "  expected 'mnist', 'digits', or the path of a folder of IDX files, an .npz of arrays, or "
        "a folder of pictures as 3/a.png",
    ]
    with pytest.raises(DataError, match=f"\\n  looked for {tmp_path}/m.npz\\n  expected"):
        load_labelled_images("m.npz")
    fallback = load_dataset("m.npz", "digits", folder=tmp_path)
    assert fallback.fallback_reason == f"no data set 'm.npz' (looked for {tmp_path}/m.npz)"


def test_a_path_begins_in_the_working_directory_or_beside_the_config(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("configs/data", "home"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(archive, tmp_path / folder / "set.npz")
    beside = str(tmp_path / "configs/data/set.npz")
    configs = Path("configs")
    assert load_dataset("data/set.npz", folder=configs).source == beside
    assert load_dataset("data/set.npz/", folder=configs).source == beside
    assert load_dataset("nowhere", "data/set.npz", folder=configs).source == beside
    assert load_dataset("~/set.npz", folder=configs).source == str(tmp_path / "home/set.npz")
    (tmp_path / "data").mkdir()
    shutil.copy(archive, "data/set.npz")
    assert load_dataset("data/set.npz", folder=configs).source == str(tmp_path / "data/set.npz")


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("file:///tmp/set.npz", r"give its path, /tmp/set\.npz"),
        ("FILE://localhost/tmp/set.npz", r"give its path, /tmp/set\.npz"),
        ("https://example.org/set.npz", "download it"),
        ("s3://bucket/set.npz", "download it"),
    ],
)
def test_a_url_is_no_path(name: str, fix: str) -> None:
    for load in (load_dataset, load_labelled_images):
        with pytest.raises(DataError, match=f"(?s)by a path, not by a URL.*fix: {fix}"):
            load(name)


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "a\0b", "x" * 5000, ".hidden", "/"])
def test_a_path_that_cannot_be_is_a_clean_error(name: str) -> None:
    with pytest.raises(DataError):
        load_dataset(name)


@pytest.mark.parametrize("folder", ["data", "data.npz"])
def test_the_only_archive_of_a_folder_is_the_data_set(
    tmp_path: Path, archive: Path, folder: str
) -> None:
    path = tmp_path / folder
    path.mkdir()
    shutil.copy(archive, path)
    (path / "notes.txt").write_text("mine")
    dataset = load_dataset(str(path))
    assert dataset.source == str(path / "small.npz")
    assert load_labelled_images(str(path)).source == str(path / "small.npz")
    shutil.copy(archive, path / "other.npz")
    message = "missing .*; it holds notes.txt, other.npz, small.npz\n.*or one .npz, or .*\n.*anoth"
    with pytest.raises(DataError, match=message):
        load_dataset(str(path))
    with pytest.raises(DataError, match=r"labels; it holds notes.txt, other.npz, small.npz\n"):
        load_labelled_images(str(path))


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def write(path: Path) -> None:
    """Write something that the name of the path promises."""
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(Bomb(path.parent / "exploded")))
    elif path.suffix == ".csv":
        path.write_text("label,1x1,1x2\n5,0,0\n")
    elif path.suffix == ".npy":
        np.save(path, np.zeros((2, 28, 28), np.uint8))
    elif path.suffix == ".tar":
        with tarfile.open(path, "w"):
            pass
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a.png", b"")
    elif path.suffix == ".fifo":
        os.mkfifo(path)
    else:
        labels = np.arange(5, dtype=np.uint8)
        path.write_bytes(idx_header(labels) + labels.tobytes())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("set.pkl", "a pickle can run code, so none is opened; if you trust it, save it with"),
        ("set.csv", r"read it with numpy\.loadtxt, and save it with numpy\.savez_compressed"),
        ("x.npy", r"fix: save it with numpy\.savez_compressed\('set\.npz', x_train="),
        ("set.tar", r"unpack it, and give the folder or the \.npz"),
        ("set.zip", "; it holds a.png\n"),
        ("t10k-labels-idx1-ubyte", "give the folder of the four IDX files, "),
        ("set.fifo", "is neither a file nor a folder"),
    ],
)
def test_a_file_of_another_kind_gets_advice_and_is_not_run(
    tmp_path: Path, name: str, message: str
) -> None:
    path = tmp_path / name
    write(path)
    for load in (load_dataset, load_labelled_images):
        with pytest.raises(DataError, match=message):
            load(str(path))
    assert not (tmp_path / "exploded").exists()


def test_a_fifo_named_npz_hangs_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "set.npz", tmp_path / "train-images-idx3-ubyte"):
        os.mkfifo(path)
    with pytest.raises(DataError, match=r"set\.npz is neither a file nor a folder"):
        load_dataset(str(tmp_path / "set.npz"))
    with pytest.raises(DataError, match="missing train-images-idx3-ubyte"):
        load_dataset(str(tmp_path))


def test_an_unreadable_file_says_why(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    with pytest.raises(DataError, match=r"small\.npz: cannot be read: Permission denied"):
        load_dataset(str(archive))
