"""How the pictures of a user are to be read for a run."""

from mnistcli.images import Framing
from mnistcli.runs import RunDirectory


def read_framing(directory: RunDirectory) -> Framing:
    """Return how a run's training images are framed."""
    dataset = directory.read_record().dataset
    return Framing(dataset.framing, dataset.dark_background)
