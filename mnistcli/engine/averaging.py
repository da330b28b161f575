"""The averaged weights of optimizers with `use_ema`."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from mnistcli.model import Network


@contextmanager
def averaged_weights(network: Network) -> Iterator[None]:
    """Put the optimizer's moving averages in place of the weights, and take them out again.

    With `use_ema`, training goes on with the raw weights while the averages are what is
    worth measuring and keeping; without it, nothing happens.
    """
    optimizer = getattr(network.optimizer, "inner_optimizer", network.optimizer)
    if not optimizer.use_ema:
        yield
        return
    weights = network.model.trainable_variables
    raw = [keras.ops.convert_to_numpy(weight) for weight in weights]
    optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, raw, strict=True):
            weight.assign(value)
