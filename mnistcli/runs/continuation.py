"""The config with which a run goes on, checked before TensorFlow is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory, parse_run_config

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile


@dataclass(frozen=True)
class Continuation:
    """How a run goes on.

    Attributes:
        file: the config to train with.
        is_finished: the run is completed, and the config changes nothing.
    """

    file: "ConfigFile"
    is_finished: bool


def plan_continuation(run: RunDirectory, overrides: Sequence[str] = ()) -> Continuation:
    """Read a run's config.yaml with overrides, and check that it still describes the same run.

    Raises:
        ConfigError: config.yaml is damaged, or an override is wrong.
        RunError: an override, or an edit of config.yaml, would make another run of it.
    """
    from mnistcli.config import find_training_changes

    record, text = run.read_record(), run.read_config_text()
    recorded_text = text if record.config is None else record.config
    recorded_config = parse_run_config(recorded_text, str(run.config)).config
    file = parse_run_config(text, str(run.config), overrides)
    if changes := find_training_changes(recorded_config, file.config):
        raise RunError(
            f"{run.path} cannot go on with other settings; these would make it another run:",
            *changes,
            "expected changes only of epochs, early_stopping, threads, the path of the data, "
            "and which checkpoints are kept",
            f"start another with: mnistcli train {run.config} --set …",
        )
    last_epoch = max((checkpoint.epoch for checkpoint in run.list_checkpoints()), default=0)
    if file.config.epochs < last_epoch:
        raise RunError(
            f"{run.path} has {last_epoch} epochs behind it already",
            f"expected at least as many, got epochs={file.config.epochs}",
        )
    is_same = recorded_config.model_dump() == file.config.model_dump()
    return Continuation(file, is_finished=is_same and record.status == "completed")
