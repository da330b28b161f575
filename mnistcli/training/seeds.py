"""The same config with several seeds, a run for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from mnistcli.config import ConfigFile
from mnistcli.data import Dataset
from mnistcli.errors import InterruptedTrainingError, command_line
from mnistcli.runs import SeedsFolder, plan_continuation
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.session import resume_run, train_config
from mnistcli.training.train import TrainingResult


def train_seed(
    folder: SeedsFolder,
    seed: int,
    file: ConfigFile,
    dataset: Dataset,
    observers: Sequence[TrainingObserver] = (),
) -> TrainingResult:
    """Train the run of a seed, or go on with it; it becomes what `--set seed=N` would make.

    Args:
        folder: locked.
        file: the config of all seeds.

    Raises:
        ConfigError, RunError, InterruptedTrainingError: as `train_config` and `resume_run`.
    """
    run = folder.run(seed)
    with _with_advice(folder, seed):
        if run.record.exists():
            return resume_run(run, plan_continuation(run).file, dataset, observers)
        seeded = replace(file, config=file.config.model_copy(update={"seed": seed}))
        return train_config(seeded, dataset, observers, run.path)


@contextmanager
def _with_advice(folder: SeedsFolder, seed: int) -> Iterator[None]:
    """Say, where a training is interrupted, how all of them go on."""
    try:
        yield
    except InterruptedTrainingError as error:
        raise InterruptedTrainingError(
            error.exit_code - 128,
            f"seed {seed}: {error.args[0]}",
            f"go on with: {command_line('train', '--resume', folder.path)}",
        ) from None
