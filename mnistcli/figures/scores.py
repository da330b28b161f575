"""How well a network separates each class from the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import make_figure, simplify_axes, styled, theme

LINE_STYLES = ("-", "--", ":", "-.")
# Of the axes from the corner where all is right.
RANGES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
RANGE_PER_ERROR = 4  # a curve whose knee is at 0.01 is seen within 0.04


@dataclass(frozen=True)
class ClassCurves:
    """How well one class is told from the others.

    Attributes:
        label: the class.
        area: under the ROC curve, in [0, 1].
        average_precision: in [0, 1].
        roc: the false positive rates, and the true positive rates.
        precision: the recalls, and the precisions.
    """

    label: int
    area: float
    average_precision: float
    roc: tuple[NDArray[np.float64], NDArray[np.float64]]
    precision: tuple[NDArray[np.float64], NDArray[np.float64]]


@styled
def draw_roc(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], name: str
) -> Figure:
    """Draw the ROC curve and the precision-recall curve of each class against the others.

    Only the corner in which the curves bend is drawn. The legend has the area under the ROC curve
    (AUC) and the average precision (AP).

    Args:
        labels: (N,), the true classes.
        probabilities: (N, C).
        name: in the title.
    """
    curves = measure_classes(labels, probabilities)
    height = 5 + 0.2 * -(-len(curves) // 3)
    figure = make_figure(9, height, f"{name}: each class against the rest")
    panels = figure.subplots(1, 2)
    for place, curve in enumerate(curves):
        style: dict[str, Any] = {
            "color": theme().colours[place % len(theme().colours)],
            "linestyle": LINE_STYLES[place // 5 % len(LINE_STYLES)],
            "linewidth": 1.4,
        }
        caption = f"{curve.label}: AUC {curve.area:.5f}, AP {curve.average_precision:.5f}"
        panels[0].plot(*curve.roc, label=caption, **style)
        panels[1].plot(*curve.precision, **style)
    roc_range = _choose_range([np.maximum(curve.roc[0], 1 - curve.roc[1]) for curve in curves])
    panels[0].set(xlim=(0, roc_range), ylim=(1 - roc_range, 1 + 0.02 * roc_range))
    panels[0].set(xlabel="false positive rate", ylabel="true positive rate")
    panels[0].set_title(_name_corner("ROC", "upper left", roc_range))
    range_ = _choose_range([1 - np.minimum(*curve.precision) for curve in curves])
    panels[1].set(xlim=(1 - range_, 1 + 0.02 * range_), ylim=(1 - range_, 1 + 0.02 * range_))
    panels[1].set(xlabel="recall", ylabel="precision")
    panels[1].set_title(_name_corner("precision and recall", "upper right", range_))
    for axes in panels:
        simplify_axes(axes)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def measure_classes(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]]
) -> list[ClassCurves]:
    """Return the curves of each class that has images, from (N,) labels and (N, C)."""
    return [
        _measure(label, labels == label, probabilities[:, label])
        for label in range(probabilities.shape[1])
        if 0 < (labels == label).sum() < len(labels)
    ]


def _measure(label: int, is_label: NDArray[np.bool_], scores: NDArray[Any]) -> ClassCurves:
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    false_rate, true_rate, _ = roc_curve(is_label, scores)
    precision, recall, _ = precision_recall_curve(is_label, scores)
    average_precision = float(average_precision_score(is_label, scores))
    area = float(auc(false_rate, true_rate))
    return ClassCurves(label, area, average_precision, (false_rate, true_rate), (recall, precision))


def _choose_range(distances: Sequence[NDArray[Any]]) -> float:
    """Return the side of the corner in which all curves bend.

    Args:
        distances: for each curve, how far its points are from the corner.
    """
    knee = max((float(distance.min()) for distance in distances), default=0)
    return next((size for size in RANGES if size >= RANGE_PER_ERROR * knee), 1)


def _name_corner(title: str, corner: str, range_: float) -> str:
    return title if range_ == 1 else f"{title}, its {corner} corner"
