"""A run's network for commands that only ask it: without TensorFlow where that is possible."""

from mnistcli.cli.console import progress, tensorflow_starting
from mnistcli.errors import RunError
from mnistcli.recognition import Recognizer, load_lite_model, read_calibration
from mnistcli.runs import RunDirectory


def open_recognizer(directory: RunDirectory) -> Recognizer:
    """The run's network by LiteRT, or by Keras where there is no file for it."""
    calibration = read_calibration(directory)
    recorded = directory.read_record().get("lite_model")
    recorded = recorded if isinstance(recorded, dict) else {}
    try:
        lite_model = load_lite_model(directory.lite_model, recorded.get("sha256"))
        return Recognizer(lite_model, calibration)
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
    return Recognizer(EvaluationLoop(restore_network(directory)).predict, calibration)
