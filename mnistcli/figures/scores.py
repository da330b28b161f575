"""How well a network separates each class from the others."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, make_figure, simplify_axes

LINE_STYLES = ("-", "--", ":", "-.")


def draw_roc(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], name: str
) -> Figure:
    """Draw the ROC curve and the precision-recall curve of each class against the others.

    The legend has the area under the ROC curve (AUC) and the average precision (AP).

    Args:
        labels: (N,), the true classes.
        probabilities: (N, C).
        name: in the title.
    """
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    figure = make_figure(10.5, 9, f"{name}: each class against the rest")
    panels = figure.subplots(2, 2)
    for label in range(probabilities.shape[1]):
        is_label, scores = labels == label, probabilities[:, label]
        if not 0 < is_label.sum() < len(is_label):
            continue
        false_rate, true_rate, _ = roc_curve(is_label, scores)
        precision, recall, _ = precision_recall_curve(is_label, scores)
        average_precision = average_precision_score(is_label, scores)
        caption = f"{label}: AUC {auc(false_rate, true_rate):.5f}, AP {average_precision:.5f}"
        style: dict[str, Any] = {
            "color": COLOURS[label % len(COLOURS)],
            "linestyle": LINE_STYLES[label // 5 % len(LINE_STYLES)],
            "linewidth": 1.3,
        }
        for axes in panels[0]:
            axes.plot(false_rate, true_rate, label=caption, **style)
        for axes in panels[1]:
            axes.plot(recall, precision, **style)
    panels[0, 0].plot([0, 1], [0, 1], color="#999999", linestyle=":", label="by chance: AUC 0.5")
    for axes in panels[0]:
        axes.set(xlabel="false positive rate", ylabel="true positive rate")
    for axes in panels[1]:
        axes.set(xlabel="recall", ylabel="precision")
    panels[0, 0].set_title("receiver operating characteristic (ROC)", fontsize=10)
    panels[0, 1].set(xlim=(0, 0.05), ylim=(0.9, 1.002))
    panels[0, 1].set_title("its upper left corner", fontsize=10)
    panels[1, 0].set(xlim=(0, 1.01), ylim=(0, 1.02))
    panels[1, 0].set_title("precision and recall", fontsize=10)
    panels[1, 1].set(xlim=(0.9, 1.002), ylim=(0.9, 1.002))
    panels[1, 1].set_title("its upper right corner", fontsize=10)
    for axes in panels.flat:
        simplify_axes(axes)
    handles, captions = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, captions, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure
