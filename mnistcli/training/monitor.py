"""Whether a metric improved, for the best checkpoint and for early stopping."""

import math
from dataclasses import dataclass

from mnistcli.config import Best, EarlyStopping
from mnistcli.model import Network


@dataclass
class Monitor:
    """Follows one column of metrics.jsonl.

    Attributes:
        best: the best value so far; None before the first.
        best_epoch: the epoch it was in.
        waited_epochs: epochs since then.
    """

    column: str
    higher_is_better: bool
    min_delta: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    waited_epochs: int = 0

    def update(self, epoch: int, value: float) -> bool:
        """Take the value of an epoch; True if it is better by more than `min_delta`.

        A NaN is never better than a number, and any number is better than a NaN.
        """
        if not self._is_better(value):
            self.waited_epochs += 1
            return False
        self.best, self.best_epoch, self.waited_epochs = value, epoch, 0
        return True

    def _is_better(self, value: float) -> bool:
        if self.best is None or math.isnan(self.best):
            return self.best is None or not math.isnan(value)
        gain = value - self.best if self.higher_is_better else self.best - value
        return gain > self.min_delta


def follow(network: Network, settings: Best | EarlyStopping, min_delta: float = 0.0) -> Monitor:
    """Return a monitor of the column that a config names; without a mode, Keras knows it."""
    if settings.mode is None:
        higher_is_better = network.higher_is_better(settings.monitor)
    else:
        higher_is_better = settings.mode == "max"
    return Monitor(settings.monitor, higher_is_better, min_delta)
