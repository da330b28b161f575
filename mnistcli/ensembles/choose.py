"""The choice of an ensemble's members by validation images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST_PROBABILITY = 1e-30  # of a label, so that its logarithm is finite
LOSS_DECIMALS = 9  # equal averages, as of 1:1 and 3:3, differ by rounding


@dataclass(frozen=True)
class Average:
    """An average of networks, and what it is worth.

    Attributes:
        weights: how often each network counts, 0 or more.
        accuracy: on the images that it was measured on, in [0, 1].
        loss: the mean negative log-likelihood there, in nats.
    """

    weights: list[int]
    accuracy: float
    loss: float


def measure_average(
    weights: Sequence[int],
    probabilities: Sequence[NDArray[np.floating[Any]]],
    labels: NDArray[np.integer[Any]],
) -> Average:
    """Measure an average of networks.

    Args:
        weights: one per network, 0 or more, not all 0.
        probabilities: of each network, (N, C).
        labels: (N,).
    """
    average = np.average(probabilities, axis=0, weights=weights)  # (N, C)
    of_label = average[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(of_label, SMALLEST_PROBABILITY)).mean()
    return Average(list(weights), float((average.argmax(axis=1) == labels).mean()), float(loss))


def choose_members(
    probabilities: Sequence[NDArray[np.floating[Any]]], labels: NDArray[np.integer[Any]], most: int
) -> Average:
    """Choose the networks whose average is best, one after the other.

    Each step adds the network that makes the average best, which may be one that is in it already.
    The best average on the way is returned, the shortest of equal ones: greedy selection with
    replacement (Caruana, Niculescu-Mizil, Crew, Ksikes 2004, Ensemble Selection from Libraries of
    Models). Better is a higher accuracy, and of equal ones a lower loss.

    Args:
        probabilities: of each network, (N, C).
        labels: (N,), of images that no network was trained on.
        most: the sum of the weights is at most that.
    """
    weights = [0] * len(probabilities)
    best: Average | None = None
    for _ in range(most):
        candidates = []
        for index in range(len(weights)):
            candidate_weights = [*weights]
            candidate_weights[index] += 1
            candidates.append(measure_average(candidate_weights, probabilities, labels))
        step = max(candidates, key=_rank)
        weights = step.weights
        if best is None or _rank(step) > _rank(best):
            best = step
    if best is None:
        raise ValueError("expected at least one step")
    return best


def _rank(average: Average) -> tuple[float, float]:
    return average.accuracy, -round(average.loss, LOSS_DECIMALS)
