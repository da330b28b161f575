"""With which config a run goes on, known before TensorFlow is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

from mnistcli.config import ConfigFile, find_training_changes, parse_config
from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory


@dataclass(frozen=True)
class Continuation:
    """How a run goes on.

    Attributes:
        file: the config to train it with.
        is_finished: the run is complete, and that config asks for nothing more.
    """

    file: ConfigFile
    is_finished: bool


def plan_continuation(run: RunDirectory, overrides: Sequence[str] = ()) -> Continuation:
    """Read a run's config.yaml with overrides; both may change what makes no other run of it.

    Raises:
        ConfigError: it is damaged, or an override is wrong.
        RunError: an override, or a hand in config.yaml, makes another run of it.
    """
    record, text = run.read_record(), run.read_config_text()
    trained_text = text if record.config is None else record.config
    trained = parse_config(trained_text, str(run.config)).config
    file = parse_config(text, str(run.config), overrides)
    if changes := find_training_changes(trained, file.config):
        raise RunError(
            f"{run.path} cannot go on with other settings; these would make it another run:",
            *changes,
            "expected no change but of epochs, early_stopping, threads, where the data lies, "
            "and which checkpoints are kept",
            f"start another with: mnistcli train {run.config} --set …",
        )
    epochs_done = max((checkpoint.epoch for checkpoint in run.list_checkpoints()), default=0)
    if file.config.epochs < epochs_done:
        raise RunError(
            f"{run.path} has {epochs_done} epochs behind it already",
            f"expected at least as many, got epochs={file.config.epochs}",
        )
    is_same = trained.model_dump() == file.config.model_dump()
    return Continuation(file, is_finished=is_same and record.status == "completed")
