"""What a trained network is worth, and what it says of images."""

from mnistcli.inference.evaluate import calibrate, evaluate_network, write_evaluation
from mnistcli.inference.metrics import ClassReport, Confusion, Evaluation, evaluate_predictions
from mnistcli.inference.restore import check_same_data, restore_network

__all__ = [
    "ClassReport",
    "Confusion",
    "Evaluation",
    "calibrate",
    "check_same_data",
    "evaluate_network",
    "evaluate_predictions",
    "restore_network",
    "write_evaluation",
]
