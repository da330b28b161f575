"""Networks that this process has trained, for others of the same structure.

For configs/mlp.yaml, TensorFlow takes 1.2 s to trace and compile what trains a network, and then
0.7 s for an epoch. Twenty trials of its sweep have six structures: the sweep takes 37 s of
processor time so, and 56 s without.
"""

from dataclasses import replace

from mnistcli.config import Config, KerasObject, dump_config
from mnistcli.data import Dataset
from mnistcli.training.preparation import Preparation


class CompiledNetworks:
    """Keeps the first network of each structure, to train it again in place of later ones."""

    def __init__(self) -> None:
        self._preparations: dict[tuple[Dataset, str], Preparation] = {}

    def reuse(self, preparation: Preparation) -> Preparation:
        """Return a preparation that trains to the same bits, with a compiled network if one fits.

        What was returned before for that structure is not to be used any more. Only what XLA
        compiles is kept: other networks take longer to train than to trace.
        """
        if not preparation.runtime.execution.in_xla:
            return preparation
        key = (preparation.dataset, _describe_structure(preparation.file.config))
        compiled = self._preparations.setdefault(key, preparation)
        if compiled is not preparation:
            compiled.training.take_state(preparation.training)
        return replace(
            preparation,
            network=compiled.network,
            training=compiled.training,
            evaluation=compiled.evaluation,
        )


def _describe_structure(config: Config) -> str:
    """Return a config with 1 for each number that steps read from a variable.

    Those are the learning rate, what follows from the seed, and the settings of `engine.settings`.
    """
    layers = [
        _with_ones(layer, "rate") if layer.name == "Dropout" else layer for layer in config.layers
    ]
    optimizer = _with_ones(config.optimizer, "learning_rate", "weight_decay")
    changes = {"seed": 1, "layers": layers, "optimizer": optimizer}
    return dump_config(config.model_copy(update=changes))


def _with_ones(object_config: KerasObject, *names: str) -> KerasObject:
    """Return an object with 1 for its numbers of these names; 0 stays, as it may mean none."""
    ones = {
        name: 1
        for name in names
        if type(value := object_config.arguments.get(name)) in (int, float) and value != 0
    }
    return replace(object_config, arguments=object_config.arguments | ones)
