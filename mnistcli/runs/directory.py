"""Run directories: `runs/lenet5-20261121-101500/` and what is in it."""

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mnistcli.errors import RunError
from mnistcli.runs.files import dump_json, write_whole

RUNS_VARIABLE = "MNISTCLI_RUNS_DIR"
_CHECKPOINT = re.compile(r"epoch-(\d{4,})\.npz")


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint on disk and the number of epochs behind it."""

    epoch: int
    path: Path


@dataclass(frozen=True)
class RunDirectory:
    """A run on disk.

    Reading copes with whatever a kill left: a file that is missing, or a last line of
    metrics that is cut short.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.yaml"

    @property
    def model(self) -> Path:
        """The best model, in Keras' own format."""
        return self.path / "model.keras"

    @property
    def evaluation(self) -> Path:
        """The latest evaluation."""
        return self.path / "evaluation.json"

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

    def epoch_checkpoint(self, epoch: int) -> Path:
        """Where the checkpoint after `epoch` goes."""
        return self.checkpoints / f"epoch-{epoch:04d}.npz"

    def list_checkpoints(self) -> list[CheckpointFile]:
        """The checkpoints of epochs, oldest first."""
        found = [
            CheckpointFile(int(match[1]), path)
            for path in self.checkpoints.glob("epoch-*.npz")
            if (match := _CHECKPOINT.fullmatch(path.name))
        ]
        return sorted(found, key=lambda checkpoint: checkpoint.epoch)

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Replace run.json."""
        write_whole(self.record, dump_json(record, indent=2))

    def read_record(self) -> dict[str, Any]:
        """What run.json holds.

        Raises:
            RunError: it is missing or damaged.
        """
        try:
            record = json.loads(self.record.read_bytes())
        except FileNotFoundError:
            raise RunError(
                f"{self.path} is not a run directory: it has no run.json",
                "expected a folder that `mnistcli train` made",
            ) from None
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {self.record}: {error}") from None
        if not isinstance(record, dict):
            raise RunError(f"{self.record} is damaged: expected a mapping")
        return record

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add one epoch's row to metrics.jsonl."""
        try:
            with self.metrics.open("ab") as file:
                # One write of one whole line: a reader sees it all or a torn last line.
                file.write(dump_json(row).encode())
        except OSError as error:
            raise RunError(f"cannot write {self.metrics}: {error.strerror}") from error

    def read_metrics(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl, without a torn last line."""
        try:
            lines = self.metrics.read_bytes().split(b"\n")[:-1]
        except OSError:
            return []
        rows = []
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                break
            rows.append(row)
        return rows

    def write_metrics(self, rows: list[dict[str, Any]]) -> None:
        """Replace metrics.jsonl, as a resumed run does."""
        write_whole(self.metrics, "".join(dump_json(row) for row in rows))


def runs_root() -> Path:
    """Where runs go: `MNISTCLI_RUNS_DIR`, else `runs/` here."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def create_run_directory(name: str, path: Path | None, now: datetime) -> RunDirectory:
    """Make a new run directory.

    Args:
        name: begins the folder's name.
        path: the folder itself, where the user named it.
        now: the local time that the folder's name carries.

    Raises:
        RunError: `path` exists, or the folder cannot be made.
    """
    check_writable(path)
    chosen = path or runs_root() / f"{name}-{now:%Y%m%d-%H%M%S}"
    try:
        if path is None:
            chosen = _make_unused(chosen)
        else:
            chosen.mkdir(parents=True)
        run = RunDirectory(chosen)
        run.checkpoints.mkdir()
    except OSError as error:
        raise RunError(
            f"cannot make the run directory {chosen}: {error.strerror}",
            f"name another with --run-dir, or set {RUNS_VARIABLE}",
        ) from None
    return run


def check_writable(path: Path | None) -> None:
    """Raise `RunError` if no run directory can be made at `path`, or under `runs/`."""
    # os.path, since Path.exists raises for a name that is too long or may not be looked at.
    if path is not None and os.path.lexists(path):
        raise RunError(
            f"{path} exists already",
            "expected a new folder; name another with --run-dir, or remove this one",
        )
    folder = (path or runs_root()).absolute()
    existing = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(
            f"cannot make a run directory in {existing}: expected a folder one can write to",
            f"name another with --run-dir, or set {RUNS_VARIABLE}",
        )


def _make_unused(path: Path) -> Path:
    """Make `path`, or with -2, -3, … where runs began within the same second."""
    candidate, number = path, 1
    while True:
        try:
            candidate.mkdir(parents=True)
        except FileExistsError:  # also where another process was faster
            number += 1
            candidate = path.with_name(f"{path.name}-{number}")
        else:
            return candidate


def open_run_directory(path: Path) -> RunDirectory:
    """A run directory that exists.

    Raises:
        RunError: there is none at `path`; the message names the latest runs.
    """
    run = RunDirectory(path)
    if not path.is_dir():
        hint = "train one with `mnistcli train`"
        if runs := _recorded_runs():
            _, latest = max(runs, key=lambda each: str(each[0].get("started")))
            hint = f"the latest run is {latest.path}"
        raise RunError(f"there is no run directory {path}", hint)
    run.read_record()
    return run


def latest_completed_run() -> RunDirectory:
    """The run that was completed last.

    Raises:
        RunError: there is none.
    """
    completed = [each for each in _recorded_runs() if each[0].get("status") == "completed"]
    if not completed:
        raise RunError(
            f"there is no completed run in {runs_root()}",
            "train one with `mnistcli train configs/quickstart.yaml`, or name one with --run",
        )
    return max(completed, key=lambda each: str(each[0].get("finished")))[1]


def _recorded_runs() -> list[tuple[dict[str, Any], RunDirectory]]:
    """The runs under `runs/` whose run.json can be read, with what it holds."""
    found = []
    for record_path in runs_root().glob("*/run.json"):
        run = RunDirectory(record_path.parent)
        with contextlib.suppress(RunError):
            found.append((run.read_record(), run))
    return found
