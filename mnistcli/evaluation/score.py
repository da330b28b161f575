"""Predictions of images whose labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnistcli.errors import DataError
from mnistcli.recognition import Prediction
from mnistcli.scores import confusion_matrix


@dataclass(frozen=True)
class Score:
    """How many predictions are right.

    Attributes:
        count: the number of predictions.
        accuracy: in [0, 1].
        confusion_matrix: (C, C), true classes as rows and predicted ones as columns.
    """

    count: int
    accuracy: float
    confusion_matrix: list[list[int]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return {"accuracy": self.accuracy, "confusion_matrix": self.confusion_matrix}


def score(predictions: Sequence[Prediction]) -> Score:
    """Compare predictions, at least one, with their labels.

    Raises:
        DataError: an image has a label that the network does not know.
    """
    num_classes = len(predictions[0].probabilities)
    labels = [-1 if each.label is None else each.label for each in predictions]
    highest = int(np.argmax(labels))
    if labels[highest] >= num_classes:
        raise DataError(
            f"{predictions[highest].image} has the label {labels[highest]}",
            f"expected labels from 0 to {num_classes - 1}: the run knows {num_classes} classes",
        )
    predicted = np.array([each.digit for each in predictions])
    matrix = confusion_matrix(np.array(labels), predicted, num_classes)
    return Score(len(predictions), float(np.trace(matrix) / len(predictions)), matrix.tolist())
