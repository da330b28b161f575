"""The runs there are, under `runs/` or wherever `MNISTCLI_RUNS_DIR` says."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory

RUNS_VARIABLE = "MNISTCLI_RUNS_DIR"


def runs_root() -> Path:
    """Where runs go: `MNISTCLI_RUNS_DIR`, else `runs/` here."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def open_run_directory(path: Path) -> RunDirectory:
    """A run directory that exists.

    Raises:
        RunError: there is none at `path` (the message names the latest run), or it has links.
    """
    run = RunDirectory(path)
    if not path.is_dir():
        hint = "train one with `mnistcli train`"
        if runs := _recorded_runs():
            _, latest = max(runs, key=lambda each: str(each[0].get("started")))
            hint = f"the latest run is {latest.path}"
        raise RunError(f"there is no run directory {path}", hint)
    run.read_record()
    run.check_links()
    return run


def latest_completed_run() -> RunDirectory:
    """The run that was completed last.

    Raises:
        RunError: there is none, or it has links.
    """
    completed = [each for each in _recorded_runs() if each[0].get("status") == "completed"]
    if not completed:
        raise RunError(
            f"there is no completed run in {runs_root()}",
            "train one with `mnistcli train configs/quickstart.yaml`, or name one with --run",
        )
    run = max(completed, key=lambda each: str(each[0].get("finished")))[1]
    run.check_links()
    return run


def _recorded_runs() -> list[tuple[dict[str, Any], RunDirectory]]:
    """The runs under `runs/` whose run.json can be read, with what it holds."""
    found = []
    for record_path in runs_root().glob("[!.]*/run.json"):
        run = RunDirectory(record_path.parent)
        with suppress(RunError):
            found.append((run.read_record(), run))
    return found
