"""The epochs of one run, and what they leave on disk."""

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts import (
    ConversionError,
    convert_to_lite,
    load_checkpoint,
    save_checkpoint,
)
from mnistcli.config import Config
from mnistcli.data import permutation
from mnistcli.engine import BEFORE_FIRST_STEP, EpochProgress
from mnistcli.errors import RunError
from mnistcli.evaluation import Evaluation, calibrate, evaluate_network, write_evaluation
from mnistcli.model import averaged_weights
from mnistcli.runs import RunDirectory, write_whole
from mnistcli.training.monitor import follow
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation
from mnistcli.training.stopping import StopRequest


@dataclass(frozen=True)
class Position:
    """How far a run is. With the network's variables, it is all that a checkpoint holds.

    Attributes:
        rows: those of metrics.jsonl, from epoch 0 on.
        unfinished: how the epoch after them stands.
        seconds: that the unfinished epoch has been trained for.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    unfinished: EpochProgress = BEFORE_FIRST_STEP
    seconds: float = 0.0

    @property
    def epoch(self) -> int:
        """The whole epochs."""
        return max(len(self.rows) - 1, 0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return {"epoch": self.epoch, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Go back from `to_json`.

        Raises:
            LookupError, TypeError, ValueError: the document is not one of those.
        """
        rows = list(document["rows"])
        if [row["epoch"] for row in rows] != list(range(len(rows))):
            raise ValueError("the rows are not those of epochs 0, 1, 2, …")
        return cls(rows, EpochProgress(**document["unfinished"]), float(document["seconds"]))


@dataclass(frozen=True)
class Completion:
    """The best model of a run.

    Attributes:
        evaluation: how it does on the test set.
        probabilities: (N, C), what it says of the test images, calibrated.
        lite_model: the SHA-256 of its LiteRT file, or the problem for which there is none.
    """

    evaluation: Evaluation
    probabilities: NDArray[np.floating[Any]]
    lite_model: dict[str, str]


