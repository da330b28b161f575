"""The loops inside TensorFlow: chunks of training steps, and passes without training."""

from mnistcli.engine.averaging import averaged_weights, use_averaged_weights
from mnistcli.engine.evaluation import EvaluationLoop
from mnistcli.engine.runtime import Threads, configure_threads, explain_precision
from mnistcli.engine.training import BEFORE_FIRST_STEP, EpochProgress, TrainingLoop

__all__ = [
    "BEFORE_FIRST_STEP",
    "EpochProgress",
    "EvaluationLoop",
    "Threads",
    "TrainingLoop",
    "averaged_weights",
    "configure_threads",
    "explain_precision",
    "use_averaged_weights",
]
