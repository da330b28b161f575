"""The loops inside TensorFlow: chunks of training steps, and passes without training."""

from mnistcli.engine.evaluation import EvaluationLoop
from mnistcli.engine.memory import check_memory
from mnistcli.engine.runtime import Runtime, explain_precision, start_runtime
from mnistcli.engine.step import ImageStep, LayerStep, Step, UnitStep, WeightStep, take_step
from mnistcli.engine.training import BEFORE_FIRST_STEP, EpochProgress, TrainingLoop

__all__ = [
    "BEFORE_FIRST_STEP",
    "EpochProgress",
    "EvaluationLoop",
    "ImageStep",
    "LayerStep",
    "Runtime",
    "Step",
    "TrainingLoop",
    "UnitStep",
    "WeightStep",
    "check_memory",
    "explain_precision",
    "start_runtime",
    "take_step",
]
