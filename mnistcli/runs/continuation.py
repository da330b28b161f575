"""With which config a run goes on, known before TensorFlow is loaded."""

from collections.abc import Sequence

from mnistcli.config import ConfigFile, changes_of_course, load_config
from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory


def load_resumed_config(run: RunDirectory, overrides: Sequence[str] = ()) -> ConfigFile:
    """A run's config.yaml with overrides.

    Raises:
        ConfigError: it is damaged, or an override is wrong.
        RunError: an override makes another run of it.
    """
    before = load_config(run.config).config
    file = load_config(run.config, overrides)
    if changes := changes_of_course(before, file.config):
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
    return file


def is_finished(run: RunDirectory, file: ConfigFile) -> bool:
    """Whether a run is complete, and its config asks for nothing more."""
    same = load_config(run.config).config.model_dump() == file.config.model_dump()
    return same and run.read_record().get("status") == "completed"
