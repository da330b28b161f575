"""What is in a run directory, such as `runs/lenet5-20261121-101500/`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mnistcli.errors import RunError
from mnistcli.runs.files import append_whole, dump_json, write_whole

# 10,000 epochs of metrics take 4 MB. A file from a stranger must not fill the memory.
MAXIMUM_BYTES = 64 * 1024**2
_CHECKPOINT = re.compile(r"epoch-(\d{4,9})(?:-step-(\d{6,12}))?\.npz")


class DatasetContents(Protocol):
    """What tells one data set from another: checksums, and a name for people."""

    @property
    def sha256(self) -> dict[str, str]: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True, order=True)
class CheckpointFile:
    """A checkpoint on disk, the whole epochs behind it, and the steps of the next epoch."""

    epoch: int
    step: int
    path: Path


@dataclass(frozen=True)
class RunDirectory:
    """A run on disk.

    Reading copes with whatever a kill left: a file that is missing, or a last line of
    metrics that is cut short.
    """

    path: Path

    @property
    def name(self) -> str:
        """What the run is called: its folder's name, also where that was given as `.`."""
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
        """The best model for LiteRT; it gives probabilities."""
        return self.path / "model.tflite"

    @property
    def calibration(self) -> Path:
        """How far the best model's confidence can be believed."""
        return self.path / "calibration.npz"

    @property
    def evaluation(self) -> Path:
        """The latest evaluation."""
        return self.path / "evaluation.json"

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.path / "figures"

    @property
    def metrics(self) -> Path:
        """A row of JSON for each epoch."""
        return self.path / "metrics.jsonl"

    @property
    def record(self) -> Path:
        """What the run is and how it stands."""
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
        """Where the checkpoint after `epoch` whole epochs and `step` steps of the next goes."""
        within = f"-step-{step:06d}" if step else ""
        return self.checkpoints / f"epoch-{epoch:04d}{within}.npz"

    def list_checkpoints(self) -> list[CheckpointFile]:
        """The checkpoints of epochs and of parts of them, oldest first."""
        return sorted(
            CheckpointFile(int(match[1]), int(match[2] or 0), path)
            for path in self.checkpoints.glob("epoch-*.npz")
            if (match := _CHECKPOINT.fullmatch(path.name))
        )

    def remove_old_checkpoints(self, keep: int) -> None:
        """Leave those of the last `keep` epochs, and one within an epoch if it is the newest."""
        checkpoints = self.list_checkpoints()
        whole = [checkpoint for checkpoint in checkpoints if checkpoint.step == 0]
        kept = {*whole[-keep:], *checkpoints[-1:]}
        for checkpoint in checkpoints:
            if checkpoint not in kept:
                checkpoint.path.unlink(missing_ok=True)

    def check_links(self) -> None:
        """Raise `RunError` if anything in it is a link: a stranger's might lead anywhere."""
        for path in (*self.path.iterdir(), *self.checkpoints.glob("*")):
            if path.is_symlink():
                raise RunError(
                    f"{path} is a link to {path.readlink()}",
                    "expected a run directory that holds its own files; copy what it leads to",
                )

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Replace run.json."""
        write_whole(self.record, dump_json(record, indent=2))

    def read_record(self) -> dict[str, Any]:
        """What run.json holds.

        Raises:
            RunError: it is missing or damaged.
        """
        try:
            record = json.loads(self._read(self.record))
        except FileNotFoundError:
            raise RunError(
                f"{self.path} is not a run directory: it has no run.json",
                "expected a folder that `mnistcli train` made",
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"cannot read {self.record}: {error}") from None
        if not isinstance(record, dict):
            raise RunError(f"{self.record} is damaged: expected a mapping")
        return record

    def check_data(self, dataset: DatasetContents) -> None:
        """Raise `RunError` unless a data set is the one that it was trained on."""
        recorded = self.read_record().get("dataset")
        if not isinstance(recorded, dict) or recorded.get("sha256") != dataset.sha256:
            raise RunError(
                f"{self.path} was trained on other data than {dataset.source} holds",
                "expected the same images and labels; their SHA-256 is in run.json",
            )

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add one epoch's row to metrics.jsonl."""
        append_whole(self.metrics, dump_json(row))

    def read_metrics(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl, without a torn last line."""
        try:
            lines = self._read(self.metrics).split(b"\n")[:-1]
        except (OSError, ValueError):
            return []
        rows = []
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                break
            if not (isinstance(row, dict) and isinstance(row.get("epoch"), int)):
                break
            rows.append(row)
        return rows

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace metrics.jsonl, as a resumed run does."""
        write_whole(self.metrics, "".join(dump_json(row) for row in rows))

    def _read(self, path: Path) -> bytes:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
        if len(content) > MAXIMUM_BYTES:
            raise ValueError(f"it is larger than {MAXIMUM_BYTES // 1024**2} MiB")
        return content
