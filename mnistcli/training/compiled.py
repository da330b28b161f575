"""Networks that this process has trained, for others of the same structure.

TensorFlow takes 1.3 s to trace and compile the training of configs/mlp.yaml, and an epoch 0.7.
"""

from dataclasses import replace

from mnistcli.config import Config, KerasObject, dump_config
from mnistcli.data import Dataset
from mnistcli.training.preparation import Preparation


class CompiledNetworks:
    """Keeps the first network of each structure, and trains it again in place of later ones."""

    def __init__(self) -> None:
        self._preparations: dict[tuple[Dataset, str], Preparation] = {}

    def reuse(self, preparation: Preparation) -> Preparation:
        """Return a preparation that trains to the same bits, compiled already if one like it was.

        The one returned before for this structure must not be used any more.
        """
        if not preparation.runtime.execution.in_xla:
            return preparation
        key = (preparation.dataset, _describe_structure(preparation.file.config))
        compiled = self._preparations.setdefault(key, preparation)
        if compiled is preparation:
            return preparation
        compiled.training.take_state(preparation.training)
        return replace(
            preparation,
            network=compiled.network,
            training=compiled.training,
            evaluation=compiled.evaluation,
        )


def _describe_structure(config: Config) -> str:
    """Return a config without what is no part of the compiled code.

    That is what begins in the network's variables, by the seed and the learning rate, and the
    settings of `engine.settings`.
    """
    layers = [
        _without(layer, "rate") if layer.name == "Dropout" and layer.arguments["rate"] > 0 else layer
        for layer in config.layers
    ]
    optimizer = _without(config.optimizer, "learning_rate", "weight_decay")
    changes = {"seed": 0, "layers": layers, "optimizer": optimizer}
    return dump_config(config.model_copy(update=changes))


def _without(object_config: KerasObject, *names: str) -> KerasObject:
    """Return an object with 1 for numbers of these names."""
    numbers = {
        name: 1
        for name in names
        if type(object_config.arguments.get(name)) in (int, float)
    }
    return replace(object_config, arguments=object_config.arguments | numbers)
