"""The epochs of one run, and what they leave on disk."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts import Source, load_checkpoint, save_checkpoint, write_model_files
from mnistcli.config import Config
from mnistcli.engine import BEFORE_FIRST_STEP, EpochProgress
from mnistcli.errors import RunError
from mnistcli.evaluation import (
    Subject,
    calibrate,
    evaluate_network,
    keep_predictions,
    keep_samples,
    write_evaluation,
)
from mnistcli.model import averaged_weights
from mnistcli.recognition import Calibration
from mnistcli.runs import Artifact, RunDirectory, write_whole
from mnistcli.scores import Evaluation
from mnistcli.training.monitor import monitor_best, monitor_stopping
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation
from mnistcli.training.stopping import StopRequest

UNTRAINED_IMAGES = 1000  # that epoch 0 measures where there are no validation images


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
        artifacts: for each of its files the SHA-256, or the problem for which there is none.
        evaluation: how it does on the test set.
        probabilities: (N, C), what it says of the test images, calibrated.
    """

    artifacts: dict[str, Artifact]
    evaluation: Evaluation
    probabilities: NDArray[np.floating[Any]]


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
        observers: Sequence[TrainingObserver],
        position: Position,
        stop: StopRequest,
    ) -> None:
        self.preparation = preparation
        self.network = preparation.network
        self.config: Config = preparation.file.config
        self.run = run
        self.observers = observers
        self.position = position
        self.stop = stop
        self.is_saved = bool(position.rows)
        self.saved_at = time.monotonic()
        self.best = monitor_best(self.config, self.network)
        self.stopping = monitor_stopping(self.config, self.network)
        for row in position.rows[1:]:
            self._update_monitors(row)

    def train(self) -> str | None:
        """Train the epochs that are left; returns why some of them were not, or None."""
        if not self.position.rows:
            with self.stop.at_once():
                row = self._measure_untrained()
            self._finish_epoch(row, is_best=False)
            self.save()
        epochs = self.config.epochs
        images = len(self.preparation.splits.train)
        first_epoch = self.position.epoch + 1
        reasons = [
            observer.training_started(first_epoch, epochs, images) for observer in self.observers
        ]
        reason = self._end_of_patience() or next(filter(None, reasons), None)
        for epoch in range(first_epoch, epochs + 1):
            if reason:
                for observer in self.observers:
                    observer.stopped_early(epoch - 1, reason)
                return reason
            for observer in self.observers:
                observer.epoch_started(epoch)
            row = self._train_epoch(epoch)
            with averaged_weights(self.network):
                with self.stop.at_once():
                    row |= self._validate()
                self._check_validation(row)
                is_best = self._update_monitors(row)
                if is_best:
                    position = Position([*self.position.rows, self._order(row)])
                    save_checkpoint(self.run.best_checkpoint, self.network, position.to_json())
            reason = self._finish_epoch(row, is_best) or self._end_of_patience()
            if reason or epoch == epochs or epoch % self.config.checkpoint.every_epochs == 0:
                self.save()
            self.stop.raise_if_requested()
        return None

    def save(self) -> None:
        """Write a checkpoint of where the run is, and remove those that it replaces."""
        path = self.run.checkpoint(self.position.epoch, self.position.unfinished.step)
        save_checkpoint(path, self.network, self.position.to_json())
        self.run.remove_old_checkpoints(self.config.checkpoint.keep)
        self.is_saved, self.saved_at = True, time.monotonic()

    def complete(self) -> Completion:
        """Calibrate, save and test the best model; the network has its weights then.

        Raises:
            RunError: the best checkpoint is damaged, or of another epoch.
        """
        with self.stop.at_once():
            self.restore_best()
            calibration = self.calibrate()
            train = self.preparation.splits.train
            artifacts = write_model_files(Source.of(self.run, self.network, train))
            evaluation, probabilities = self.test(calibration)
            keep_samples(self.run, self.network, train)
        return Completion(artifacts, evaluation, probabilities)

    def restore_best(self) -> None:
        """Give the network the weights of the best epoch.

        Raises:
            RunError: its checkpoint is damaged, or of another epoch.
        """
        best = load_checkpoint(self.run.best_checkpoint, self.network, weights_only=True)
        if best["epoch"] != self.best.best_epoch:
            raise RunError(
                f"{self.run.best_checkpoint} is of epoch {best['epoch']}",
                f"expected epoch {self.best.best_epoch}, the best in {self.run.metrics}",
            )

    def calibrate(self) -> Calibration:
        """Fit and write how far the network can be believed; looks at validation images only."""
        splits = self.preparation.splits
        calibration = calibrate(self.preparation.evaluation, splits.train, splits.validation)
        write_whole(self.run.calibration, calibration.to_bytes())
        return calibration

    def test(self, calibration: Calibration) -> tuple[Evaluation, NDArray[np.floating[Any]]]:
        """Measure the network on the test images; write the evaluation and the predictions."""
        loop, splits = self.preparation.evaluation, self.preparation.splits
        temperature = calibration.temperature
        evaluation, probabilities = evaluate_network(loop, splits.test, temperature)
        keep_predictions(self.run, loop, splits, temperature, probabilities)
        write_evaluation(self.run, evaluation, Subject())
        return evaluation, probabilities

    def _train_epoch(self, epoch: int) -> dict[str, Any]:
        images = len(self.preparation.splits.train)
        order = self.preparation.order(epoch)
        loop, start = self.preparation.training, self.position
        started = time.perf_counter() - start.seconds
        for progress in loop.run_epoch(order, start.unfinished):
            self.position = Position(start.rows, progress, time.perf_counter() - started)
            self.is_saved = False
            for observer in self.observers:
                observer.epoch_progressed(progress)
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
        if not len(validation):
            return {}
        metrics = self.preparation.evaluation.evaluate(validation.images, validation.labels)
        return {f"val_{name}": value for name, value in metrics.items()}

    def _measure_untrained(self) -> dict[str, Any]:
        """Return the row of epoch 0.

        The training columns are over as many training images as there are validation
        images: all of them would take as long as a third of an epoch.
        """
        train, validation = self.preparation.splits.train, self.preparation.splits.validation
        first = slice(0, len(validation) or UNTRAINED_IMAGES)
        metrics = self.preparation.evaluation.evaluate(train.images[first], train.labels[first])
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
            self.stopping.update(row)
        return self.best.update(row)

    def _finish_epoch(self, row: dict[str, Any], is_best: bool) -> str | None:
        """Record an epoch; returns why an observer wants it to be the last."""
        ordered = self._order(row)
        self.run.append_metrics(ordered)
        self.position = Position([*self.position.rows, ordered])
        self.is_saved = False
        reasons = [observer.epoch_finished(ordered, is_best) for observer in self.observers]
        return next(filter(None, reasons), None)

    def _order(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row with its columns in the order of metrics.jsonl."""
        names = self.config.metric_names()
        columns = ["epoch", *names, *(f"val_{name}" for name in names)]
        columns += ["learning_rate", "seconds", "images_per_second"]
        return {column: row[column] for column in columns if column in row}

    def _end_of_patience(self) -> str | None:
        """Why early stopping ends the training, or None."""
        settings, stopping = self.config.early_stopping, self.stopping
        if not stopping or not settings or stopping.waited_epochs < settings.patience:
            return None
        waited = stopping.waited_epochs
        epochs_waited = "1 epoch" if waited == 1 else f"{waited} epochs"
        return f"{stopping.column} has not improved for {epochs_waited}"

    def _check_validation(self, row: Mapping[str, Any]) -> None:
        if not math.isfinite(row.get("val_loss", 0.0)):
            raise self._divergence("the validation loss", self.position.unfinished.step)

    def _divergence(self, what: str, step: int) -> RunError:
        """Return the error for a loss that is NaN or infinite."""
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
