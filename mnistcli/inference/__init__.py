"""What a trained network is worth, and what it says of images."""

from mnistcli.inference.evaluate import calibrate, evaluate_network, write_evaluation
from mnistcli.inference.features import Features, Filters, first_filters, layer_features
from mnistcli.inference.metrics import ClassReport, Confusion, Evaluation, evaluate_predictions
from mnistcli.inference.restore import restore_network

__all__ = [
    "ClassReport",
    "Confusion",
    "Evaluation",
    "Features",
    "Filters",
    "calibrate",
    "evaluate_network",
    "evaluate_predictions",
    "first_filters",
    "layer_features",
    "restore_network",
    "write_evaluation",
]
