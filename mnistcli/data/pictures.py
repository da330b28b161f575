"""Folders of labelled pictures as a data set: mine/3/a.png is a 3.

They are read as `predict` reads them, and the images are cached by the contents of their files.
"""

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.dataset import Dataset, LabelledImages, make_dataset, make_labelled_images
from mnistcli.data.examine import examine_dataset
from mnistcli.data.files import describe_contents, report_os_errors
from mnistcli.data.part import Part
from mnistcli.data.picture_cache import PictureCache
from mnistcli.data.selector import SPLITS, Split
from mnistcli.errors import DataError, ImageError
from mnistcli.images import (
    MNIST_FRAMING,
    Framing,
    PictureFile,
    find_labelled,
    is_hidden,
    read_digits,
)

EXPECTED_PICTURES = (
    "expected a folder for each digit, 0 to 9, with its pictures, such as 3/a.png; or train and "
    "test with such folders"
)
# Of the files of a folder, at most this share may be left out: more are no accident.
MAXIMUM_SHARE_LEFT_OUT = 0.05
_TEST_SHARE = 0.2
_NUM_DIGITS = 10
_MAXIMUM_NAMES = 10  # in a message


class _Pictures(NamedTuple):
    """The pictures of a folder, as a network sees them.

    Attributes:
        images: (N, 28, 28).
        labels: (N,), the numbers of their folders.
        sha256: of each file, in lower-case hex.
        notes: a sentence about those that are left out.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    sha256: list[str]
    notes: tuple[str, ...] = ()


def load_picture_dataset(name: str, folder: Path) -> Dataset:
    """Load the pictures of `train` and `test` below a folder, or divide those of one folder.

    About a fifth of them are the test images, chosen by the SHA-256 of each file: a new picture
    moves no other one, and copies of a file stay together.

    Raises:
        DataError: there are no such pictures, too many of them are bad, or none are left to
            train on or to test on.
    """
    train_folder, test_folder = (_find_part(folder, split) for split in SPLITS)
    if train_folder and test_folder:
        train, test = _read(train_folder), _read(test_folder)
        notes = train.notes + test.notes
        images, labels = (train.images, test.images), (train.labels, test.labels)
    else:
        pictures = _read(folder)
        is_test = np.array(
            [int(sha256[:8], 16) < _TEST_SHARE * 2**32 for sha256 in pictures.sha256]
        )
        images = pictures.images[~is_test], pictures.images[is_test]
        labels = pictures.labels[~is_test], pictures.labels[is_test]
        notes = pictures.notes
        if not len(images[0]) or not len(images[1]):
            purpose = "test on" if len(images[0]) else "train on"
            raise DataError(
                f"{folder}: of {len(is_test):,} pictures none is left to {purpose}",
                "expected more: about one in five is a test image, by the contents of its file",
                "fix: add pictures, or divide them yourself into folders train and test",
            )
    parts = {}
    for index, split in enumerate(SPLITS):
        origin = f"{folder}: {split} pictures"
        parts[f"{split}_images"] = Part(images[index], origin, f"{split} pictures")
        parts[f"{split}_labels"] = Part(labels[index], origin, f"{split} pictures")
    dataset = make_dataset(name, parts, str(folder))
    # Someone who has not yet drawn a 9 still wants a network for ten digits.
    dataset = dataclasses.replace(dataset, fewest_classes=_NUM_DIGITS)
    dataset = examine_dataset(dataset, parts)
    return dataclasses.replace(dataset, notes=notes + dataset.notes)


def load_pictures(
    name: str, folder: Path, split: Split, framing: Framing | None = None
) -> LabelledImages:
    """Load all pictures of a folder or, if it has folders `train` and `test`, of one of them.

    Args:
        name: what the user calls the folder.
        folder: its path.
        split: which of the two folders.
        framing: of the images that the pictures go with; None: MNIST's.

    Raises:
        DataError: there are no such pictures, or too many of them are bad.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder", EXPECTED_PICTURES)
    place = _find_part(folder, split) or folder
    pictures = _read(place, framing or MNIST_FRAMING)
    images, labels = (Part(each, str(place), name) for each in (pictures.images, pictures.labels))
    return dataclasses.replace(
        make_labelled_images(name, images, labels, str(place)), notes=pictures.notes
    )


