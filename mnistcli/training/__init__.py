"""Training: epochs, early stopping, checkpoints, and the status of the run."""

from mnistcli.data.fit import resolve_data
from mnistcli.training.compiled import CompiledNetworks
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import (
    DryRun,
    Preparation,
    check_trainable,
    prepare,
    try_one_step,
)
from mnistcli.training.reproduce import Difference, Reproduction, reproduce
from mnistcli.training.resume import resume
from mnistcli.training.seeds import train_seed
from mnistcli.training.session import (
    reproduce_run,
    resume_run,
    resume_validation,
    train_config,
    validate_config,
)
from mnistcli.training.train import TrainingResult, train

__all__ = [
    "CompiledNetworks",
    "Difference",
    "DryRun",
    "Preparation",
    "Reproduction",
    "TrainingObserver",
    "TrainingResult",
    "check_trainable",
    "prepare",
    "reproduce",
    "reproduce_run",
    "resolve_data",
    "resume",
    "resume_run",
    "resume_validation",
    "train",
    "train_config",
    "train_seed",
    "try_one_step",
    "validate_config",
]
