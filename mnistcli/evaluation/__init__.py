"""What a trained network is worth, on which images; importing it loads no TensorFlow.

`mnistcli.evaluation.features` looks inside a network, and loads it.
"""

from mnistcli.evaluation.evaluate import (
    Subject,
    calibrate,
    evaluate_network,
    keep_predictions,
    keep_samples,
    write_evaluation,
)
from mnistcli.evaluation.score import Score, score

__all__ = [
    "Score",
    "Subject",
    "calibrate",
    "evaluate_network",
    "keep_predictions",
    "keep_samples",
    "score",
    "write_evaluation",
]