def _find_part(folder: Path, split: Split) -> Path | None:
    """Return the folder `train` or `test` below a folder; None if it has neither.

    Raises:
        DataError: it has only the other one, or folders beside them.
    """
    with report_os_errors(folder):
        names = _find_folders(folder)
    if names.isdisjoint(SPLITS):
        return None
    if names - set(SPLITS) or split not in names:
        raise DataError(
            f"{folder}: the folders in it are {', '.join(sorted(names))}",
            "expected train and test, each with a folder for each digit, such as test/3/a.png",
        )
    return folder / split


def _find_folders(folder: Path) -> set[str]:
    """Return the names of the folders in a folder that are not hidden."""
    return {path.name for path in folder.iterdir() if path.is_dir() and not is_hidden(path)}


def _read(folder: Path, framing: Framing = MNIST_FRAMING) -> _Pictures:
    """Read the pictures of a folder, and leave out the bad ones.

    Raises:
        DataError: there are none, or too many bad ones.
    """
    try:
        selection = find_labelled(folder)
    except ImageError as error:
        raise DataError(f"{error.args[0]}{describe_contents(folder)}", EXPECTED_PICTURES) from None
    reasons = _check_omissions(selection.omissions)
    count = len(selection.pictures) + len(reasons)
    digests = [_sha256(file.path) for file in selection.pictures]
    answers = _read_images(selection.pictures, digests, framing)
    images: list[NDArray[np.uint8]] = []
    labels, sha256 = [], []
    for file, digest, answer in zip(selection.pictures, digests, answers, strict=True):
        if isinstance(answer, str):
            reasons[file.name] = answer
            continue
        images.append(answer)
        labels.append(file.label)
        sha256.append(digest)
    notes = _check_left_out(folder, reasons, count)
    return _Pictures(np.stack(images), np.array(labels, np.int64), sha256, notes)


def _check_omissions(omissions: Mapping[str, str]) -> dict[str, str]:
    """Return the files that are no pictures, and why; hidden ones are of the system.

    Raises:
        DataError: a folder is not named after a digit.
    """
    for path, reason in omissions.items():
        if reason == "folder":
            raise DataError(
                f"{path}: a folder that is not named after a digit",
                EXPECTED_PICTURES,
                "fix: name it after the digit of its pictures, or move it elsewhere",
            )
    return {
        path: reason
        for path, reason in omissions.items()
        if reason not in ("hidden", "folder without pictures")
    }


def _read_images(
    files: Sequence[PictureFile], digests: Sequence[str], framing: Framing
) -> list[NDArray[np.uint8] | str]:
    """Return the image of each picture, from the cache if it is there; or why it has none."""
    cache = PictureCache(framing)
    answers: list[NDArray[np.uint8] | str | None] = [cache.get(sha256) for sha256 in digests]
    unread = [index for index, answer in enumerate(answers) if answer is None]
    digits = read_digits([files[index] for index in unread], framing)
    for index, digit in zip(unread, digits, strict=True):
        if isinstance(digit, ImageError):
            answers[index] = str(digit.args[0]).removeprefix(f"{files[index].name}: ")
        elif not digit.is_alone:
            answers[index] = "it holds something else as large as the digit"
        else:
            answers[index] = digit.image
            cache.put(digests[index], digit.image)
    return [answer for answer in answers if answer is not None]


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of one that cannot be read, that of nothing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # reading it says why
        return hashlib.sha256().hexdigest()


def _check_left_out(folder: Path, reasons: Mapping[str, str], count: int) -> tuple[str, ...]:
    """Return a note on the files that are left out.

    Raises:
        DataError: they are too many.
    """
    if not reasons:
        return ()
    lines = [
        f"{name.removeprefix(f'{folder}{os.sep}')} ({reason})" for name, reason in reasons.items()
    ]
    if len(lines) > _MAXIMUM_NAMES:
        lines[_MAXIMUM_NAMES:] = [f"and {len(lines) - _MAXIMUM_NAMES:,} more"]
    subject = f"{len(reasons):,} of {count:,} files"
    if len(reasons) > MAXIMUM_SHARE_LEFT_OUT * count:
        verb = "is no picture" if len(reasons) == 1 else "are no pictures"
        raise DataError(
            f"{folder}: {subject} {verb} of one digit:",
            *lines,
            f"expected at most {MAXIMUM_SHARE_LEFT_OUT:.0%}, which would be left out",
            "fix: replace or remove them",
        )
    return (f"{folder}: left out {subject}: {', '.join(lines)}",)
