"""What answers to labelled images are worth, and whether a difference is more than chance."""

from mnistcli.scores.metrics import (
    ClassReport,
    Confusion,
    Evaluation,
    confusion_matrix,
    evaluate_predictions,
    expected_calibration_error,
)
from mnistcli.scores.predictions import (
    LabelledProbabilities,
    RunPredictions,
    read_predictions,
    write_predictions,
)
from mnistcli.scores.significance import (
    CONFIDENCE,
    Interval,
    McNemar,
    compare_answers,
    difference_interval,
    mean_interval,
)

__all__ = [
    "CONFIDENCE",
    "ClassReport",
    "Confusion",
    "Evaluation",
    "Interval",
    "LabelledProbabilities",
    "McNemar",
    "RunPredictions",
    "compare_answers",
    "confusion_matrix",
    "difference_interval",
    "evaluate_predictions",
    "expected_calibration_error",
    "mean_interval",
    "read_predictions",
    "write_predictions",
]
