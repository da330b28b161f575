"""A trained run, measured on labelled images."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts import restore_network
from mnistcli.data import LabelledImages
from mnistcli.engine import EvaluationLoop
from mnistcli.evaluation.evaluate import evaluate_network
from mnistcli.recognition import ComputeOutputs, OutputKind, read_calibration
from mnistcli.runs import RunDirectory
from mnistcli.scores import Evaluation


@dataclass(frozen=True)
class Measurement:
    """How a run's network does on labelled images.

    Attributes:
        loop: with the network.
        temperature: of the run's calibration.
        probabilities: (N, C), calibrated.
    """

    loop: EvaluationLoop
    temperature: float
    evaluation: Evaluation
    probabilities: NDArray[np.floating[Any]]


def evaluate_run(
    run: RunDirectory, images: LabelledImages, checkpoint: Literal["best", "last"] = "best"
) -> Measurement:
    """Restore a run's network from a checkpoint, and measure it.

    Raises:
        RunError: the run has no such checkpoint, or is damaged.
        DataError: the images have a label that the network does not know.
    """
    loop = EvaluationLoop(restore_network(run, checkpoint))
    temperature = read_calibration(run).temperature
    return Measurement(loop, temperature, *evaluate_network(loop, images, temperature))


def open_keras_network(run: RunDirectory) -> tuple[ComputeOutputs, OutputKind]:
    """Return a run's best network as a function by Keras, and the kind of its outputs.

    Raises:
        RunError: the run has no weights, or is damaged.
    """
    network = restore_network(run)
    return EvaluationLoop(network).predict, network.output_kind
