"""A run from its first epoch to its last, however it ends."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnistcli.config import dump_config
from mnistcli.errors import (
    InterruptedTrainingError,
    MnistcliError,
    RunError,
    StopSignal,
    command_line,
)
from mnistcli.images import find_framing
from mnistcli.model import describe_layers
from mnistcli.runs import (
    DatasetRecord,
    ExtraRecord,
    RunDirectory,
    RunRecord,
    describe_environment,
    new_run_directory,
    utc_now,
)
from mnistcli.scores import Evaluation
from mnistcli.training.observer import TrainingObserver, notify_all
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
    record: RunRecord


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
    with _new_run(preparation, path, observers) as (run, record):
        return finish(run, preparation, record, observers, Position())


def train_validated(
    preparation: Preparation,
    path: Path | None = None,
    observers: Sequence[TrainingObserver] = (),
) -> RunRecord:
    """Do what `train` does, but for the test and the files of the model; return the record.

    A run that was trained so can be resumed by `resume`, which makes up for it.

    Raises:
        As `train`.
    """
    with _new_run(preparation, path, observers) as (run, record):
        return finish_validated(run, preparation, record, observers, Position())


@contextmanager
def _new_run(
    preparation: Preparation, path: Path | None, observers: Sequence[TrainingObserver]
) -> Iterator[tuple[RunDirectory, RunRecord]]:
    config, runtime = preparation.file.config, preparation.runtime
    config_text = dump_config(config)
    environment = describe_environment(
        runtime.threads, runtime.device, runtime.kernels, runtime.kernel_threads
    )
    record = RunRecord(
        **msgspec.structs.asdict(environment),
        status="running",
        started=utc_now(),
        seed=config.seed,
        config=config_text,
        dataset=_describe_data(preparation),
        outputs=preparation.network.output_kind.value,
        layers=describe_layers(preparation.network.model),
        parameters=preparation.network.model.count_params(),
    )
    now, notify = datetime.now(), notify_all(observers)
    with new_run_directory(config.name, path, now, config_text, record, notify) as run:
        yield run, record


def finish(
    run: RunDirectory,
    preparation: Preparation,
    record: RunRecord,
    observers: Sequence[TrainingObserver],
    position: Position,
) -> TrainingResult:
    """Train a run from a position to its end; its lock is held.

    Args:
        record: what run.json holds.

    Raises:
        As `train`.
    """
    stop = StopRequest()
    trainer = Trainer(preparation, run, observers, position, stop)
    keeper = _RecordKeeper(run, record)
    with _status_recorded(trainer, keeper):
        with stop:
            stop_reason = _train_epochs(trainer)
            completion = trainer.complete()
        best, evaluation = trainer.best, completion.evaluation
        metrics = {
            **_describe_best(trainer),
            "test_loss": evaluation.loss,
            "test_accuracy": evaluation.accuracy,
            "test_expected_calibration_error": evaluation.expected_calibration_error,
        }
        keeper.update(
            status="completed",
            finished=utc_now(),
            stop_reason=stop_reason,
            metrics=metrics,
            artifacts=completion.artifacts,
        )
    return TrainingResult(run, best.best_epoch, evaluation, completion.probabilities, keeper.record)


def finish_validated(
    run: RunDirectory,
    preparation: Preparation,
    record: RunRecord,
    observers: Sequence[TrainingObserver],
    position: Position,
) -> RunRecord:
    """Do what `finish` does, but for the test and the files of the model; return the record.

    Raises:
        As `train`.
    """
    stop = StopRequest()
    trainer = Trainer(preparation, run, observers, position, stop)
    keeper = _RecordKeeper(run, record)
    with _status_recorded(trainer, keeper):
        with stop:
            stop_reason = _train_epochs(trainer)
        keeper.update(
            status="completed",
            finished=utc_now(),
            stop_reason=stop_reason,
            metrics=_describe_best(trainer),
        )
    return keeper.record


def _train_epochs(trainer: Trainer) -> str | None:
    stop_reason = trainer.train()
    for observer in trainer.observers:
        observer.training_finished()
    return stop_reason


def _describe_best(trainer: Trainer) -> dict[str, float | None]:
    """Return the best epoch, and the metric that it was chosen by."""
    best = trainer.best
    chosen_by = {} if best.column == "epoch" else {best.column: best.best}
    return {"best_epoch": best.best_epoch, **chosen_by}


class _RecordKeeper:
    """Keeps a run's run.json.

    Attributes:
        record: what it holds.
    """

    def __init__(self, run: RunDirectory, record: RunRecord) -> None:
        self.run, self.record = run, record

    def update(self, **changes: Any) -> None:
        """Write run.json with changes of its fields."""
        self.record = msgspec.structs.replace(self.record, **changes)
        self.run.write_record(self.record)


@contextmanager
def _status_recorded(trainer: Trainer, keeper: _RecordKeeper) -> Iterator[None]:
    """Leave the right status in run.json, however the training ends."""
    run = trainer.run
    try:
        yield
    except (StopSignal, KeyboardInterrupt) as stop:
        # The second signal may have come between a step and the note of it, and is in a hurry.
        try:
            if not (trainer.is_saved or trainer.stop.is_urgent):
                with suppress(StopSignal, KeyboardInterrupt):
                    trainer.save()
        finally:
            keeper.update(status="interrupted", finished=utc_now(), error=None)
        raise InterruptedTrainingError(
            stop.signal_number if isinstance(stop, StopSignal) else signal.SIGINT,
            f"interrupted {_describe(trainer)}; the run so far is in {run.path}",
            f"go on with: {command_line('train', '--resume', run.path)}",
        ) from None
    except BaseException as error:
        message = str(error) if isinstance(error, MnistcliError) else repr(error)
        with suppress(RunError):  # what went wrong first is what is worth showing
            keeper.update(status="failed", finished=utc_now(), error=message)
        raise


def _describe(trainer: Trainer) -> str:
    position, steps = trainer.position, trainer.preparation.training.steps_per_epoch
    if position.unfinished.step:
        return f"in epoch {position.epoch + 1} after step {position.unfinished.step:,} of {steps:,}"
    return f"after epoch {position.epoch}" if position.epoch else "before the first step"


def _describe_data(preparation: Preparation) -> DatasetRecord:
    dataset, splits = preparation.dataset, preparation.splits
    framing = find_framing(dataset.train_images)
    extra = [
        ExtraRecord(source=images.source, images=len(images), repeat=each.repeat)
        for images, each in zip(dataset.extra, preparation.file.config.data.extra, strict=True)
    ]
    return DatasetRecord(
        name=dataset.name,
        source=dataset.source,
        fallback_reason=dataset.fallback_reason,
        sha256=dataset.sha256,
        num_classes=dataset.num_classes,
        framing=framing.kind,
        dark_background=framing.dark_background,
        training_images=len(splits.train),
        validation_images=len(splits.validation),
        test_images=len(splits.test),
        pixel_scale=preparation.scale,
        pixel_offset=preparation.offset,
        extra=extra,
    )
