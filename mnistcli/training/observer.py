"""What training tells whoever watches it."""

from collections.abc import Callable, Sequence
from typing import Any

from mnistcli.engine import EpochProgress
from mnistcli.training.preparation import Preparation


class TrainingObserver:
    """Is told how a training goes; this one does nothing with it.

    A row is what a line of metrics.jsonl holds.
    """

    def prepared(self, preparation: Preparation) -> None:
        """The config, its data and its network are ready to be trained."""

    def noticed(self, notice: str) -> None:
        """Something is to be known of this training, such as what its file system lacks."""

    def resumed(self, epoch: int, step: int, notices: list[str]) -> None:
        """A run goes on after so many whole epochs and steps of the next; what to know of it."""

    def training_started(self, first_epoch: int, epochs: int, images: int) -> str | None:
        """Epochs `first_epoch` to `epochs` follow, each over `images` images.

        Returns:
            Why a resumed run should end without them, as `epoch_finished`; None to go on.
        """

    def epoch_started(self, epoch: int) -> None:
        """An epoch begins, numbered from 1."""

    def epoch_progressed(self, progress: EpochProgress) -> None:
        """Part of the epoch is done; called about ten times a second."""

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> str | None:
        """An epoch was trained and validated; epoch 0 is the untrained model.

        Returns:
            Why the training should end with this epoch, as `stopped_early` tells it; None to
            go on. The run is completed with the epochs that it has. Epoch 0 cannot be the last.
        """

    def stopped_early(self, epoch: int, reason: str) -> None:
        """Training ends before its last epoch."""

    def training_finished(self) -> None:
        """No more epochs follow; the best model is evaluated and saved next."""


def notify_all(observers: Sequence[TrainingObserver]) -> Callable[[str], None]:
    """Return what tells each observer of a notice."""

    def notify(notice: str) -> None:
        for observer in observers:
            observer.noticed(notice)

    return notify
