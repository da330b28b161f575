"""A run's network for predictions, without TensorFlow where that is possible."""

from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.errors import RunError
from mnistcli.numbers import format_percent
from mnistcli.recognition import (
    NetworkClassifier,
    Recognizer,
    open_lite_recognizer,
    read_calibration,
    reader_to_json,
)
from mnistcli.runs import RunDirectory


def open_recognizer(directory: RunDirectory) -> Recognizer:
    """Open a run's network with LiteRT, or with Keras if its LiteRT file cannot be used.

    Raises:
        RunError: neither works.
    """
    calibration = read_calibration(directory)
    directory.read_record()  # its errors are not LiteRT's
    try:
        return open_lite_recognizer(directory, calibration)
    except RunError as error:
        progress().print(f"{error.args[0]}; Keras reads instead", soft_wrap=True)
    with tensorflow_starting():
        from mnistcli.artifacts import restore_network
        from mnistcli.engine import EvaluationLoop
    network = restore_network(directory)
    compute_outputs = EvaluationLoop(network).predict
    classifier = NetworkClassifier(compute_outputs, network.output_kind, calibration.temperature)
    return Recognizer(classifier, calibration.familiarity, calibration.max_spread)


def describe_reader(directory: RunDirectory) -> str:
    """Return a line such as "Read by builtin (mnist, test accuracy 99.62 %)"."""
    reader = reader_to_json(directory)
    accuracy = reader["test_accuracy"]
    known = "" if accuracy is None else f", test accuracy {format_percent(accuracy, decimals=2)}"
    return f"Read by {reader['run']} ({reader['data']}{known})"
