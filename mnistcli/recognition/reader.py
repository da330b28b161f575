"""The run that reads pictures: its network by LiteRT, its framing, and what is said of it."""

from typing import Any

import numpy as np

from mnistcli.errors import RunError
from mnistcli.images import Framing
from mnistcli.recognition.calibration import Calibration
from mnistcli.recognition.classifier import ComputeOutputs, NetworkClassifier
from mnistcli.recognition.lite import load_lite_model
from mnistcli.recognition.outputs import OutputKind, find_output_kind
from mnistcli.recognition.predictions import Recognizer
from mnistcli.runs import Artifact, RunDirectory, describe_run

_ADVICE = "expected a run that LiteRT can read; `mnistcli predict` reads others, with Keras"


def read_framing(directory: RunDirectory) -> Framing:
    """Return the framing of a run's training images."""
    dataset = directory.read_record().dataset
    return Framing(dataset.framing, dataset.dark_background)


def open_lite_recognizer(directory: RunDirectory, calibration: Calibration) -> Recognizer:
    """Open a run's network with LiteRT.

    Args:
        directory: the run.
        calibration: as `read_calibration` returns it.

    Raises:
        RunError: its LiteRT file is missing, damaged or not its own; the message says which.
    """
    record, path = directory.read_record(), directory.lite_model
    artifact = record.artifacts.get(path.name, Artifact())
    try:
        if artifact.sha256 is None:
            if not path.exists():
                raise FileNotFoundError
            raise RunError(f"{path} is not used: run.json has no SHA-256 of it", _ADVICE)
        compute_outputs = load_lite_model(path, artifact.sha256)
    except FileNotFoundError:
        reason = f"{directory.path} has no {path.name}"
        if artifact.problem:
            reason += f": it could not be converted ({artifact.problem})"
        raise RunError(reason, _ADVICE) from None
    kind = OutputKind(record.outputs or _probe_output_kind(compute_outputs))
    classifier = NetworkClassifier(compute_outputs, kind, calibration.temperature)
    return Recognizer(classifier, calibration.familiarity, calibration.max_spread)


def reader_to_json(directory: RunDirectory) -> dict[str, Any]:
    """Return which run reads, the data that it was trained on, and its accuracy there."""
    record = directory.read_record()
    return {
        "run": describe_run(directory),
        "data": record.dataset.name,
        "test_accuracy": (record.metrics or {}).get("test_accuracy"),
    }


def _probe_output_kind(compute_outputs: ComputeOutputs) -> OutputKind:
    """Find the kind of a network's outputs, which older runs do not record, from a few images."""
    probes = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    return find_output_kind(compute_outputs(probes))
