"""What a model says about single images."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """The most probable class of one image and the next one; confidences are in [0, 1]."""

    image: str
    digit: int
    confidence: float
    runner_up: int
    runner_up_confidence: float
    probabilities: list[float]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return dataclasses.asdict(self)


def top_predictions(
    names: Sequence[str], probabilities: NDArray[np.floating[Any]]
) -> list[Prediction]:
    """Pick the two most probable classes of each image; of equal ones the lower comes first.

    Args:
        names: what to call the N images.
        probabilities: (N, C), C at least 2.

    Raises:
        ValueError: there is not one row per name.
    """
    predictions = []
    for name, row in zip(names, probabilities, strict=True):
        digit, runner_up = np.argsort(-row, kind="stable")[:2].tolist()
        predictions.append(
            Prediction(
                image=name,
                digit=digit,
                confidence=float(row[digit]),
                runner_up=runner_up,
                runner_up_confidence=float(row[runner_up]),
                probabilities=row.tolist(),
            )
        )
    return predictions
