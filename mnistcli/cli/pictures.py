"""The framing of the pictures that a run's network reads."""

from mnistcli.images import Framing
from mnistcli.runs import RunDirectory


def read_framing(directory: RunDirectory) -> Framing:
    """Return the framing of a run's training images."""
    dataset = directory.read_record().dataset
    return Framing(dataset.framing, dataset.dark_background)
