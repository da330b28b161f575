"""What a trained network is worth, and what it says of images."""

from mnistcli.inference.evaluate import evaluate_network, write_evaluation
from mnistcli.inference.metrics import ClassReport, Confusion, Evaluation, evaluate_predictions
from mnistcli.inference.predictions import Prediction, top_predictions
from mnistcli.inference.restore import check_same_data, restore_network

__all__ = [
    "ClassReport",
    "Confusion",
    "Evaluation",
    "Prediction",
    "check_same_data",
    "evaluate_network",
    "evaluate_predictions",
    "restore_network",
    "top_predictions",
    "write_evaluation",
]
