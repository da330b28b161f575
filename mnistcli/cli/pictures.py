"""How the pictures of a user are to be read for a run."""

from mnistcli.images import MNIST_FRAMING, Framing
from mnistcli.runs import RunDirectory


def read_framing(directory: RunDirectory) -> Framing:
    """Return how a run's training images are framed; MNIST's frame where it is not recorded."""
    dataset = directory.read_record().get("dataset")
    recorded = dataset if isinstance(dataset, dict) else {}
    return Framing(
        "as_is" if recorded.get("framing") == "as_is" else MNIST_FRAMING.kind,
        recorded.get("dark_background") is not False,
    )
