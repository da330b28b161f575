"""The data set that a config or an option names.

`pictures` is imported where it is needed: OpenCV takes 0.1 s, which other data sets do without.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
    holds_pictures,
    layout_of,
    read_parts,
    require_parts,
)
from mnistcli.data.idx import idx_sha256
from mnistcli.data.locate import BUILT_IN, locate, locate_folder
from mnistcli.data.mnist import load_mnist
from mnistcli.data.part import PARTS
from mnistcli.data.selector import Split
from mnistcli.errors import DataError

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile
    from mnistcli.images import Framing
    from mnistcli.runs import RunDirectory

# The names of a labelled set, as keys of `NPZ_NAMES`: the test set is preferred.
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
    extra: Sequence[str] = (),
) -> Dataset:
    """Load a data set, or its fallback if it is missing.

    Args:
        name: "mnist", "digits", or the path of a folder of IDX files, of an .npz, or of a folder
            of pictures.
        fallback: another such name, used only if `name` is missing: its path does not exist,
            or MNIST is in no cache and cannot be downloaded. Damaged data and a wrong
            MNISTCLI_DATA_DIR remain errors, because a fallback would hide a mistake.
        progress: called with the progress of each download.
        folder: where relative paths may begin, besides the working directory.
        extra: paths of folders of pictures to train on as well.

    Raises:
        DataMissingError: both are missing.
        DataError: the data is damaged or in an unknown form.
    """
    dataset = _load_first(name, fallback, progress, folder)
    return _add_extra(dataset, extra, folder) if extra else dataset


def load_config_dataset(file: "ConfigFile", progress: ProgressCallback | None = None) -> Dataset:
    """Load the data set that a config names, or its fallback, as `load_dataset` does."""
    data, folder = file.config.data, Path(file.document.source).parent
    extra = [each.path for each in data.extra]
    return load_dataset(data.dataset, data.fallback, progress, folder, extra)


def load_run_dataset(run: "RunDirectory", progress: ProgressCallback | None = None) -> Dataset:
    """Load the data set that a run was trained on, without a fallback and its extra pictures.

    Raises:
        DataError: it cannot be loaded.
        RunError: it has changed.
    """
    dataset = load_dataset(run.read_config().config.data.dataset, progress=progress)
    run.check_data(dataset)
    return dataset


def load_labelled_images(
    path: str, progress: ProgressCallback | None = None, framing: "Framing | None" = None
) -> LabelledImages:
    """Load one labelled set, to evaluate a model on.

    Args:
        path: "mnist", "digits", or the path of a folder of IDX files or of an .npz. Its test
            set is loaded; or else the arrays x and y, images and labels, or the training set.
            Or a folder of pictures, of which `test` is loaded, or else all of them.
        progress: called with the progress of each download.
        framing: of the model's training images, as which pictures are read; None: MNIST's.

    Raises:
        DataError: there is no such set, or it is damaged or in an unknown form.
    """
    if path in BUILT_IN:
        return dataclasses.replace(_load(path, progress).test, name=path)
    place = find_single_archive(locate(path))
    if holds_pictures(place):
        from mnistcli.data.pictures import load_pictures

        return load_pictures(path, place, "test", framing)
    for images, labels in _LABELLED_PAIRS:
        parts = read_parts(place, (images, labels))
        if len(parts) == 2:
            labelled_images = make_labelled_images(path, parts[images], parts[labels], str(place))
            return examine_labelled_images(labelled_images, parts[images])
    layout = layout_of(place)
    pairs = [
        f"{layout[images]} with {layout[labels]}"
        for images, labels in _LABELLED_PAIRS
        if images in layout
    ]
    raise DataError(
        f"{path}: holds no set of images with their labels{describe_contents(place)}",
        f"expected one of: {'; '.join(pairs)}; or pictures as 3/a.png",
    )


def load_split(name: str, split: Split, progress: ProgressCallback | None = None) -> LabelledImages:
    """Load the training set or the test set of a data set; of a path, only its arrays are read.

    Args:
        name: "mnist", "digits", or the path of a folder of IDX files, of an .npz, or of a folder
            of pictures.
        split: "train" or "test".
        progress: called with the progress of each download.

    Raises:
        DataMissingError: there is no such data set.
        DataError: it has no such set, or it is damaged or in an unknown form.
    """
    if name in BUILT_IN:
        dataset = _load(name, progress)
        return dataset.test if split == "test" else dataset.train
    place = find_single_archive(locate(name))
    if holds_pictures(place):
        from mnistcli.data.pictures import load_picture_dataset

        dataset = load_picture_dataset(name, place)
        part = dataset.test if split == "test" else dataset.train
        return dataclasses.replace(part, notes=dataset.notes)
    images, labels = f"{split}_images", f"{split}_labels"
    parts = read_parts(place, (images, labels))
    require_parts(parts, place, (images, labels))
    labelled_images = make_labelled_images(split, parts[images], parts[labels], str(place))
    return examine_labelled_images(labelled_images, parts[images])


def _load_first(
    name: str, fallback: str | None, progress: ProgressCallback | None, folder: Path | None
) -> Dataset:
    """Load a data set, or its fallback if it is missing."""
    try:
        return _load(name, progress, folder)
    except DataMissingError as error:
        if fallback is None:
            raise
        reason = error.reason
    return dataclasses.replace(_load(fallback, progress, folder), fallback_reason=reason)


def _load(name: str, progress: ProgressCallback | None, folder: Path | None = None) -> Dataset:
    if name == "mnist":
        return load_mnist(progress)
    if name == "digits":
        return load_digits()
    path = find_single_archive(locate(name, folder))
    if holds_pictures(path):
        from mnistcli.data.pictures import load_picture_dataset

        return load_picture_dataset(name, path)
    parts = read_parts(path, PARTS)
    require_parts(parts, path)
    return examine_dataset(make_dataset(name, parts, str(path)), parts)


def _add_extra(dataset: Dataset, paths: Sequence[str], folder: Path | None) -> Dataset:
    """Add folders of pictures, read as the data set's images are framed.

    Raises:
        DataError: one is missing, holds bad pictures, or a class that the data set has not.
    """
    from mnistcli.data.pictures import load_pictures
    from mnistcli.images import find_framing

    framing = find_framing(dataset.train_images)
    sets, sha256, notes = [], dict(dataset.sha256), list(dataset.notes)
    test_images = {image.tobytes() for image in dataset.test_images}
    for number, path in enumerate(paths):
        extra = load_pictures(path, locate_folder(path, folder), "train", framing)
        if extra.num_classes > dataset.num_classes:
            raise DataError(
                f"{extra.source} holds pictures of class {extra.num_classes - 1}",
                f"expected classes from 0 to {dataset.num_classes - 1}, which {dataset.name} has",
            )
        if overlap := sum(image.tobytes() in test_images for image in extra.images):
            notes.append(
                f"{path}: {overlap:,} of its pictures are test images as well; the test accuracy "
                "will be too high"
            )
        sets.append(extra)
        sha256[f"extra_{number}_images"] = idx_sha256(extra.images)
        sha256[f"extra_{number}_labels"] = idx_sha256(extra.labels)
        notes += extra.notes
    return dataclasses.replace(dataset, extra=tuple(sets), sha256=sha256, notes=tuple(notes))
