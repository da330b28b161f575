"""A run from its first epoch to its last, and what it leaves on disk."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from mnistcli.config import Config, dump_config
from mnistcli.data import permutation
from mnistcli.engine import averaged_weights
from mnistcli.errors import InterruptedTrainingError, RunError, StopSignal
from mnistcli.inference import Evaluation, evaluate_network, write_evaluation
from mnistcli.model import load_checkpoint, save_checkpoint
from mnistcli.runs import (
    RunDirectory,
    create_run_directory,
    describe_environment,
    utc_now,
    write_whole,
)
from mnistcli.training.monitor import Monitor
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation


@dataclass(frozen=True)
class TrainingResult:
    """A completed run: where it is, and how its best model does on the test set."""

    run: RunDirectory
    best_epoch: int
    evaluation: Evaluation
    record: dict[str, Any]


def train(
    preparation: Preparation, path: Path | None = None, observer: TrainingObserver | None = None
) -> TrainingResult:
    """Train what was prepared, and write a run directory.

    Args:
        path: the run directory to make; None: one under `runs/` named after the config.
        observer: is told how it goes.

    Raises:
        RunError: the run directory exists, or cannot be written to.
        InterruptedTrainingError: SIGINT or SIGTERM ended it; the run says so.
    """
    record = {
        "status": "running",
        "started": utc_now(),
        "finished": None,
        "dataset": _describe_data(preparation),
        "seed": preparation.file.config.seed,
        "threads": preparation.threads.count,
        "metrics": None,
    } | describe_environment()
    run = create_run_directory(preparation.file.config.name, path, datetime.now())
    run.write_record(record)
    write_whole(run.config, dump_config(preparation.file.config))
    return Trainer(preparation, run, record, observer or TrainingObserver()).run_to_end(0)


class Trainer:
    """One run in progress."""

    def __init__(
        self,
        preparation: Preparation,
        run: RunDirectory,
        record: dict[str, Any],
        observer: TrainingObserver,
    ) -> None:
        self.preparation = preparation
        self.network = preparation.network
        self.config: Config = preparation.file.config
        self.run = run
        self.record = record
        self.observer = observer
        self.best = self._follow(self.config.checkpoint.best)
        stopping = self.config.early_stopping
        self.stopping = stopping and self._follow(stopping.monitor, stopping.min_delta)

    def run_to_end(self, epochs_done: int) -> TrainingResult:
        """Train the epochs that are left, then evaluate and save the best model."""
        with self._status_recorded():
            if epochs_done == 0:
                self._finish_epoch(self._measure_untrained(), is_best=False)
            self._train_epochs(epochs_done)
            self.observer.training_finished()
            return self._complete()

    def restore(self, checkpoint: Path) -> int:
        """Go back to a checkpoint; returns the epochs that it has behind it."""
        progress = load_checkpoint(checkpoint, self.network)
        self.best.restore(progress["best"])
        # A run's config.yaml may have got its early stopping after the run began.
        if self.stopping and progress["early_stopping"]:
            self.stopping.restore(progress["early_stopping"])
        epoch = int(progress["epoch"])
        self.run.write_metrics([row for row in self.run.read_metrics() if row["epoch"] <= epoch])
        return epoch

    def _train_epochs(self, epochs_done: int) -> None:
        epochs, images = self.config.epochs, len(self.preparation.splits.train)
        self.observer.training_started(epochs_done + 1, epochs, images)
        for epoch in range(epochs_done + 1, epochs + 1):
            if self.stopping and self._patience_is_over():
                column, waited = self.stopping.column, self.stopping.waited_epochs
                epochs_waited = "1 epoch" if waited == 1 else f"{waited} epochs"
                reason = f"{column} has not improved for {epochs_waited}"
                self.observer.stopped_early(epoch - 1, reason)
                return
            self.observer.epoch_started(epoch)
            row = self._train_epoch(epoch)
            with averaged_weights(self.network):
                row |= self._validate()
                is_best = self.best.update(epoch, row[self.best.column])
                if self.stopping:
                    self.stopping.update(epoch, row[self.stopping.column])
                if is_best:
                    self._save(self.run.best_checkpoint, epoch)
            self._finish_epoch(row, is_best)
            is_last = epoch == epochs or self._patience_is_over()
            if is_last or epoch % self.config.checkpoint.every_epochs == 0:
                self._save(self.run.epoch_checkpoint(epoch), epoch)
                self._remove_old_checkpoints()

    def _train_epoch(self, epoch: int) -> dict[str, Any]:
        images = len(self.preparation.splits.train)
        order = permutation(images, (self.config.seed, epoch)).astype(np.int32)
        started = time.perf_counter()
        metrics = self.preparation.training.run_epoch(order, self.observer.epoch_progressed)
        seconds = time.perf_counter() - started
        return {
            "epoch": epoch,
            **metrics,
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

    def _finish_epoch(self, row: dict[str, Any], is_best: bool) -> None:
        names = self.config.metric_names()
        columns = ["epoch", *names, *(f"val_{name}" for name in names)]
        columns += ["learning_rate", "seconds", "images_per_second"]
        ordered = {column: row[column] for column in columns}
        self.run.append_metrics(ordered)
        self.observer.epoch_finished(ordered, is_best)

    def _patience_is_over(self) -> bool:
        settings = self.config.early_stopping
        if not self.stopping or not settings:
            return False
        return self.stopping.waited_epochs >= settings.patience

    def _complete(self) -> TrainingResult:
        load_checkpoint(self.run.best_checkpoint, self.network, weights_only=True)
        evaluation = evaluate_network(self.preparation.evaluation, self.preparation.splits.test)
        self._save_model()
        document = {"data": "test", "checkpoint": "best"} | evaluation.to_json()
        write_evaluation(self.run, document)
        self.record |= {
            "metrics": {
                "best_epoch": self.best.best_epoch,
                self.best.column: self.best.best,
                "test_loss": evaluation.loss,
                "test_accuracy": evaluation.accuracy,
            }
        }
        return TrainingResult(self.run, self.best.best_epoch, evaluation, self.record)

    def _save_model(self) -> None:
        write_whole(self.run.model, self.network.model.save)

    def _save(self, path: Path, epoch: int) -> None:
        progress = {
            "epoch": epoch,
            "best": self.best.state(),
            "early_stopping": self.stopping.state() if self.stopping else None,
        }
        save_checkpoint(path, self.network, progress)

    def _remove_old_checkpoints(self) -> None:
        for checkpoint in self.run.list_checkpoints()[: -self.config.checkpoint.keep]:
            checkpoint.path.unlink(missing_ok=True)

    def _follow(self, column: str, min_delta: float = 0.0) -> Monitor:
        return Monitor(column, self.network.higher_is_better(column), min_delta)

    @contextmanager
    def _status_recorded(self) -> Iterator[None]:
        """Leave the right status in run.json, however the training ends."""
        try:
            yield
            self._record_end("completed")
        except (StopSignal, KeyboardInterrupt) as stop:
            self._record_end("interrupted")
            mend = f"go on with: mnistcli train --resume {self.run.path}"
            if not self.run.list_checkpoints():
                mend = "no checkpoint was written yet, so there is nothing to resume"
            raise InterruptedTrainingError(
                stop.signal_number if isinstance(stop, StopSignal) else signal.SIGINT,
                f"interrupted; the run so far is in {self.run.path}",
                mend,
            ) from None
        except BaseException:
            with suppress(RunError):  # what went wrong first is what is worth showing
                self._record_end("failed")
            raise

    def _record_end(self, status: str) -> None:
        self.record |= {"status": status, "finished": utc_now()}
        self.run.write_record(self.record)


def _describe_data(preparation: Preparation) -> dict[str, Any]:
    dataset, splits = preparation.dataset, preparation.splits
    return {
        "name": dataset.name,
        "source": dataset.source,
        "fallback_reason": dataset.fallback_reason,
        "sha256": dataset.sha256,
        "num_classes": dataset.num_classes,
        "training_images": len(splits.train),
        "validation_images": len(splits.validation),
        "test_images": len(splits.test),
        "pixel_scale": preparation.scale,
        "pixel_offset": preparation.offset,
    }
