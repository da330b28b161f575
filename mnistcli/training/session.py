"""From a config and its data to a completed run: what every command that trains does."""

from collections.abc import Sequence
from pathlib import Path

from mnistcli.config import ConfigFile
from mnistcli.data import Dataset
from mnistcli.runs import RunDirectory, RunRecord
from mnistcli.training.compiled import CompiledNetworks
from mnistcli.training.observer import TrainingObserver, notify_all
from mnistcli.training.preparation import Preparation, prepare
from mnistcli.training.reproduce import Reproduction, reproduce
from mnistcli.training.resume import resume, resume_validated
from mnistcli.training.train import TrainingResult, train, train_validated


def train_config(
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver] = (),
    path: Path | None = None,
) -> TrainingResult:
    """Build what a config describes, and train it into a new run directory.

    Args:
        path: the run directory to make; None: one under `runs/` named after the config.

    Raises:
        ConfigError: the config does not fit the data, or Keras refuses a part of it.
        RunError, InterruptedTrainingError: as `train`.
    """
    return train(_prepare(file, dataset, observers), path, observers)


def resume_run(
    run: RunDirectory,
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver] = (),
) -> TrainingResult:
    """Build the network of a run, and train the epochs that the run lacks.

    Args:
        file: of `plan_continuation`.

    Raises:
        ConfigError, RunError, InterruptedTrainingError: as `train_config` and `resume`.
    """
    return resume(run, _prepare(file, dataset, observers, run.read_record()), observers)


def validate_config(
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver] = (),
    path: Path | None = None,
    compiled: CompiledNetworks | None = None,
) -> RunRecord:
    """Do what `train_config` does, but for the test and the files of the model.

    Args:
        compiled: networks to train in place of that of the config, where one is like it.

    Raises:
        As `train_config`.
    """
    return train_validated(_prepare(file, dataset, observers, compiled=compiled), path, observers)


def resume_validation(
    run: RunDirectory,
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver] = (),
    compiled: CompiledNetworks | None = None,
) -> RunRecord:
    """Go on with a run of `validate_config`.

    Raises:
        As `resume_run`.
    """
    preparation = _prepare(file, dataset, observers, run.read_record(), compiled)
    return resume_validated(run, preparation, observers)


def reproduce_run(
    run: RunDirectory, dataset: Dataset, observers: Sequence[TrainingObserver] = ()
) -> Reproduction:
    """Train a run again and compare it with what it recorded.

    Raises:
        ConfigError, RunError, InterruptedTrainingError: as `train_config` and `reproduce`.
    """
    preparation = _prepare(run.read_config(), dataset, observers, run.read_record())
    return reproduce(run, preparation, observers)


def _prepare(
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver],
    record: RunRecord | None = None,
    compiled: CompiledNetworks | None = None,
) -> Preparation:
    preparation = prepare(file, dataset, record)
    if compiled is not None:
        preparation = compiled.reuse(preparation)
    for observer in observers:
        observer.prepared(preparation)
    notify = notify_all(observers)
    for notice in _describe_validation(preparation.file):
        notify(notice)
    return preparation


def _describe_validation(file: ConfigFile) -> list[str]:
    """Return what to know of a run that has no images of its own to choose an epoch by."""
    validation = file.config.data.validation
    if validation == "test":
        return [
            "validation is 'test': the best epoch is chosen by the test images, so the test "
            "accuracy is better than that of new images"
        ]
    if validation == 0:
        return ["validation is 0: nothing chooses between epochs, so the best epoch is the last"]
    return []
