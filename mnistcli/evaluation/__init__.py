"""What a trained network is worth, on which images; importing it loads no TensorFlow.

`mnistcli.evaluation.run`, which restores a run's network, and `mnistcli.evaluation.features`, which
looks inside one, load it.
"""

from mnistcli.evaluation.evaluate import (
    Split,
    Subject,
    calibrate,
    evaluate_network,
    keep_predictions,
    keep_samples,
    select_images,
    write_evaluation,
)
from mnistcli.evaluation.score import Score, score

__all__ = [
    "Score",
    "Split",
    "Subject",
    "calibrate",
    "evaluate_network",
    "keep_predictions",
    "keep_samples",
    "score",
    "select_images",
    "write_evaluation",
]
