"""What a trained network is worth, on which images; importing it loads no TensorFlow.

`mnistcli.evaluation.features` looks inside a network, and loads it.
"""

from mnistcli.evaluation.evaluate import Subject, calibrate, evaluate_network, write_evaluation
from mnistcli.evaluation.metrics import ClassReport, Confusion, Evaluation, evaluate_predictions
from mnistcli.evaluation.score import Score, score

__all__ = [
    "ClassReport",
    "Confusion",
    "Evaluation",
    "Score",
    "Subject",
    "calibrate",
    "evaluate_network",
    "evaluate_predictions",
    "score",
    "write_evaluation",
]
