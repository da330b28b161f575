"""A trained network from its run directory."""

from typing import Literal

from mnistcli.artifacts.checkpoint import load_checkpoint
from mnistcli.config import load_config
from mnistcli.errors import RunError
from mnistcli.model import Network, build_network, use_averaged_weights
from mnistcli.runs import RunDirectory


def restore_network(run: RunDirectory, checkpoint: Literal["best", "last"] = "best") -> Network:
    """Build a run's network and give it the weights of a checkpoint.

    Raises:
        RunError: the run has no such checkpoint, or it or run.json is damaged.
    """
    data = run.read_record().get("dataset") or {}
    checkpoints = run.list_checkpoints()
    if checkpoint == "best":
        path = run.best_checkpoint
    else:
        path = checkpoints[-1].path if checkpoints else run.checkpoint(1)
    if not path.is_file():
        raise RunError(
            f"{run.path} has no checkpoint {path.name}",
            "expected a run that finished its first epoch",
            f"go on with: mnistcli train --resume {run.path}, "
            f"or train it again: mnistcli train {run.config}",
        )
    try:
        num_classes = int(data["num_classes"])
        scale, offset = float(data["pixel_scale"]), float(data["pixel_offset"])
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{run.record} is damaged: it does not describe the data set") from None
    network = build_network(load_config(run.config), num_classes, scale, offset)
    if checkpoint == "best":  # written with averaged weights in place
        load_checkpoint(path, network, weights_only=True)
    else:
        load_checkpoint(path, network)
        use_averaged_weights(network)
    return network
