"""The loops inside TensorFlow: chunks of training steps, and passes without training."""

from mnistcli.engine.evaluation import EvaluationLoop
from mnistcli.engine.runtime import Threads, configure_threads, explain_precision
from mnistcli.engine.training import BEFORE_FIRST_STEP, EpochProgress, TrainingLoop

__all__ = [
    "BEFORE_FIRST_STEP",
    "EpochProgress",
    "EvaluationLoop",
    "Threads",
    "TrainingLoop",
    "configure_threads",
    "explain_precision",
]
