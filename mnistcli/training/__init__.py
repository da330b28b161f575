"""Training: epochs, early stopping, checkpoints, and the status of the run."""

from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import DryRun, Preparation, prepare, try_one_step
from mnistcli.training.resume import resume
from mnistcli.training.train import TrainingResult, train

__all__ = [
    "DryRun",
    "Preparation",
    "TrainingObserver",
    "TrainingResult",
    "prepare",
    "resume",
    "train",
    "try_one_step",
]
