"""Whether a metric improved, for the best checkpoint and for early stopping."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnistcli.config import Best, Config, EarlyStopping
from mnistcli.model import Network


@dataclass
class Monitor:
    """Follows one column of metrics.jsonl.

    Attributes:
        min_delta: the smallest change that is an improvement.
        loss_decides_ties: of epochs with an equal value, the one with the lower loss is better.
        best: the best value so far; None before the first.
        best_epoch: the epoch it was in.
        waited_epochs: epochs since then.
    """

    column: str
    higher_is_better: bool
    min_delta: float = 0.0
    loss_decides_ties: bool = False
    best: float | None = None
    best_epoch: int = 0
    waited_epochs: int = 0
    _best_loss: float = math.inf

    def update(self, row: Mapping[str, Any]) -> bool:
        """Take the row of an epoch; return whether it is better by more than `min_delta`.

        A NaN is never better than a number, and any number is better than a NaN.
        """
        value, loss = row[self.column], row.get("val_loss", row["loss"])
        is_tie = self.loss_decides_ties and value == self.best and loss < self._best_loss
        if not (is_tie or self._is_better(value)):
            self.waited_epochs += 1
            return False
        self.best, self._best_loss = value, loss
        self.best_epoch, self.waited_epochs = row["epoch"], 0
        return True

    def _is_better(self, value: float) -> bool:
        if self.best is None or math.isnan(self.best):
            return self.best is None or not math.isnan(value)
        gain = value - self.best if self.higher_is_better else self.best - value
        return gain > self.min_delta


def monitor_best(config: Config, network: Network) -> Monitor:
    """Return what finds the best epoch; without validation images, that is the last one."""
    best = config.checkpoint.best
    if config.data.validation == 0 and best.monitor.startswith("val_"):
        return Monitor("epoch", higher_is_better=True)
    return Monitor(best.monitor, _is_higher_better(best, network), loss_decides_ties=True)


def monitor_stopping(config: Config, network: Network) -> Monitor | None:
    """Return what early stopping follows; None where the config asks for none."""
    settings = config.early_stopping
    if settings is None:
        return None
    return Monitor(settings.monitor, _is_higher_better(settings, network), settings.min_delta)


def _is_higher_better(settings: Best | EarlyStopping, network: Network) -> bool:
    """Return what the config's mode says; without one, what a trial of the metric says."""
    if settings.mode is None:
        return network.higher_is_better(settings.monitor)
    return settings.mode == "max"
