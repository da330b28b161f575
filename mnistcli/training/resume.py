"""Go on with a run that was cut short."""

from mnistcli.errors import RunError
from mnistcli.inference import check_same_data
from mnistcli.runs import RunDirectory
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation
from mnistcli.training.train import Trainer, TrainingResult


def resume(
    run: RunDirectory, preparation: Preparation, observer: TrainingObserver | None = None
) -> TrainingResult:
    """Train the epochs that a run still lacks, from its latest checkpoint.

    Args:
        preparation: of the run's own config.yaml.

    Raises:
        RunError: the run is complete, has no checkpoint, or was trained on other data.
        InterruptedTrainingError: a signal ended it again.
    """
    record = run.read_record()
    if record.get("status") == "completed":
        raise RunError(
            f"{run.path} is complete; there is nothing to resume",
            f"see how it does with: mnistcli evaluate {run.path}",
        )
    checkpoints = run.list_checkpoints()
    if not checkpoints:
        raise RunError(
            f"{run.path} has no checkpoint to go on from",
            f"start again with: mnistcli train {run.config}",
        )
    check_same_data(run, preparation.dataset)
    trainer = Trainer(preparation, run, record, observer or TrainingObserver())
    epochs_done = trainer.restore(checkpoints[-1].path)
    record |= {"status": "running", "finished": None}
    run.write_record(record)
    return trainer.run_to_end(epochs_done)
