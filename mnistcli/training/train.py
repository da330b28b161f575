"""A run from its first epoch to its last, however it ends."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import dump_config
from mnistcli.errors import InterruptedTrainingError, MnistcliError, RunError, StopSignal
from mnistcli.evaluation import Evaluation
from mnistcli.images import find_framing
from mnistcli.runs import RunDirectory, describe_environment, new_run_directory, utc_now
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation
from mnistcli.training.stopping import StopRequest
from mnistcli.training.trainer import Position, Trainer


@dataclass(frozen=True)
class TrainingResult:
    """A completed run: where it is, and how its best model does on the test set.

    Attributes:
        probabilities: (N, C), what it says of the test images, calibrated.
    """

    run: RunDirectory
    best_epoch: int
    evaluation: Evaluation
    probabilities: NDArray[np.floating[Any]]
    record: dict[str, Any]


def train(
    preparation: Preparation,
    path: Path | None = None,
    observers: Sequence[TrainingObserver] = (),
) -> TrainingResult:
    """Train what was prepared, and write a run directory.

    Args:
        path: the run directory to make; None: one under `runs/` named after the config.
        observers: are told how it goes, in turn; each can end it after an epoch.

    Raises:
        RunError: the run directory exists or cannot be written to, or the loss diverged.
        InterruptedTrainingError: a signal ended it; the run says so.
    """
    config = preparation.file.config
    record = {
        "status": "running",
        "started": utc_now(),
        "finished": None,
        "error": None,
        "dataset": _describe_data(preparation),
        "seed": config.seed,
        "threads": preparation.runtime.threads,
        "device": preparation.runtime.device,
        "kernels": preparation.runtime.kernels,
        "artifacts": {},
        "outputs": preparation.network.output_kind,
        "stop_reason": None,
        "metrics": None,
    } | describe_environment()
    with new_run_directory(config.name, path, datetime.now(), dump_config(config), record) as run:
        return finish(run, preparation, record, observers, Position())


def finish(
    run: RunDirectory,
    preparation: Preparation,
    record: dict[str, Any],
    observers: Sequence[TrainingObserver],
    position: Position,
) -> TrainingResult:
    """Train a run from a position to its end; its lock is held.

    Args:
        record: of run.json, in which the status is kept.

    Raises:
        As `train`.
    """
    stop = StopRequest()
    trainer = Trainer(preparation, run, observers, position, stop)
    with _status_recorded(trainer, record):
        with stop:
            record["stop_reason"] = trainer.train()
            for observer in observers:
                observer.training_finished()
            completion = trainer.complete()
        best, evaluation = trainer.best, completion.evaluation
        record["artifacts"] = completion.artifacts
        chosen_by = {} if best.column == "epoch" else {best.column: best.best}
        record["metrics"] = {
            "best_epoch": best.best_epoch,
            **chosen_by,
            "test_loss": evaluation.loss,
            "test_accuracy": evaluation.accuracy,
            "test_expected_calibration_error": evaluation.expected_calibration_error,
        }
    return TrainingResult(run, best.best_epoch, evaluation, completion.probabilities, record)


@contextmanager
def _status_recorded(trainer: Trainer, record: dict[str, Any]) -> Iterator[None]:
    """Leave the right status in run.json, however the training ends."""
    run = trainer.run

    def record_end(status: str, error: str | None = None) -> None:
        record.update(status=status, finished=utc_now(), error=error)
        run.write_record(record)

    try:
        yield
        record_end("completed")
    except (StopSignal, KeyboardInterrupt) as stop:
        # The second signal may have come between a step and the note of it, and is in a hurry.
        try:
            if not (trainer.is_saved or trainer.stop.is_urgent):
                with suppress(StopSignal, KeyboardInterrupt):
                    trainer.save()
        finally:
            record_end("interrupted")
        raise InterruptedTrainingError(
            stop.signal_number if isinstance(stop, StopSignal) else signal.SIGINT,
            f"interrupted {_describe(trainer)}; the run so far is in {run.path}",
            f"go on with: mnistcli train --resume {run.path}",
        ) from None
    except BaseException as error:
        message = str(error) if isinstance(error, MnistcliError) else repr(error)
        with suppress(RunError):  # what went wrong first is what is worth showing
            record_end("failed", message)
        raise


def _describe(trainer: Trainer) -> str:
    position, steps = trainer.position, trainer.preparation.training.steps_per_epoch
    if position.unfinished.step:
        return f"in epoch {position.epoch + 1} after step {position.unfinished.step:,} of {steps:,}"
    return f"after epoch {position.epoch}" if position.epoch else "before the first step"


def _describe_data(preparation: Preparation) -> dict[str, Any]:
    dataset, splits = preparation.dataset, preparation.splits
    framing = find_framing(dataset.train_images)
    return {
        "name": dataset.name,
        "source": dataset.source,
        "fallback_reason": dataset.fallback_reason,
        "sha256": dataset.sha256,
        "num_classes": dataset.num_classes,
        "framing": framing.kind,
        "dark_background": framing.dark_background,
        "training_images": len(splits.train),
        "validation_images": len(splits.validation),
        "test_images": len(splits.test),
        "pixel_scale": preparation.scale,
        "pixel_offset": preparation.offset,
    }
