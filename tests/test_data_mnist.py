"""MNIST: the places it is looked for, its verification.

With MNISTCLI_DATA_DIR set the files are MNIST's own, and must be there; without it they are
scikit-learn's digits, written as MNIST's files with the digests that these have.
"""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistcli.data import MNIST_DATA_DIR, load_dataset
from mnistcli.data.idx import idx_header, idx_sha256
from mnistcli.data.mnist import MNIST_SHA256
from mnistcli.errors import DataError

REAL_FOLDER = os.environ.get(MNIST_DATA_DIR)
IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
NPZ = dict(zip(IDX, ("x_train", "y_train", "x_test", "y_test"), strict=True))


pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The arrays of a small set that passes for MNIST."""
    digits = load_dataset("digits")
    arrays = {part: getattr(digits, part) for part in IDX}
    for part, array in arrays.items():
        monkeypatch.setitem(MNIST_SHA256, part, idx_sha256(array))
    return arrays


@pytest.fixture
def mnist_folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    if REAL_FOLDER:
        return Path(REAL_FOLDER).expanduser().resolve()
    return write_gzip(tmp_path / "mnist", request.getfixturevalue("stand_in"))


def write_gzip(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    for part, array in arrays.items():
        content = gzip.compress(idx_header(array) + array.tobytes(), compresslevel=1)
        (folder / f"{IDX[part]}.gz").write_bytes(content)
    return folder


def write_plain(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    for part, array in arrays.items():
        (folder / IDX[part]).write_bytes(idx_header(array) + array.tobytes())
    return folder


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = {NPZ[part]: array for part, array in arrays.items()}
    np.savez(path, **named)
    return path


def test_data_dir_holds_mnist(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MNIST_DATA_DIR, str(mnist_folder))
    dataset = load_dataset("mnist", fallback="digits")
    assert (dataset.name, dataset.source) == ("mnist", str(mnist_folder))
    assert dataset.fallback_reason is None
    assert dataset.num_classes == 10
    assert dataset.sha256 == MNIST_SHA256
    if REAL_FOLDER:
        assert dataset.train_images.shape == (60000, 28, 28)
        assert dataset.test_images.shape == (10000, 28, 28)
        # The first labels, and the mean that every tutorial divides by.
        assert dataset.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
        assert dataset.train_images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_mnist_npz_holds_the_same(
    tmp_path: Path, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MNIST_DATA_DIR, str(mnist_folder))
    dataset = load_dataset("mnist")
    path = write_npz(tmp_path / "npz" / "mnist.npz", {p: getattr(dataset, p) for p in IDX})
    monkeypatch.setenv(MNIST_DATA_DIR, str(path.parent))
    again = load_dataset("mnist")
    assert again.source == str(path)
    assert again.sha256 == dataset.sha256


@pytest.mark.parametrize("state", ["absent", "empty", "partial"])
def test_data_dir_without_mnist_is_an_error_though_a_cache_has_it(
    tmp_path: Path,
    stand_in: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
) -> None:
    write_plain(tmp_path / "cache" / "mnist", stand_in)
    folder = tmp_path / "elsewhere"
    if state != "absent":
        write_plain(folder, stand_in if state == "partial" else {})
    if state == "partial":
        (folder / IDX["test_labels"]).unlink()
    monkeypatch.setenv(MNIST_DATA_DIR, str(folder))
    with pytest.raises(DataError) as caught:
        load_dataset("mnist", fallback="digits")
    problem = {
        "absent": "is not a folder",
        "empty": f"holds no {', '.join(IDX.values())}",
        "partial": f"holds no {IDX['test_labels']}",
    }[state]
    first, *others = str(caught.value).splitlines()
    assert first == f"{MNIST_DATA_DIR} is set to {folder}, which {problem}"
    assert all(name in others[0] for name in (*IDX.values(), ".gz", "mnist.npz"))
    assert "fix: " in others[1]


def test_wrong_contents_name_the_file_both_digests_and_the_mend(
    tmp_path: Path, stand_in: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = stand_in["test_images"].copy()
    altered[0, 0, 0] ^= 1
    for path in (
        write_gzip(tmp_path / "idx", stand_in | {"test_images": altered}),
        write_npz(tmp_path / "npz" / "mnist.npz", stand_in | {"test_images": altered}).parent,
    ):
        monkeypatch.setenv(MNIST_DATA_DIR, str(path))
        with pytest.raises(DataError) as caught:
            load_dataset("mnist", fallback="digits")
        message = str(caught.value)
        assert message.startswith(
            (f"{path / IDX['test_images']}.gz: not", f"{path / 'mnist.npz'}: x_test: not")
        )
        assert idx_sha256(altered) in message
        assert f"expected SHA-256 {MNIST_SHA256['test_images']}" in message
        assert "fix: replace it with https://" in message


def test_truncated_gzip_in_data_dir_is_an_error(
    tmp_path: Path, stand_in: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_gzip(tmp_path / "idx", stand_in)
    file = folder / f"{IDX['train_images']}.gz"
    file.write_bytes(file.read_bytes()[:5000])
    monkeypatch.setenv(MNIST_DATA_DIR, str(folder))
    with pytest.raises(DataError, match="damaged gzip file"):
        load_dataset("mnist", fallback="digits")


def test_caches_are_looked_in_one_after_the_other(
    tmp_path: Path, stand_in: dict[str, np.ndarray]
) -> None:
    keras = write_npz(tmp_path / "keras" / "datasets" / "mnist.npz", stand_in)
    assert load_dataset("mnist").source == str(keras)
    own = write_plain(tmp_path / "cache" / "mnist", stand_in)
    assert load_dataset("mnist").source == str(own)


def test_damaged_caches_are_passed_over_and_told_of(
    tmp_path: Path, stand_in: dict[str, np.ndarray]
) -> None:
    own = write_plain(tmp_path / "cache" / "mnist", stand_in)
    (own / IDX["train_labels"]).write_bytes(b"")
    keras = write_npz(tmp_path / "keras" / "datasets" / "mnist.npz", stand_in)
    assert load_dataset("mnist").source == str(keras)
    keras.write_bytes(b"damaged")
    with pytest.raises(DataError) as caught:
        load_dataset("mnist")
    assert f"looked in {own / IDX['train_labels']}: the file ends within" in str(caught.value)
    assert f"looked in {keras}: not a data set: File is not a zip file" in str(caught.value)
    assert "tried http://127.0.0.1:1/" in str(caught.value)
