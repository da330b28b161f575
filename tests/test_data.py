"""Data sets by name and by path, and the fallback."""

import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from mnistcli.data import MNIST_DATA_DIR, load_dataset, load_labelled_images
from mnistcli.data.dataset import Dataset
from mnistcli.data.idx import idx_header, idx_sha256
from mnistcli.errors import DataError

IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
NPZ = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}


def make_arrays() -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        "train_images": random.integers(0, 256, (20, 28, 28), np.uint8),
        "train_labels": random.integers(0, 9, 20).astype(np.uint8),
        "test_images": random.integers(0, 256, (6, 28, 28), np.uint8),
        "test_labels": np.array([0, 1, 2, 3, 25, 4], np.uint8),
    }


def write_idx(folder: Path, arrays: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for part, array in arrays.items():
        (folder / IDX[part]).write_bytes(idx_header(array) + array.tobytes())
    return folder


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture
def no_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without MNIST whose network is down."""
    monkeypatch.delenv(MNIST_DATA_DIR, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("mnistcli.data.download.MIRRORS", ("http://127.0.0.1:1/",))


def test_digits_look_like_mnist(digits: Dataset) -> None:
    images = np.concatenate([digits.train_images, digits.test_images])
    assert images.shape == (1797, 28, 28)
    assert images.dtype == np.uint8
    assert 25 < images.mean() < 45  # MNIST: 33
    assert (images.max(axis=(1, 2)) > 200).all()
    ink = images.sum(axis=(1, 2), dtype=float)
    for axis in (1, 2):
        profile = images.sum(axis=axis, dtype=float)
        centre = profile @ np.arange(28) / ink
        assert np.abs(centre - 13.5).max() < 1.01


def test_digits_have_a_fixed_test_set_with_a_fifth_of_each_class(digits: Dataset) -> None:
    assert (digits.name, digits.num_classes) == ("digits", 10)
    assert len(digits.test_labels) == 359
    assert set(np.bincount(digits.test_labels)) <= {35, 36, 37}
    # A change here changes every result on digits.
    assert digits.sha256["test_labels"].startswith("6ce181b78edb4a0d")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("separator", ["-idx", ".idx"])
def test_folder_of_idx_files(tmp_path: Path, suffix: str, separator: str) -> None:
    arrays = make_arrays()
    for part, array in arrays.items():
        content = idx_header(array) + array.tobytes()
        name = IDX[part].replace("-idx", separator) + suffix
        (tmp_path / name).write_bytes(gzip.compress(content) if suffix else content)
    dataset = load_dataset(str(tmp_path))
    for part, array in arrays.items():
        np.testing.assert_array_equal(getattr(dataset, part), array)
        assert dataset.sha256[part] == idx_sha256(array)
    assert dataset.name == dataset.source == str(tmp_path)
    assert dataset.num_classes == 26  # the largest label is in the test set
    assert dataset.fallback_reason is None


def test_npz_is_the_same_data_set_as_its_idx_files(tmp_path: Path) -> None:
    arrays = make_arrays()
    given = dict(arrays, train_images=np.asfortranarray(arrays["train_images"])[..., None])
    given["train_labels"] = given["train_labels"].astype(np.int64)
    np.savez_compressed(tmp_path / "set.npz", **{NPZ[part]: given[part] for part in NPZ})
    dataset = load_dataset(str(tmp_path / "set.npz"))
    assert dataset.sha256 == load_dataset(str(write_idx(tmp_path / "idx", arrays))).sha256
    assert dataset.train_labels.dtype == np.uint8
    assert dataset.train_images.shape == (20, 28, 28)


def test_idx_folder_with_fewer_labels_than_images_names_both_files(tmp_path: Path) -> None:
    arrays = make_arrays()
    write_idx(tmp_path, arrays | {"test_labels": arrays["test_labels"][:5]})
    with pytest.raises(DataError) as caught:
        load_dataset(str(tmp_path))
    assert f"{tmp_path / IDX['test_images']} holds 6 images" in str(caught.value)
    assert f"{tmp_path / IDX['test_labels']} holds 5 labels" in str(caught.value)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    arrays = make_arrays()
    del arrays["test_images"], arrays["test_labels"]
    write_idx(tmp_path, arrays)
    missing = "missing t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; it holds train-images"
    with pytest.raises(DataError, match=missing):
        load_dataset(str(tmp_path))


@pytest.mark.parametrize("damage", ["text", "empty", "truncated", "bit", "deflate"])
def test_damaged_npz_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, **{NPZ[part]: array for part, array in make_arrays().items()})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    whole = path.read_bytes()
    # The first member's data begins after its 30 bytes of header, its name and its extra field.
    start = 30 + int.from_bytes(whole[26:28], "little") + int.from_bytes(whole[28:30], "little")
    damaged = {
        "text": b"hello",
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "bit": bytes(content),
        "deflate": whole[:start] + b"\xff" + whole[start + 1 :],  # no such type of block
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(DataError, match=r"set\.npz: not a data set"):
        load_dataset(str(path))


def test_npz_that_promises_more_than_memory_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (2000000000000000,), }"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x_train.npy", member)
    with pytest.raises(DataError, match="not a data set"):
        load_dataset(str(tmp_path / "set.npz"))


def test_npz_beyond_the_limit_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistcli.data.files.MAXIMUM_BYTES", 1000)
    np.savez_compressed(tmp_path / "set.npz", x_train=np.zeros((20, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"x_train\.npy is 15,808 bytes, at most 1,000"):
        load_dataset(str(tmp_path / "set.npz"))


def test_fallback_stands_in_for_what_is_not_there(no_mnist: None, digits: Dataset) -> None:
    for name, reason in (
        ("mnist", "MNIST is not on this machine and could not be downloaded (looked in "),
        ("no/such/folder", "no data set 'no/such/folder'"),
    ):
        dataset = load_dataset(name, fallback="digits")
        assert dataset.name == "digits"
        assert dataset.sha256 == digits.sha256
        assert dataset.fallback_reason is not None
        assert dataset.fallback_reason.startswith(reason)


def test_fallback_does_not_hide_damage(tmp_path: Path) -> None:
    folder = write_idx(tmp_path, make_arrays())
    (folder / IDX["train_labels"]).write_bytes(b"damaged")
    with pytest.raises(DataError, match="ends within its header"):
        load_dataset(str(folder), fallback="digits")


def test_without_mnist_the_error_says_what_was_tried_and_what_can_be_done(no_mnist: None) -> None:
    for fallback in (None, "mnist"):
        with pytest.raises(DataError) as caught:
            load_dataset("mnist", fallback)
        for text in (
            "tried http://127.0.0.1:1/train-images-idx3-ubyte.gz: Connection refused",
            MNIST_DATA_DIR,
            "fix: connect to the internet",
        ):
            assert text in str(caught.value)


def test_fallback_that_cannot_be_had_gives_its_own_reason(no_mnist: None) -> None:
    with pytest.raises(DataError, match=r"tried http://127\.0\.0\.1:1/.*: Connection refused"):
        load_dataset("no/such/folder", fallback="mnist")


def test_labelled_images_prefer_the_test_set(tmp_path: Path, digits: Dataset) -> None:
    arrays = make_arrays()
    folder = str(write_idx(tmp_path, arrays))
    images = load_labelled_images(folder)
    assert (images.name, images.source, len(images)) == (folder, folder, 6)
    np.testing.assert_array_equal(images.labels, arrays["test_labels"])
    of_digits = load_labelled_images("digits")
    assert of_digits.name == "digits"
    np.testing.assert_array_equal(of_digits.images, digits.test_images)


@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels"), ("x_train", "y_train")])
def test_labelled_images_of_a_single_set(tmp_path: Path, names: tuple[str, str]) -> None:
    arrays = make_arrays()
    pair = (arrays["train_images"], arrays["train_labels"])
    np.savez(tmp_path / "set.npz", **dict(zip(names, pair, strict=True)))
    write_idx(tmp_path / "idx", {part: arrays[part] for part in ("train_images", "train_labels")})
    for path in (tmp_path / "set.npz", tmp_path / "idx"):
        images = load_labelled_images(str(path))
        np.testing.assert_array_equal(images.images, pair[0])
        np.testing.assert_array_equal(images.labels, pair[1])


def test_labelled_images_without_labels_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(DataError, match="holds no set of images with their labels"):
        load_labelled_images(str(tmp_path / "set.npz"))


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, mnistcli.data;"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'pooch', 'requests', 'PIL')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
        env=dict(os.environ),
    )
    assert result.stdout == "[]\n"
