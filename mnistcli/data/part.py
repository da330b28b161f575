"""One array of a data set in the form in which a file holds it, and notes on it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from numpy.typing import NDArray

IMAGE_SIZE = 28
PARTS = ("train_images", "train_labels", "test_images", "test_labels")


class Part(NamedTuple):
    """One array of a data set, before it is converted.

    Attributes:
        origin: its name in errors: the path of the file, and within an .npz the array.
        name: its name in notes: the file without its folder, or the array.
    """

    array: NDArray[Any]
    origin: str
    name: str


class Note(NamedTuple):
    """A note to the user on an array: how it was converted, or what is odd about it."""

    name: str
    text: str


def join_notes(notes: Iterable[Note]) -> tuple[str, ...]:
    """Return a sentence for each text, such as "x_train, x_test: floats from 0 to 1, …"."""
    names_by_text: dict[str, list[str]] = {}
    for note in notes:
        names_by_text.setdefault(note.text, []).append(note.name)
    return tuple(f"{', '.join(names)}: {text}" for text, names in names_by_text.items())
