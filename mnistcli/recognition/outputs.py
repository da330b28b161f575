"""A network's outputs, turned into probabilities.

A network may end in any layer. Its answer is always the class of its largest output. The
probabilities depend on the kind of the outputs:

- probabilities, which sum to 1, stay as they are;
- logits and log-probabilities go through a softmax;
- independent probabilities, such as those of sigmoids, are divided by their sum;
- scores, of which only the order has a meaning (hinge, tanh, linear with a squared error,
  cosine), go through a softmax.

A temperature, fitted to the validation images, brings the confidence close to the accuracy (Guo,
Pleiss, Sun, Weinberger 2017, On Calibration of Modern Neural Networks). For the first two kinds it
is a small correction; for the other two it gives the outputs a scale.
"""

import math
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The sum of a float32 softmax of thousands of classes is closer to 1 than this.
SUM_TOLERANCE = 1e-3
# A probability of 0 counts as this, so a label that the network rules out costs 69 nats, not
# infinity.
SMALLEST_PROBABILITY = 1e-30
# These bounds keep the confidence finite for a validation set without an error.
TEMPERATURES = (0.5, 10.0)
# A digit's spread is at most what this share of the validation images has, or the least limit.
FAMILIAR_SHARE = 0.995
MIN_MAX_SPREAD = 0.05
# Scores may have any scale, so their bounds are relative to their standard deviation.
SCORE_TEMPERATURES = (1e-2, 1e2)


class OutputKind(StrEnum):
    """The kind of a network's outputs."""

    PROBABILITIES = "probabilities"
    INDEPENDENT = "independent"
    LOGITS = "logits"
    SCORES = "scores"


def find_output_kind(outputs: NDArray[np.floating[Any]], from_logits: bool = False) -> OutputKind:
    """Find the kind of a network's outputs from those for a few images.

    Args:
        outputs: (N, C).
        from_logits: whether the network's loss takes logits.
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
    """Return numbers (N, C) whose softmax, at a temperature of 1, is the probabilities.

    The order is always that of the outputs.
    """
    values = outputs.astype(np.float64)
    if values.size and values.min() < -SUM_TOLERANCE:  # scores, whatever they were taken for
        return values
    if kind is OutputKind.PROBABILITIES:
        return np.log(np.maximum(values, SMALLEST_PROBABILITY))
    if kind is OutputKind.INDEPENDENT:
        # All outputs may be tiny, and their order has to stay.
        return np.log(np.maximum(values, np.finfo(np.float64).tiny))
    return values


def to_probabilities(
    outputs: NDArray[np.floating[Any]], kind: OutputKind, temperature: float = 1.0
) -> NDArray[np.float64]:
    """Return the probabilities (N, C) of outputs (N, C), in the same order in each row."""
    return softmax(to_logits(outputs, kind) / temperature)


def fit_temperature(
    outputs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]], kind: OutputKind
) -> float:
    """Return the temperature that maximizes the likelihood of the labels.

    Args:
        outputs: (N, C), for images that the network was not trained on.
        labels: (N,).
        kind: the kind of the outputs.
    """
    if not len(labels):
        return 1.0
    logits = to_logits(outputs, kind)
    label_logits = logits[np.arange(len(labels)), labels]
    has_scale = kind in (OutputKind.PROBABILITIES, OutputKind.LOGITS)
    lowest, highest = TEMPERATURES
    if not has_scale:
        lowest, highest = (share * (logits.std() or 1.0) for share in SCORE_TEMPERATURES)

    def slope(inverse: float) -> float:
        """Return the derivative of the mean negative log-likelihood, which is increasing."""
        probabilities = softmax(logits * inverse)
        return float(((probabilities * logits).sum(axis=1) - label_logits).mean())

    low, high = 1 / highest, 1 / lowest
    for _ in range(40):
        middle = (low + high) / 2 if has_scale else math.sqrt(low * high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float(min(max(2 / (low + high), lowest), highest))


def measure_spread(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the share of each row (N, C) beyond its two largest probabilities, (N,) in [0, 1].

    A digit that is hard to tell from another has two large ones. What is no digit has many, above
    all where the network was trained to give it all of them (`RandomDrawings`).
    """
    return np.maximum(0, 1 - np.sort(probabilities, axis=1)[:, -2:].sum(axis=1))


def fit_spread(outputs: NDArray[np.floating[Any]], kind: OutputKind, temperature: float) -> float:
    """Return the spread that hardly any of the images with these outputs (N, C) exceeds."""
    spread = measure_spread(to_probabilities(outputs, kind, temperature))
    return float(np.clip(np.quantile(spread, FAMILIAR_SHARE), MIN_MAX_SPREAD, 1))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    exponentials: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
