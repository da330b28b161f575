"""The names under which a config or an option asks for data."""

import dataclasses
from pathlib import Path

from mnistcli.data.dataset import (
    DataMissingError,
    Dataset,
    LabelledImages,
    make_dataset,
    make_labelled_images,
)
from mnistcli.data.digits import load_digits
from mnistcli.data.download import ProgressCallback
from mnistcli.data.examine import examine_dataset, examine_labelled_images
from mnistcli.data.files import (
    describe_contents,
    find_single_archive,
    names_in,
    read_parts,
    require_parts,
)
from mnistcli.data.locate import BUILT_IN, locate
from mnistcli.data.mnist import load_mnist
from mnistcli.data.part import PARTS
from mnistcli.errors import DataError

# Pairs of `NPZ_NAMES`: what a labelled set may be called, the test set first.
_LABELLED_PAIRS = (
    ("test_images", "test_labels"),
    ("x", "y"),
    ("images", "labels"),
    ("train_images", "train_labels"),
)


def load_dataset(
    name: str,
    fallback: str | None = None,
    progress: ProgressCallback | None = None,
    folder: Path | None = None,
) -> Dataset:
    """Load a data set, or another where that one cannot be had.

    Args:
        name: "mnist", "digits", or the path of a folder of IDX files or of an .npz.
        fallback: another such name, used where nothing is found under `name`: a path that
            does not exist, or MNIST in no cache and not to be downloaded. Data that is there
            but damaged is an error all the same, and so is an MNISTCLI_DATA_DIR that names
            the wrong folder: hiding either would train on other data than was asked for.
        progress: told how far each download is.
        folder: where relative paths may begin, besides the working directory.

    Raises:
        DataMissingError: neither can be had.
        DataError: the data is damaged or of another form.
    """
    try:
        return _load(name, progress, folder)
    except DataMissingError as error:
        if fallback is None:
            raise
        reason = error.reason
    return dataclasses.replace(_load(fallback, progress, folder), fallback_reason=reason)


def load_labelled_images(path: str, progress: ProgressCallback | None = None) -> LabelledImages:
    """Load one labelled set, to evaluate a model on.

    Args:
        path: "mnist" or "digits", for their test set; or a folder of IDX files or an .npz, for
            its test set, or where it has none the set that it has: in an .npz the arrays x, y
            or images, labels also.
        progress: told how far each download is.

    Raises:
        DataError: there is no such set, or it is damaged or of another form.
    """
    if path in BUILT_IN:
        return dataclasses.replace(_load(path, progress).test, name=path)
    place = find_single_archive(locate(path))
    for images, labels in _LABELLED_PAIRS:
        parts = read_parts(place, (images, labels))
        if len(parts) == 2:
            labelled = make_labelled_images(path, parts[images], parts[labels], str(place))
            return examine_labelled_images(labelled, parts[images])
    layout = names_in(place)
    pairs = [f"{layout[a]} with {layout[b]}" for a, b in _LABELLED_PAIRS if a in layout]
    raise DataError(
        f"{path}: holds no set of images with their labels{describe_contents(place)}",
        f"expected one of: {'; '.join(pairs)}",
    )


def _load(name: str, progress: ProgressCallback | None, folder: Path | None = None) -> Dataset:
    if name == "mnist":
        return load_mnist(progress)
    if name == "digits":
        return load_digits()
    path = find_single_archive(locate(name, folder))
    parts = read_parts(path, PARTS)
    require_parts(parts, path)
    return examine_dataset(make_dataset(name, parts, str(path)), parts)
