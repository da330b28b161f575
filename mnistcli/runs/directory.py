"""The files of a run directory, such as `runs/lenet5-20261121-101500/`."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mnistcli.errors import RunError, command_line
from mnistcli.runs.files import append_whole, dump_json, remove_file, write_whole
from mnistcli.runs.metrics import parse_metrics
from mnistcli.runs.reading import read_file
from mnistcli.runs.record import FORMAT, NewerFormatError, RunRecord

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile

# 10,000 epochs of metrics take 4 MB. A stranger's file must not fill the memory.
MAXIMUM_BYTES = 64 * 1024**2
MAXIMUM_CONFIG_BYTES = 1024**2
_CHECKPOINT = re.compile(r"epoch-(\d{4,9})(?:-step-(\d{6,12}))?\.npz")


class DatasetContents(Protocol):
    """The checksums by which data sets are compared, and a name for people."""

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each of the four arrays, and of those to train on as well."""
        ...

    @property
    def source(self) -> str:
        """The path or URL of the arrays."""
        ...


@dataclass(frozen=True, order=True)
class CheckpointFile:
    """A checkpoint on disk, after `epoch` whole epochs and `step` steps of the next."""

    epoch: int
    step: int
    path: Path


@dataclass(frozen=True)
class RunDirectory:
    """A run on disk.

    Its files can be read after a kill at any moment: a file may be missing, and the last line
    of metrics.jsonl may be incomplete.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of its folder, even if `path` is `.`."""
        return self.path.resolve().name

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.yaml"

    @property
    def model(self) -> Path:
        """The best model, in Keras' own format."""
        return self.path / "model.keras"

    @property
    def lite_model(self) -> Path:
        """The best model for LiteRT, which puts out what `model` does."""
        return self.path / "model.tflite"

    @property
    def calibration(self) -> Path:
        """The calibration of the best model, so that its confidence can be believed."""
        return self.path / "calibration.npz"

    @property
    def predictions(self) -> Path:
        """What the best model says of the validation and test images."""
        return self.path / "predictions.npz"

    @property
    def samples(self) -> Path:
        """Some of the training images of each class, as they are and augmented."""
        return self.path / "samples.npz"

    @property
    def evaluation(self) -> Path:
        """The latest evaluation."""
        return self.path / "evaluation.json"

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.path / "figures"

    @property
    def exports(self) -> Path:
        """The folder of what `mnistcli export` made."""
        return self.path / "exports"

    @property
    def metrics(self) -> Path:
        """A row of JSON for each epoch."""
        return self.path / "metrics.jsonl"

    @property
    def record(self) -> Path:
        """The `RunRecord` of the run."""
        return self.path / "run.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def best_checkpoint(self) -> Path:
        """The checkpoint of the best epoch so far."""
        return self.checkpoints / "best.npz"

    def checkpoint(self, epoch: int, step: int = 0) -> Path:
        """Return the path of the checkpoint after `epoch` epochs and `step` steps of the next."""
        suffix = f"-step-{step:06d}" if step else ""
        return self.checkpoints / f"epoch-{epoch:04d}{suffix}.npz"

    def list_checkpoints(self) -> list[CheckpointFile]:
        """Return the checkpoints, except the best one, oldest first."""
        return sorted(
            CheckpointFile(int(match[1]), int(match[2] or 0), path)
            for path in self.checkpoints.glob("epoch-*.npz")
            if (match := _CHECKPOINT.fullmatch(path.name))
        )

    def remove_old_checkpoints(self, keep: int) -> None:
        """Remove all checkpoints but those of the last `keep` whole epochs and the newest one."""
        checkpoints = self.list_checkpoints()
        epoch_checkpoints = [checkpoint for checkpoint in checkpoints if checkpoint.step == 0]
        recent_checkpoints = {*epoch_checkpoints[-keep:], *checkpoints[-1:]}
        for checkpoint in checkpoints:
            if checkpoint not in recent_checkpoints:
                remove_file(checkpoint.path)

    def write_record(self, record: RunRecord) -> None:
        """Replace run.json."""
        write_whole(self.record, dump_json(record.to_json(), indent=2))

    def read_record(self) -> RunRecord:
        """Return the contents of run.json.

        Raises:
            RunError: run.json is missing, damaged, or of a later version.
        """
        try:
            return RunRecord.from_json(read_file(self.record, MAXIMUM_BYTES))
        except FileNotFoundError:
            raise RunError(
                f"{self.path} is not a run directory: it has no run.json",
                "expected a folder that `mnistcli train` made",
            ) from None
        except NewerFormatError:
            raise RunError(
                f"{self.record} is of a later version of mnistcli",
                f"expected format {FORMAT} or older; update mnistcli, or train the config again: "
                f"mnistcli train {self.config}",
            ) from None
        except ValueError as error:
            raise RunError(f"{self.record} is damaged: {error}") from None

    def require_training(self) -> None:
        """Raise `RunError` if the run is an ensemble, which has no epochs."""
        members = self.read_record().members
        if members:
            raise RunError(
                f"{self.path} is an ensemble: it averages other runs, and has no training of its "
                "own",
                f"train a member, such as {members[0].run}, or {self.advise_completion()}",
            )

    def advise_completion(self) -> str:
        """Return the advice for a run that was cut short: to resume it, or to average again."""
        if members := self.read_record().members:
            paths = [member.run for member in members for _ in range(member.weight)]
            # os.path, since Path.exists raises for a name that is too long or not permitted.
            lost = next(
                (f", when {path} is back" for path in paths if not os.path.lexists(path)), ""
            )
            return f"average again{lost}: {command_line('ensemble', *paths)}"
        return f"go on with: {command_line('train', '--resume', self.path)}"

    def read_config(self) -> "ConfigFile":
        """Return config.yaml, after a check that its settings are those of the training.

        Raises:
            ConfigError: config.yaml is damaged.
            RunError: it is missing, or a setting that changes numbers was edited.
        """
        from mnistcli.config import find_training_changes  # takes 0.06 s

        text, record = self.read_config_text(), self.read_record()
        file = parse_run_config(text, str(self.config))
        if record.config is None or record.config == text:
            return file
        recorded_config = parse_run_config(record.config, f"config in {self.record}").config
        if changes := find_training_changes(recorded_config, file.config):
            raise RunError(
                f"{self.config} was changed after the run was trained:",
                *changes,
                "expected the settings that it was trained with; put them back",
                f"or {self.advise_completion()}"
                if record.members
                else f"or train a new run: {command_line('train', self.config)}",
            )
        return file

    def read_config_text(self) -> str:
        """Return the text of config.yaml.

        Raises:
            RunError: config.yaml is missing, or is not UTF-8.
        """
        try:
            return read_file(self.config, MAXIMUM_CONFIG_BYTES).decode("utf-8-sig")
        except FileNotFoundError:
            raise RunError(
                f"{self.path} has no config.yaml", "expected a folder that `mnistcli train` made"
            ) from None
        except UnicodeDecodeError:
            raise RunError(f"{self.config} is damaged: expected UTF-8 text") from None

    def check_data(self, dataset: DatasetContents) -> None:
        """Raise `RunError` unless a data set is the one that the run was trained on.

        Extra pictures to train on count only where they were loaded.
        """
        changed = dataset.sha256.items() - self.read_record().dataset.sha256.items()
        if changed:
            is_extra = all(part.startswith("extra_") for part, _ in changed)
            place = "data.extra" if is_extra else dataset.source
            raise RunError(
                f"{self.path} was trained on other data than {place} holds",
                "expected the same images and labels; their SHA-256 is in run.json",
            )

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add one epoch's row to metrics.jsonl."""
        append_whole(self.metrics, dump_json(row))

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the rows of metrics.jsonl up to the first incomplete or damaged one.

        Raises:
            RunError: metrics.jsonl is not a regular file, or cannot be read.
        """
        try:
            return parse_metrics(read_file(self.metrics, MAXIMUM_BYTES))
        except FileNotFoundError:
            return []

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace metrics.jsonl, as a resumed run does."""
        write_whole(self.metrics, "".join(dump_json(row) for row in rows))


def parse_run_config(text: str, source: str, overrides: Sequence[str] = ()) -> "ConfigFile":
    """Parse the config of a run, as `parse_config` does.

    Runs of before version 0.4 held out other images for each seed.
    """
    from mnistcli.config import parse_config

    file = parse_config(text, source, overrides)
    config = file.config
    if "split_seed" in config.data.model_fields_set:
        return file
    data = config.data.model_copy(update={"split_seed": config.seed})
    return replace(file, config=config.model_copy(update={"data": data}))
