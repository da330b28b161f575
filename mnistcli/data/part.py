"""One array of a data set as a file holds it, and what is said of it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from numpy.typing import NDArray

IMAGE_SIZE = 28
PARTS = ("train_images", "train_labels", "test_images", "test_labels")


class Part(NamedTuple):
    """One array of a data set as it was read.

    Attributes:
        origin: what an error calls it: the file, and within an .npz the array.
        name: what a note calls it: the file or the array, without its folder.
    """

    array: NDArray[Any]
    origin: str
    name: str


class Note(NamedTuple):
    """What the user should know of an array: how it was converted, or what is odd about it."""

    name: str
    text: str


def join_notes(notes: Iterable[Note]) -> tuple[str, ...]:
    """Return a sentence for each text: "x_train, x_test: floats from 0 to 1, …"."""
    names: dict[str, list[str]] = {}
    for note in notes:
        names.setdefault(note.text, []).append(note.name)
    return tuple(f"{', '.join(each)}: {text}" for text, each in names.items())
