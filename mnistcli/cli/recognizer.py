"""A run's network for commands that only ask it: without TensorFlow where that is possible."""

import numpy as np

from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.errors import RunError
from mnistcli.recognition import (
    NetworkClassifier,
    OutputKind,
    Recognizer,
    find_output_kind,
    load_lite_model,
    read_calibration,
)
from mnistcli.runs import RunDirectory

# Older runs do not record what their networks put out; their outputs for these tell.
PROBES = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)


def open_recognizer(directory: RunDirectory) -> Recognizer:
    """The run's network by LiteRT, or by Keras where there is no file for it."""
    calibration = read_calibration(directory)
    record = directory.read_record()
    recorded = record.get("artifacts", {}).get("model.tflite") or record.get("lite_model")
    recorded = recorded if isinstance(recorded, dict) else {}
    try:
        outputs = load_lite_model(directory.lite_model, recorded.get("sha256"))
        kind = OutputKind(record.get("outputs") or find_output_kind(outputs(PROBES)))
        classifier = NetworkClassifier(outputs, kind, calibration.temperature)
        return Recognizer(classifier, calibration.familiarity)
    except FileNotFoundError:
        problem = recorded.get("problem")
        reason = f"{directory.path} has no {directory.lite_model.name}"
        if problem:
            reason += f": it could not be converted ({problem})"
    except RunError as error:
        reason = error.args[0]
    progress().print(f"{reason}; Keras reads instead", soft_wrap=True)
    with tensorflow_starting():
        from mnistcli.artifacts import restore_network
        from mnistcli.engine import EvaluationLoop
    network = restore_network(directory)
    outputs = EvaluationLoop(network).predict
    classifier = NetworkClassifier(outputs, network.output_kind, calibration.temperature)
    return Recognizer(classifier, calibration.familiarity)
