"""A run's network, ready to read pictures."""

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from mnistcli.errors import RunError
from mnistcli.images import Framing
from mnistcli.recognition.calibration import read_calibration
from mnistcli.recognition.classifier import ComputeOutputs, NetworkClassifier
from mnistcli.recognition.lite import load_lite_model
from mnistcli.recognition.outputs import OutputKind, find_output_kind
from mnistcli.recognition.predictions import Recognizer
from mnistcli.runs import Artifact, RunDirectory, describe_run

# Takes the reason why LiteRT cannot run the network.
OpenNetwork = Callable[[str], tuple[ComputeOutputs, OutputKind]]


def read_framing(run: RunDirectory) -> Framing:
    """Return the framing of a run's training images."""
    dataset = run.read_record().dataset
    return Framing(dataset.framing, dataset.dark_background)


def open_recognizer(run: RunDirectory, open_otherwise: OpenNetwork) -> Recognizer:
    """Open a run's network with LiteRT, or otherwise if its LiteRT file cannot be used.

    Raises:
        RunError: neither works.
    """
    calibration = read_calibration(run)
    network = _open_lite_model(run)
    if isinstance(network, str):
        network = open_otherwise(network)
    classifier = NetworkClassifier(*network, calibration.temperature)
    return Recognizer(classifier, calibration.familiarity, calibration.max_spread)


def open_lite_recognizer(run: RunDirectory) -> Recognizer:
    """Open a run's network with LiteRT, and nothing else.

    Raises:
        RunError: its LiteRT file is missing, damaged or not its own; the message says which.
    """

    def refuse(reason: str) -> NoReturn:
        advice = "expected a run that LiteRT can read; `mnistcli predict` reads others, with Keras"
        raise RunError(reason, advice)

    return open_recognizer(run, refuse)


def reader_to_json(run: RunDirectory) -> dict[str, Any]:
    """Return which run reads, the data that it was trained on, and its accuracy there."""
    record = run.read_record()
    return {
        "run": describe_run(run),
        "data": record.dataset.name,
        "test_accuracy": (record.metrics or {}).get("test_accuracy"),
    }


def _open_lite_model(run: RunDirectory) -> tuple[ComputeOutputs, OutputKind] | str:
    """Return the network by LiteRT and the kind of its outputs, or why there is none."""
    record, path = run.read_record(), run.lite_model
    artifact = record.artifacts.get(path.name, Artifact())
    try:
        if artifact.sha256 is not None:
            compute_outputs = load_lite_model(path, artifact.sha256)
            return compute_outputs, OutputKind(
                record.outputs or _probe_output_kind(compute_outputs)
            )
        if path.exists():
            return f"{path} is not used: run.json has no SHA-256 of it"
    except FileNotFoundError:
        pass
    except RunError as error:
        return str(error.args[0])
    problem = f": it could not be converted ({artifact.problem})" if artifact.problem else ""
    return f"{run.path} has no {path.name}{problem}"


def _probe_output_kind(compute_outputs: ComputeOutputs) -> OutputKind:
    """Find the kind of a network's outputs, which older runs do not record, from a few images."""
    probes = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    return find_output_kind(compute_outputs(probes))
