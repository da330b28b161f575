"""Predictions of images whose folders name their digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnistcli.recognition.predictions import Prediction


@dataclass(frozen=True)
class Score:
    """How many predictions are right.

    Attributes:
        labels: the digit that the folder of each image names.
        accuracy: in [0, 1].
        confusion_matrix: (C, C), true classes as rows and predicted ones as columns.
    """

    labels: dict[str, int]
    accuracy: float
    confusion_matrix: list[list[int]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return {"accuracy": self.accuracy, "confusion_matrix": self.confusion_matrix}


def score(predictions: Sequence[Prediction]) -> Score:
    """Compare each prediction with the name of its image's folder, such as `3/a.png`."""
    labels = {each.image: int(Path(each.image).parent.name) for each in predictions}
    classes = max(len(predictions[0].probabilities), max(labels.values()) + 1)
    matrix = np.zeros((classes, classes), np.int64)
    for each in predictions:
        matrix[labels[each.image], each.digit] += 1
    return Score(labels, float(np.trace(matrix) / len(predictions)), matrix.tolist())
