"""What answers to labelled images are worth, and whether a difference is more than chance."""

from mnistcli.scores.metrics import (
    CalibrationBin,
    ClassReport,
    Confusion,
    Evaluation,
    calibration_bins,
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
    share_interval,
)

__all__ = [
    "CONFIDENCE",
    "CalibrationBin",
    "ClassReport",
    "Confusion",
    "Evaluation",
    "Interval",
    "LabelledProbabilities",
    "McNemar",
    "RunPredictions",
    "calibration_bins",
    "compare_answers",
    "confusion_matrix",
    "difference_interval",
    "evaluate_predictions",
    "expected_calibration_error",
    "mean_interval",
    "read_predictions",
    "share_interval",
    "write_predictions",
]
