"""A trained network from its run directory."""

from dataclasses import replace
from typing import Literal

from mnistcli.artifacts.checkpoint import load_checkpoint
from mnistcli.errors import RunError, command_line
from mnistcli.model import Network, build_network, use_averaged_weights
from mnistcli.runs import RunDirectory


def restore_network(
    run: RunDirectory,
    checkpoint: Literal["best", "last"] = "best",
    in_float32: bool = False,
) -> Network:
    """Build a run's network and give it the weights of a checkpoint.

    Args:
        in_float32: let it compute in float32, whatever precision the config has; its weights are
            of float32 anyway.

    Raises:
        RunError: the run has no such checkpoint (an ensemble has no last one), it or run.json is
            damaged, or config.yaml was changed.
    """
    if checkpoint == "last":
        run.require_training()
    record = run.read_record()
    data = record.dataset
    checkpoints = run.list_checkpoints()
    if checkpoint == "best":
        path = run.best_checkpoint
    else:
        path = checkpoints[-1].path if checkpoints else run.checkpoint(1)
    if not path.is_file():
        advice = [run.advise_completion()]
        if not record.members:
            expectation = "expected a run that finished its first epoch"
            again = command_line("train", run.config)
            advice = [expectation, f"{advice[0]}, or train it again: {again}"]
        raise RunError(f"{run.path} has no checkpoint {path.name}", *advice)
    file = run.read_config()
    if in_float32:
        file = replace(file, config=file.config.model_copy(update={"precision": "float32"}))
    network = build_network(file, data.num_classes, data.pixel_scale, data.pixel_offset)
    if checkpoint == "best":  # written with averaged weights in place
        load_checkpoint(path, network, weights_only=True)
    else:
        load_checkpoint(path, network)
        use_averaged_weights(network)
    return network
