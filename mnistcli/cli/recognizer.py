"""A run's network for predictions, without TensorFlow where that is possible."""

from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.numbers import format_percent
from mnistcli.recognition import (
    ComputeOutputs,
    OutputKind,
    Recognizer,
    reader_to_json,
)
from mnistcli.recognition import open_recognizer as open_with
from mnistcli.runs import RunDirectory


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

    return open_with(directory, open_with_keras)


def describe_reader(directory: RunDirectory) -> str:
    """Return a line such as "Read by builtin (mnist, test accuracy 99.62%)"."""
    reader = reader_to_json(directory)
    accuracy = reader["test_accuracy"]
    known = "" if accuracy is None else f", test accuracy {format_percent(accuracy, decimals=2)}"
    return f"Read by {reader['run']} ({reader['data']}{known})"
