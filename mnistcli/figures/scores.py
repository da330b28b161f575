"""How well each class is told from all others."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, new_figure, plain_axes

LINES = ("-", "--", ":", "-.")


def draw_roc(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], name: str
) -> Figure:
    """Draw each class against the rest: receiver operating characteristic, precision and recall.

    The legend has the area under the first (AUC) and the average precision (AP).

    Args:
        labels: (N,).
        probabilities: (N, C).
    """
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    figure = new_figure(10.5, 9, f"{name}: each class against the rest")
    axes = figure.subplots(2, 2)
    for label in range(probabilities.shape[1]):
        own, scores = labels == label, probabilities[:, label]
        if not 0 < own.sum() < len(own):
            continue
        false, true, _ = roc_curve(own, scores)
        precision, recall, _ = precision_recall_curve(own, scores)
        told = f"{label}: AUC {auc(false, true):.5f}, AP {average_precision_score(own, scores):.5f}"
        style: dict[str, Any] = {
            "color": COLOURS[label % len(COLOURS)],
            "linestyle": LINES[label // 5 % len(LINES)],  # the colours are beside each other
            "linewidth": 1.3,
        }
        for place in axes[0]:
            place.plot(false, true, label=told, **style)
        for place in axes[1]:
            place.plot(recall, precision, **style)
    axes[0, 0].plot([0, 1], [0, 1], color="#999999", linestyle=":", label="by chance: AUC 0.5")
    for place in axes[0]:
        place.set(xlabel="false positive rate", ylabel="true positive rate")
    for place in axes[1]:
        place.set(xlabel="recall", ylabel="precision")
    axes[0, 0].set_title("receiver operating characteristic (ROC)", fontsize=10)
    axes[0, 1].set(xlim=(0, 0.05), ylim=(0.9, 1.002))
    axes[0, 1].set_title("its upper left corner", fontsize=10)
    axes[1, 0].set(xlim=(0, 1.01), ylim=(0, 1.02))
    axes[1, 0].set_title("precision and recall", fontsize=10)
    axes[1, 1].set(xlim=(0.9, 1.002), ylim=(0.9, 1.002))
    axes[1, 1].set_title("its upper right corner", fontsize=10)
    for place in axes.flat:
        plain_axes(place)
    handles, texts = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure
