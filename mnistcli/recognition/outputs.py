"""From what a network puts out to probabilities: the one place where that is done.

A network may end in anything. The answer is always the class of its largest output. How sure
the answer is depends on the kind of the outputs:

- probabilities, which sum to 1, are taken as they are;
- logits and log-probabilities go through a softmax;
- independent shares, as sigmoids give, are divided by their sum;
- scores, of which only the order means something (hinge, tanh, linear with a squared error,
  cosine), go through a softmax.

A temperature that is fitted to the validation images makes the network as sure as it is right
(Guo, Pleiss, Sun, Weinberger 2017, On Calibration of Modern Neural Networks). For the first two
kinds it corrects a little; for the others it gives the outputs their scale.
"""

import math
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A float32 softmax of thousands of classes is off by less.
SUM_TOLERANCE = 1e-3
# What a probability of 0 counts as: a label that the network rules out costs 69 nats, not infinity.
SMALLEST_PROBABILITY = 1e-30
# A validation set without an error would make the confidence infinite.
TEMPERATURES = (0.5, 10.0)
# Scores may be of any size. These are shares of their standard deviation.
SCORE_TEMPERATURES = (1e-2, 1e2)


class OutputKind(StrEnum):
    """What the numbers that a network puts out are."""

    PROBABILITIES = "probabilities"
    INDEPENDENT = "independent"
    LOGITS = "logits"
    SCORES = "scores"


def find_output_kind(outputs: NDArray[np.floating[Any]], from_logits: bool = False) -> OutputKind:
    """Tell from the outputs for some images what they are.

    Args:
        outputs: (N, C).
        from_logits: the network was trained with a loss that takes logits.
    """
    if np.isfinite(outputs).all():
        if outputs.min() >= 0 and outputs.max() <= 1 + SUM_TOLERANCE:
            sums_to_one = np.abs(outputs.sum(axis=1) - 1).max() < SUM_TOLERANCE
            return OutputKind.PROBABILITIES if sums_to_one else OutputKind.INDEPENDENT
        if outputs.max() <= SUM_TOLERANCE:
            sums = np.exp(outputs.astype(np.float64)).sum(axis=1)
            if np.abs(sums - 1).max() < SUM_TOLERANCE:
                return OutputKind.LOGITS
    return OutputKind.LOGITS if from_logits else OutputKind.SCORES


def to_logits(outputs: NDArray[np.floating[Any]], kind: OutputKind) -> NDArray[np.float64]:
    """Return numbers (N, C) whose softmax is the probabilities, up to the temperature.

    Their order is always that of the outputs.
    """
    exact = outputs.astype(np.float64)
    if exact.size and exact.min() < -SUM_TOLERANCE:  # whatever they were taken for
        return exact
    if kind is OutputKind.PROBABILITIES:
        return np.log(np.maximum(exact, SMALLEST_PROBABILITY))
    if kind is OutputKind.INDEPENDENT:
        # All of them may be tiny: their order has to stay.
        return np.log(np.maximum(exact, np.finfo(np.float64).tiny))
    return exact


def to_probabilities(
    outputs: NDArray[np.floating[Any]], kind: OutputKind, temperature: float = 1.0
) -> NDArray[np.float64]:
    """Return probabilities (N, C) of a network's outputs (N, C); the order stays."""
    return softmax(to_logits(outputs, kind) / temperature)


def fit_temperature(
    outputs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]], kind: OutputKind
) -> float:
    """Return the temperature under which the labels are likeliest.

    Args:
        outputs: (N, C), for images that were not trained on.
        labels: (N,).
    """
    if not len(labels):
        return 1.0
    logits = to_logits(outputs, kind)
    of_labels = logits[np.arange(len(labels)), labels]
    has_scale = kind in (OutputKind.PROBABILITIES, OutputKind.LOGITS)
    lowest, highest = TEMPERATURES
    if not has_scale:
        lowest, highest = (share * (logits.std() or 1.0) for share in SCORE_TEMPERATURES)

    def slope(inverse: float) -> float:
        """Return the derivative of the mean negative log-likelihood; it only grows."""
        scaled = softmax(logits * inverse)
        return float(((scaled * logits).sum(axis=1) - of_labels).mean())

    low, high = 1 / highest, 1 / lowest
    for _ in range(40):
        middle = (low + high) / 2 if has_scale else math.sqrt(low * high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float(min(max(2 / (low + high), lowest), highest))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    exponentials: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
