"""A run's network for predictions, without TensorFlow where that is possible."""

from typing import Any

import numpy as np

from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.errors import RunError
from mnistcli.numbers import format_percent
from mnistcli.recognition import (
    ComputeOutputs,
    NetworkClassifier,
    OutputKind,
    Recognizer,
    find_output_kind,
    load_lite_model,
    read_calibration,
)
from mnistcli.runs import Artifact, RunDirectory, describe_run


def open_recognizer(directory: RunDirectory) -> Recognizer:
    """Open a run's network with LiteRT, or with Keras if its LiteRT file cannot be used.

    Raises:
        RunError: neither works.
    """
    calibration = read_calibration(directory)
    record, path = directory.read_record(), directory.lite_model
    artifact = record.artifacts.get(path.name, Artifact())
    reason = f"{path} is not used: run.json has no SHA-256 of it"
    try:
        if artifact.sha256 is not None:
            compute_outputs = load_lite_model(path, artifact.sha256)
            kind = OutputKind(record.outputs or _probe_output_kind(compute_outputs))
            classifier = NetworkClassifier(compute_outputs, kind, calibration.temperature)
            return Recognizer(classifier, calibration.familiarity, calibration.max_spread)
        if not path.exists():
            raise FileNotFoundError
    except FileNotFoundError:
        reason = f"{directory.path} has no {path.name}"
        if artifact.problem:
            reason += f": it could not be converted ({artifact.problem})"
    except RunError as error:
        reason = error.args[0]
    progress().print(f"{reason}; Keras reads instead", soft_wrap=True)
    with tensorflow_starting():
        from mnistcli.artifacts import restore_network
        from mnistcli.engine import EvaluationLoop
    network = restore_network(directory)
    compute_outputs = EvaluationLoop(network).predict
    classifier = NetworkClassifier(compute_outputs, network.output_kind, calibration.temperature)
    return Recognizer(classifier, calibration.familiarity, calibration.max_spread)


def reader_to_json(directory: RunDirectory) -> dict[str, Any]:
    """Return which run reads, the data that it was trained on, and its accuracy there."""
    record = directory.read_record()
    return {
        "run": describe_run(directory),
        "data": record.dataset.name,
        "test_accuracy": (record.metrics or {}).get("test_accuracy"),
    }


def describe_reader(directory: RunDirectory) -> str:
    """Return a line such as "Read by builtin (mnist, test accuracy 99.62 %)"."""
    reader = reader_to_json(directory)
    accuracy = reader["test_accuracy"]
    known = "" if accuracy is None else f", test accuracy {format_percent(accuracy, decimals=2)}"
    return f"Read by {reader['run']} ({reader['data']}{known})"


def _probe_output_kind(compute_outputs: ComputeOutputs) -> OutputKind:
    """Find the kind of a network's outputs, which older runs do not record, from a few images."""
    probes = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    return find_output_kind(compute_outputs(probes))
