"""What a table of runs tells of each of them; no file of a run keeps it from being listed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from mnistcli.config import flatten, parse_dump
from mnistcli.errors import ConfigError, RunError
from mnistcli.runs import RunDirectory, RunRecord, is_locked

DAMAGED = "damaged"
# The columns of a row that are no metrics: a metric of the same name would hide one.
_NO_METRICS = ("epoch", "learning_rate", "seconds", "images_per_second")


@dataclass(frozen=True)
class RunRow:
    """A run in a table.

    Attributes:
        status: that of its record, "interrupted" where a running one has no process any more, or
            "damaged".
        problem: why it is damaged, one line.
        record: None if it is damaged.
        settings: its config as plain values; empty if it is damaged.
        rows: of metrics.jsonl.
    """

    run: RunDirectory
    status: str
    problem: str | None = None
    record: RunRecord | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def trained_epochs(self) -> int:
        """The whole epochs behind it."""
        return max(len(self.rows) - 1, 0)

    @property
    def metrics(self) -> dict[str, float | None]:
        """Its metrics in [0, 1] or as they are: of its best epoch, or else of its last one.

        Those of the training images are named train_loss, train_accuracy and so on.
        """
        if self.record is None:
            return {}
        # A run that goes on for more epochs still has the test metrics of its earlier training.
        recorded = dict(self.record.metrics or {}) if self.status == "completed" else {}
        best_epoch = recorded.get("best_epoch")
        row: Mapping[str, Any] = self.rows[-1] if self.rows else {}
        if type(best_epoch) is int and best_epoch < len(self.rows):
            row = self.rows[best_epoch]
        columns = {
            name if name.startswith("val_") else f"train_{name}": value
            for name, value in row.items()
            if name not in _NO_METRICS
        }
        return columns | recorded

    @property
    def seconds(self) -> float | None:
        """What it took: from its start to its end, or its epochs alone where it was cut short."""
        if self.record is None:
            return None
        if self.status == "completed" and self.record.finished and not self.record.resumed:
            try:
                started = datetime.fromisoformat(self.record.started)
                return (datetime.fromisoformat(self.record.finished) - started).total_seconds()
            except (TypeError, ValueError):  # a record of before, or of someone else
                pass
        return float(sum(row.get("seconds") or 0 for row in self.rows))

    @cached_property
    def values(self) -> dict[str, Any]:
        """All that can be sorted and filtered by: what the record tells, metrics, config keys."""
        record = self.record
        if record is None:
            return {"name": self.run.name, "status": self.status, "problem": self.problem}
        described = {
            "name": self.run.name,
            "status": self.status,
            "trained_epochs": self.trained_epochs,
            "parameters": record.parameters,
            "seconds": self.seconds,
            **self.metrics,
            "started": record.started,
            "finished": record.finished,
            "error": record.error,
            "stop_reason": record.stop_reason,
            "data": record.dataset.name,
            "training_images": record.dataset.training_images,
            "validation_images": record.dataset.validation_images,
            "test_images": record.dataset.test_images,
            "members": len(record.members),
            "device": record.device,
            "kernels": record.kernels,
            "git_commit": record.git_commit,
            **record.versions,
            **record.hardware,
        }
        config = {key: value for key, value in flatten(self.settings).items() if key != "name"}
        return config | described


def read_row(run: RunDirectory) -> RunRow:
    """Read what a table tells of a run."""
    try:
        record = run.read_record()
        text = run.read_config_text() if record.config is None else record.config
        settings = _parse_settings(text)
        rows = run.read_metrics()
    except (ConfigError, RunError) as error:
        return RunRow(run, DAMAGED, str(error).partition("\n")[0])
    status: str = record.status
    if status == "running" and not is_locked(run.path):
        status = "interrupted"
    return RunRow(run, status, None, record, settings, rows)


def _parse_settings(text: str) -> dict[str, Any]:
    try:
        settings = parse_dump(text)
    except ValueError as error:
        raise RunError(f"its config is damaged: {error}") from None
    data = settings.get("data")
    if isinstance(data, dict):
        # Runs of before version 0.4 held out other images for each seed.
        data = data if "split_seed" in data else data | {"split_seed": settings.get("seed")}
        # No extra pictures: older runs do not say so.
        settings["data"] = {key: value for key, value in data.items() if value != []}
    return settings
