"""Numbers of a config that training steps read from variables.

A step that was compiled for one value of them serves for each other value, too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mnistcli.execution import Execution
from mnistcli.model import Network
from mnistcli.model.backend import keras, tf


@dataclass(frozen=True)
class Setting:
    """A number of a layer or of an optimizer.

    Attributes:
        owner: the layer or the optimizer.
        name: of the attribute that holds the number.
        variable: what steps read; float64, as exact as Python's numbers.
    """

    owner: Any
    name: str
    variable: tf.Variable

    @property
    def number(self) -> float:
        """What the owner has."""
        return float(getattr(self.owner, self.name))

    def assign(self, number: float) -> None:
        """Give the owner and the steps another number."""
        setattr(self.owner, self.name, number)
        self.variable.assign(number)


def find_settings(network: Network, execution: Execution) -> list[Setting]:
    """Return the settings of a network: rates of dropout, and the decay of weights.

    The learning rate is a variable of Keras already. A network that XLA does not compile has no
    settings: its dropout is Keras' own, which compares its rate with 0.
    """
    if not execution.in_xla:
        return []
    places = [
        (layer, "rate")
        for layer in network.model.layers
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0
    ]
    optimizer = getattr(network.optimizer, "inner_optimizer", network.optimizer)
    if optimizer.weight_decay is not None:
        places.append((optimizer, "weight_decay"))
    return [
        Setting(owner, name, tf.Variable(getattr(owner, name), dtype=tf.float64, trainable=False))
        for owner, name in places
    ]


@contextmanager
def in_variables(settings: Sequence[Setting]) -> Iterator[None]:
    """Inside this, what is traced reads the variables of settings, not their numbers."""
    numbers = [setting.number for setting in settings]
    for setting in settings:
        setattr(setting.owner, setting.name, setting.variable.read_value())
    try:
        yield
    finally:
        for setting, number in zip(settings, numbers, strict=True):
            setattr(setting.owner, setting.name, number)
