"""The runs there are, under `runs/` or wherever `MNISTCLI_RUNS_DIR` says."""

import os
from contextlib import suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory
from mnistcli.runs.reading import check_files
from mnistcli.runs.record import RunRecord

RUNS_VARIABLE = "MNISTCLI_RUNS_DIR"


def runs_root() -> Path:
    """Return where runs go: `MNISTCLI_RUNS_DIR`, else `runs/` here."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def open_run_directory(path: Path) -> RunDirectory:
    """Open a run directory that exists.

    Raises:
        RunError: there is none at `path` (the message names the latest run), its run.json is
            damaged, or something in it is no regular file.
    """
    run = RunDirectory(path)
    if not path.is_dir():
        hint = "train one with `mnistcli train`"
        if runs := _recorded_runs():
            _, latest = max(runs, key=lambda each: each[0].started)
            hint = f"the latest run is {latest.path}"
        raise RunError(f"there is no run directory {path}", hint)
    check_files(path)
    run.read_record()
    return run


def latest_completed_run() -> RunDirectory:
    """Return the run that was completed last.

    Raises:
        RunError: there is none, or something in it is no regular file.
    """
    completed = [each for each in _recorded_runs() if each[0].status == "completed"]
    if not completed:
        raise RunError(
            f"there is no completed run in {runs_root()}",
            "train one with `mnistcli train configs/quickstart.yaml`, or name one with --run",
        )
    run = max(completed, key=lambda each: each[0].finished or "")[1]
    check_files(run.path)
    return run


def _recorded_runs() -> list[tuple[RunRecord, RunDirectory]]:
    """Return the runs under `runs/` whose run.json can be read, with what it holds."""
    runs = []
    for record_path in runs_root().glob("[!.]*/run.json"):
        run = RunDirectory(record_path.parent)
        with suppress(RunError):
            runs.append((run.read_record(), run))
    return runs
