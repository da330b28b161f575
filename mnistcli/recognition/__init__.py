"""What a trained run says of pictures, without TensorFlow."""

from mnistcli.recognition.calibration import (
    Calibration,
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    read_calibration,
)
from mnistcli.recognition.familiarity import Familiarity, fit_familiarity
from mnistcli.recognition.lite import load_lite_model
from mnistcli.recognition.number import NumberReading, read_number
from mnistcli.recognition.predictions import Prediction, Recognizer

__all__ = [
    "Calibration",
    "Familiarity",
    "NumberReading",
    "Prediction",
    "Recognizer",
    "apply_temperature",
    "expected_calibration_error",
    "fit_familiarity",
    "fit_temperature",
    "load_lite_model",
    "read_calibration",
    "read_number",
]