class Trainer:
    """One run in progress, in a directory whose lock is held.

    Attributes:
        position: how far it is; the variables are what they were there, but while steps run.
        is_saved: whether a checkpoint holds that position.
    """

    def __init__(
        self,
        preparation: Preparation,
        run: RunDirectory,
        observer: TrainingObserver,
        position: Position,
        stop: StopRequest,
    ) -> None:
        self.preparation = preparation
        self.network = preparation.network
        self.config: Config = preparation.file.config
        self.run = run
        self.observer = observer
        self.position = position
        self.stop = stop
        self.is_saved = bool(position.rows)
        self.saved_at = time.monotonic()
        self.best = follow(self.network, self.config.checkpoint.best)
        stopping = self.config.early_stopping
        self.stopping = stopping and follow(self.network, stopping, stopping.min_delta)
        for row in position.rows[1:]:
            self._update_monitors(row)

    def train(self) -> None:
        """Train the epochs that are left."""
        if not self.position.rows:
            with self.stop.at_once():
                row = self._measure_untrained()
            self._finish_epoch(row, is_best=False)
            self.save()
        epochs = self.config.epochs
        images = len(self.preparation.splits.train)
        self.observer.training_started(self.position.epoch + 1, epochs, images)
        for epoch in range(self.position.epoch + 1, epochs + 1):
            if self.stopping and self._patience_is_over():
                waited = self.stopping.waited_epochs
                epochs_waited = "1 epoch" if waited == 1 else f"{waited} epochs"
                reason = f"{self.stopping.column} has not improved for {epochs_waited}"
                self.observer.stopped_early(epoch - 1, reason)
                return
            self.observer.epoch_started(epoch)
            row = self._train_epoch(epoch)
            with averaged_weights(self.network):
                with self.stop.at_once():
                    row |= self._validate()
                self._check_validation(row)
                is_best = self._update_monitors(row)
                if is_best:
                    position = Position([*self.position.rows, self._order(row)])
                    save_checkpoint(self.run.best_checkpoint, self.network, position.to_json())
            self._finish_epoch(row, is_best)
            is_last = epoch == epochs or self._patience_is_over()
            if is_last or epoch % self.config.checkpoint.every_epochs == 0:
                self.save()
            self.stop.raise_if_requested()

    def save(self) -> None:
        """Write a checkpoint of where the run is, and remove those that it replaces."""
        path = self.run.checkpoint(self.position.epoch, self.position.unfinished.step)
        save_checkpoint(path, self.network, self.position.to_json())
        self.run.remove_old_checkpoints(self.config.checkpoint.keep)
        self.is_saved, self.saved_at = True, time.monotonic()

    def complete(self) -> Completion:
        """Evaluate and save the best model; the network has its weights then.

        Raises:
            RunError: the best checkpoint is damaged, or of another epoch.
        """
        with self.stop.at_once():
            best = load_checkpoint(self.run.best_checkpoint, self.network, weights_only=True)
            if best["epoch"] != self.best.best_epoch:
                raise RunError(
                    f"{self.run.best_checkpoint} is of epoch {best['epoch']}",
                    f"expected epoch {self.best.best_epoch}, the best in {self.run.metrics}",
                )
            splits = self.preparation.splits
            calibration = calibrate(self.preparation.evaluation, splits.train, splits.validation)
            evaluation, probabilities = evaluate_network(
                self.preparation.evaluation, splits.test, calibration.temperature
            )
            write_whole(self.run.calibration, calibration.to_bytes())
            write_whole(self.run.model, self.network.model.save)
            try:
                content = convert_to_lite(self.network)
                write_whole(self.run.lite_model, content)
                lite_model = {"sha256": hashlib.sha256(content).hexdigest()}
            except ConversionError as error:
                lite_model = {"problem": str(error)}
            document = {"data": "test", "checkpoint": "best"} | evaluation.to_json()
            write_evaluation(self.run, document)
        return Completion(evaluation, probabilities, lite_model)

    def _train_epoch(self, epoch: int) -> dict[str, Any]:
        images = len(self.preparation.splits.train)
        order = permutation(images, (self.config.seed, epoch)).astype(np.int32)
        loop, before = self.preparation.training, self.position
        started = time.perf_counter() - before.seconds
        for progress in loop.run_epoch(order, before.unfinished):
            self.position = Position(before.rows, progress, time.perf_counter() - started)
            self.is_saved = False
            self.observer.epoch_progressed(progress)
            if not progress.is_finite:
                raise self._divergence("the loss", progress.step)
            interval = self.config.checkpoint.every_seconds
            if interval is not None and time.monotonic() - self.saved_at >= interval:
                self.save()
            self.stop.raise_if_requested()
        seconds = self.position.seconds
        return {
            "epoch": epoch,
            **loop.results(self.position.unfinished),
            "learning_rate": float(self.network.optimizer.learning_rate),
            "seconds": round(seconds, 4),
            "images_per_second": round(images / seconds, 1),
        }

    def _validate(self) -> dict[str, float]:
        validation = self.preparation.splits.validation
        metrics = self.preparation.evaluation.evaluate(validation.images, validation.labels)
        return {f"val_{name}": value for name, value in metrics.items()}

    def _measure_untrained(self) -> dict[str, Any]:
        """The row of epoch 0.

        The training columns are over as many training images as there are validation
        images: all of them would take as long as a third of an epoch.
        """
        train, validation = self.preparation.splits.train, self.preparation.splits.validation
        some = slice(0, len(validation))
        metrics = self.preparation.evaluation.evaluate(train.images[some], train.labels[some])
        return {
            "epoch": 0,
            **metrics,
            "learning_rate": float(self.network.optimizer.learning_rate),
            "seconds": 0.0,
            "images_per_second": 0.0,
            **self._validate(),
        }

    def _update_monitors(self, row: Mapping[str, Any]) -> bool:
        """Tell best checkpoint and early stopping of an epoch; True if it is the best so far."""
        if self.stopping:
            self.stopping.update(row["epoch"], row[self.stopping.column])
        return self.best.update(row["epoch"], row[self.best.column])

    def _finish_epoch(self, row: dict[str, Any], is_best: bool) -> None:
        ordered = self._order(row)
        self.run.append_metrics(ordered)
        self.position = Position([*self.position.rows, ordered])
        self.is_saved = False
        self.observer.epoch_finished(ordered, is_best)

    def _order(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with its columns in the order of metrics.jsonl."""
        names = self.config.metric_names()
        columns = ["epoch", *names, *(f"val_{name}" for name in names)]
        columns += ["learning_rate", "seconds", "images_per_second"]
        return {column: row[column] for column in columns}

    def _patience_is_over(self) -> bool:
        settings = self.config.early_stopping
        if not self.stopping or not settings:
            return False
        return self.stopping.waited_epochs >= settings.patience

    def _check_validation(self, row: Mapping[str, Any]) -> None:
        if not math.isfinite(row["val_loss"]):
            raise self._divergence("the validation loss", self.position.unfinished.step)

    def _divergence(self, what: str, step: int) -> RunError:
        """The error for a loss that is NaN or infinite."""
        optimizer = self.config.optimizer
        rate = float(self.network.optimizer.learning_rate)
        lower = f"--set optimizer.{optimizer}.learning_rate={rate / 10:.1g}"
        if not isinstance(optimizer.arguments.get("learning_rate"), float | int):
            lower = "in its schedule"
        precision = "" if self.config.precision == "float32" else "; precision: float32"
        checkpoints = self.run.list_checkpoints()
        last = checkpoints[-1].path if checkpoints else "none"
        return RunError(
            f"{what} became NaN or infinite in epoch {self.position.epoch + 1}, at step {step:,} "
            f"of {self.preparation.training.steps_per_epoch:,}, with a learning rate of {rate:.3g}",
            f"try a lower learning rate ({lower}); clipnorm: 1 in the optimizer{precision}",
            f"the last good checkpoint is {last}",
        )
