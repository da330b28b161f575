"""MNIST: finds it on this machine or downloads it, and verifies its SHA-256.

`load_mnist` takes, on two cores of an AMD EPYC with the files in the page cache, 0.07 s from
uncompressed IDX files, half of it for the SHA-256; 0.25 s from .gz; 0.25 s from mnist.npz. A
memory map would save 0.03 s of the 0.07 s, but the file could change after it was verified.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.cache import cache_folder, store
from mnistcli.data.dataset import DataMissingError, Dataset, make_dataset
from mnistcli.data.download import MIRRORS, DownloadError, ProgressCallback, download_idx
from mnistcli.data.files import (
    IDX_NAMES,
    dimensions_of,
    find_idx_files,
    read_parts,
    report_os_errors,
    require_parts,
)
from mnistcli.data.idx import idx_header, idx_sha256
from mnistcli.data.locate import expand_home
from mnistcli.data.part import PARTS, Part
from mnistcli.errors import DataError

MNIST_DATA_DIR = "MNISTCLI_DATA_DIR"

# The uncompressed IDX files that http://yann.lecun.com/exdb/mnist/ published.
MNIST_SHA256 = {
    "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def load_mnist(progress: ProgressCallback | None = None) -> Dataset:
    """Load MNIST from the first place that has it, and verify its contents.

    If MNISTCLI_DATA_DIR is set, its folder is the only place, so that a wrong folder is
    reported. Otherwise the places are mnistcli's cache, Keras' cache and the mirrors.
    Downloads are stored in mnistcli's cache, uncompressed.

    Args:
        progress: called with the progress of each download.

    Raises:
        DataMissingError: MNIST is in no cache and could not be downloaded.
        DataError: MNISTCLI_DATA_DIR names a folder without MNIST, or with damaged files.
    """
    reasons: list[str] = []
    return find_mnist(reasons) or _download(reasons, progress)


def find_mnist(reasons: list[str] | None = None) -> Dataset | None:
    """Do what `load_mnist` does, but download nothing.

    Args:
        reasons: gets a line for each place that does not have it.

    Raises:
        DataError: as `load_mnist`.
    """
    if folder := os.environ.get(MNIST_DATA_DIR):
        return _load_from_data_dir(expand_home(folder))
    for path in (cache_folder("mnist"), keras_file()):
        try:
            return _load_verified(path)
        except DataError as error:
            if reasons is not None:
                reasons.append(f"looked in {str(error).splitlines()[0]}")
    return None


def keras_file() -> Path:
    """Return the path of the copy that `keras.datasets.mnist` keeps."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets" / "mnist.npz"


def _load_from_data_dir(folder: Path) -> Dataset:
    archive = folder / "mnist.npz"
    with report_os_errors(folder):
        files = find_idx_files(folder)
        missing_names = [name for part, name in IDX_NAMES.items() if part not in files]
        if not missing_names:
            return _load_verified(folder)
        if archive.is_file():
            return _load_verified(archive)
        state = f"holds no {', '.join(missing_names)}" if folder.is_dir() else "is not a folder"
    raise DataError(
        f"{MNIST_DATA_DIR} is set to {folder}, which {state}",
        f"expected {', '.join(IDX_NAMES.values())} (each may end in .gz), or mnist.npz",
        f"fix: download them from {MIRRORS[0]} into that folder",
        f"or: unset {MNIST_DATA_DIR}, so that mnistcli looks in its cache, or downloads them",
    )


def _load_verified(path: Path) -> Dataset:
    parts = read_parts(path, PARTS)
    require_parts(parts, path)
    dataset = make_dataset("mnist", parts, str(path))
    for part in PARTS:
        _verify_sha256(part, dataset.sha256[part], parts[part].origin)
    return dataset


def _verify_sha256(part: str, sha256: str, origin: str) -> None:
    if sha256 != MNIST_SHA256[part]:
        raise DataError(
            f"{origin}: not MNIST's {part.replace('_', ' ')}: its contents have SHA-256 {sha256}",
            f"expected SHA-256 {MNIST_SHA256[part]}",
            f"fix: replace it with {MIRRORS[0]}{IDX_NAMES[part]}.gz",
            "fix: or, if it is another data set in this layout, give its path as data.dataset",
        )


def _download(reasons: list[str], progress: ProgressCallback | None) -> Dataset:
    """Download MNIST and store it in the cache; `reasons` says why no cache has it."""
    parts = {}
    try:
        for part in PARTS:

            def verify(array: NDArray[np.uint8], url: str, part: str = part) -> None:
                _verify_sha256(part, idx_sha256(array), url)

            array, url = download_idx(
                f"{IDX_NAMES[part]}.gz", dimensions_of(part), verify, progress
            )
            parts[part] = Part(array, url, IDX_NAMES[part])
    except DownloadError as error:
        raise DataMissingError(
            "MNIST is not on this machine and could not be downloaded",
            [*reasons, *error.reasons],
            f"fix: connect to the internet and try again, or set {MNIST_DATA_DIR} to a folder "
            "with the four IDX files or mnist.npz",
        ) from error
    source = ", ".join(
        dict.fromkeys(part.origin.rpartition("/")[0] + "/" for part in parts.values())
    )
    try:
        for part in PARTS:
            array = parts[part].array
            store(cache_folder("mnist") / IDX_NAMES[part], idx_header(array), array.data)
    except OSError as error:
        # The pictures are verified, so this run goes on; only the next one must download again.
        source += f" (not kept: {cache_folder('mnist')}: {error.strerror})"
    return make_dataset("mnist", parts, source)
