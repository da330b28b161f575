"""A run's network for predictions, without TensorFlow where that is possible."""

from typing import Any

from mnistcli import recognition
from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.numbers import format_percent
from mnistcli.recognition import ComputeOutputs, OutputKind, Recognizer
from mnistcli.runs import RunDirectory, describe_run


def open_recognizer(directory: RunDirectory) -> Recognizer:
    """Open a run's network with LiteRT, or with Keras if its LiteRT file cannot be used.

    Raises:
        RunError: neither works.
    """

    def open_with_keras(reason: str) -> tuple[ComputeOutputs, OutputKind]:
        progress().print(f"{reason}; Keras reads instead", soft_wrap=True)
        with tensorflow_starting():
            from mnistcli.evaluation.run import open_keras_network
        return open_keras_network(directory)

    return recognition.open_recognizer(directory, open_with_keras)


def reader_to_json(directory: RunDirectory) -> dict[str, Any]:
    """Return which run reads, the data that it was trained on, and its accuracy there."""
    record = directory.read_record()
    return {
        "run": describe_run(directory),
        "data": record.dataset.name,
        "test_accuracy": (record.metrics or {}).get("test_accuracy"),
    }


def describe_reader(directory: RunDirectory) -> str:
    """Return a line such as "Read by builtin (mnist, test accuracy 99.62%)"."""
    reader = reader_to_json(directory)
    accuracy = reader["test_accuracy"]
    known = "" if accuracy is None else f", test accuracy {format_percent(accuracy, decimals=2)}"
    return f"Read by {reader['run']} ({reader['data']}{known})"
