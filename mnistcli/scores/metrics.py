"""What a set of predictions is worth: accuracy, per-class scores and confusions."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.numbers import format_percent

TOP_CONFUSIONS = 10
BINS = 15


@dataclass(frozen=True)
class ClassReport:
    """How well one class is recognised; shares are in [0, 1], 0 where undefined."""

    label: int
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """How often one class was taken for another."""

    true: int
    predicted: int
    count: int


@dataclass(frozen=True)
class Evaluation:
    """The result of one pass over a labelled set.

    `accuracy` is in [0, 1]. `confusion_matrix` has true classes as rows and predicted ones as
    columns. `top_confusions` are its largest counts off the diagonal, most frequent first.
    `expected_calibration_error` is in [0, 1].
    """

    images: int
    loss: float
    accuracy: float
    errors: int
    expected_calibration_error: float
    classes: list[ClassReport]
    confusion_matrix: list[list[int]]
    top_confusions: list[Confusion]

    @property
    def chance_accuracy(self) -> float:
        """What answering each image with the most frequent class would give, in [0, 1]."""
        return max(report.support for report in self.classes) / self.images

    @property
    def is_at_chance(self) -> bool:
        """Whether the accuracy is no more than three standard deviations above chance."""
        chance = self.chance_accuracy
        return self.accuracy <= chance + 3 * math.sqrt(chance * (1 - chance) / self.images)

    @property
    def chance_notice(self) -> str | None:
        """What to say of a network that is no better than always the same answer."""
        if not self.is_at_chance:
            return None
        chance = format_percent(self.chance_accuracy, decimals=2)
        return f"no better than guessing: one answer for all images would be right for {chance}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values; a loss that is not finite becomes None, as JSON has no NaN."""
        document = dataclasses.asdict(self) | {"at_chance": self.is_at_chance}
        if not math.isfinite(self.loss):
            document["loss"] = None
        return document


def evaluate_predictions(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], loss: float
) -> Evaluation:
    """Score predicted probabilities against the true labels.

    Args:
        labels: (N,), in [0, C), N at least 1.
        probabilities: (N, C); the class of the largest one counts as predicted.
        loss: mean loss over the same images, passed through.

    Raises:
        ValueError: the shapes do not belong together, or a label is outside [0, C).
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise ValueError(
            f"expected labels (N,) and probabilities (N, C), got {labels.shape} and "
            f"{probabilities.shape}"
        )
    class_count = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= class_count:
        raise ValueError(
            f"expected labels in 0..{class_count - 1}, got {labels.min()}..{labels.max()}"
        )
    predicted = probabilities.argmax(axis=1)
    matrix = confusion_matrix(labels, predicted, class_count)
    hits, support, claims = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    precision = hits / np.maximum(claims, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + claims, 1)
    images = int(labels.size)
    correct = int(np.trace(matrix))
    return Evaluation(
        images=images,
        loss=float(loss),
        accuracy=correct / images,
        errors=images - correct,
        expected_calibration_error=expected_calibration_error(probabilities, labels),
        classes=[
            ClassReport(i, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i in range(class_count)
        ],
        confusion_matrix=matrix.tolist(),
        top_confusions=_find_top_confusions(matrix),
    )


def confusion_matrix(
    labels: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], num_classes: int
) -> NDArray[np.int64]:
    """Count how often each class is taken for each other.

    Args:
        labels: (N,), the true classes, in [0, C).
        predicted: (N,), in [0, C).

    Returns:
        (C, C), true classes as rows and predicted ones as columns.
    """
    # By hand, since importing scikit-learn for it took 0.9 s of every training.
    pairs = labels.astype(np.int64) * num_classes + predicted
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.astype(np.int64).reshape(num_classes, num_classes)


def _find_top_confusions(matrix: NDArray[np.integer[Any]]) -> list[Confusion]:
    confusions = [
        Confusion(int(true), int(predicted), int(matrix[true, predicted]))
        for true, predicted in np.argwhere(matrix)
        if true != predicted
    ]
    # argwhere goes row by row and sort is stable, so ties stay in the order (true, predicted).
    confusions.sort(key=lambda confusion: -confusion.count)
    return confusions[:TOP_CONFUSIONS]


@dataclass(frozen=True)
class CalibrationBin:
    """The answers whose confidence lies in a range; all in [0, 1] but the number of images.

    `confidence` is their mean, and `accuracy` the share that is right; both 0 without images.
    """

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


def calibration_bins(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> list[CalibrationBin]:
    """Sort answers into 15 bins of equal width by their confidence.

    Args:
        probabilities: (N, C).
        labels: (N,), in [0, C).
    """
    confidence, right, bins = _sort_into_bins(probabilities, labels)
    counts = np.bincount(bins, minlength=BINS)
    confidences = np.bincount(bins, confidence, BINS) / np.maximum(counts, 1)
    accuracies = np.bincount(bins, right, BINS) / np.maximum(counts, 1)
    return [
        CalibrationBin(
            i / BINS, (i + 1) / BINS, int(counts[i]), float(confidences[i]), float(accuracies[i])
        )
        for i in range(BINS)
    ]


def expected_calibration_error(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> float:
    """Return how far confidence and accuracy are apart on the mean, in [0, 1].

    Guo et al. (2017), equation 3, with `calibration_bins`.
    """
    # Not from the means of the bins: `reproduce` compares the last bit with older runs.
    confidence, right, bins = _sort_into_bins(probabilities, labels)
    gaps = np.bincount(bins, confidence - right, BINS)
    return float(np.abs(gaps).sum() / len(labels))


def _sort_into_bins(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the confidence of each answer, whether it is right, and its bin; each (N,)."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return confidence, right, np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
