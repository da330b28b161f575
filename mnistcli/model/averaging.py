"""The averaged weights of optimizers with `use_ema`."""

from collections.abc import Iterator
from contextlib import contextmanager

from mnistcli.model.network import Network


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
    raw = [weight.numpy() for weight in weights]
    use_averaged_weights(network)
    try:
        yield
    finally:
        for weight, value in zip(weights, raw, strict=True):
            weight.assign(value)


def use_averaged_weights(network: Network) -> None:
    """Put the averages in place of the weights for good, where the optimizer keeps any."""
    network.optimizer.finalize_variable_values(network.model.trainable_variables)
