"""The answers of trained networks to pictures, without TensorFlow."""

from mnistcli.recognition.calibration import Calibration, read_calibration
from mnistcli.recognition.classifier import Classifier, ComputeOutputs, NetworkClassifier
from mnistcli.recognition.familiarity import Familiarity, choose_described, fit_familiarity
from mnistcli.recognition.lite import load_lite_model, silent_stderr
from mnistcli.recognition.number import Line, NumberReading, read_number
from mnistcli.recognition.opening import (
    OpenNetwork,
    open_lite_recognizer,
    open_recognizer,
    read_framing,
    reader_to_json,
)
from mnistcli.recognition.outputs import (
    OutputKind,
    find_output_kind,
    fit_spread,
    fit_temperature,
    to_probabilities,
)
from mnistcli.recognition.predictions import Prediction, Recognizer
from mnistcli.recognition.several import predict_digits

__all__ = [
    "Calibration",
    "Classifier",
    "ComputeOutputs",
    "Familiarity",
    "Line",
    "NetworkClassifier",
    "NumberReading",
    "OpenNetwork",
    "OutputKind",
    "Prediction",
    "Recognizer",
    "choose_described",
    "find_output_kind",
    "fit_familiarity",
    "fit_spread",
    "fit_temperature",
    "load_lite_model",
    "open_lite_recognizer",
    "open_recognizer",
    "predict_digits",
    "read_calibration",
    "read_framing",
    "read_number",
    "reader_to_json",
    "silent_stderr",
    "to_probabilities",
]
