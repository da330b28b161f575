"""The runs in `runs/`, or in the folder that `MNISTCLI_RUNS_DIR` names."""

import os
from contextlib import suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory
from mnistcli.runs.reading import check_files
from mnistcli.runs.record import RunRecord

RUNS_VARIABLE = "MNISTCLI_RUNS_DIR"


def runs_root() -> Path:
    """Return the folder of runs: `MNISTCLI_RUNS_DIR`, or else `runs` in the working directory."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def open_run_directory(path: Path) -> RunDirectory:
    """Open a run directory that exists.

    Raises:
        RunError: it does not exist (the message names the latest run), its run.json is
            damaged, or it contains anything but regular files and folders.
    """
    run = RunDirectory(path)
    if not path.is_dir():
        hint = "train one with `mnistcli train`"
        if runs := _recorded_runs():
            _, latest_run = max(runs, key=lambda item: item[0].started)
            hint = f"the latest run is {latest_run.path}"
        raise RunError(f"there is no run directory {path}", hint)
    check_files(path)
    run.read_record()
    return run


def latest_completed_run() -> RunDirectory:
    """Return the run that was completed last.

    Raises:
        RunError: there is none, or it contains anything but regular files and folders.
    """
    completed_runs = [item for item in _recorded_runs() if item[0].status == "completed"]
    if not completed_runs:
        raise RunError(
            f"there is no completed run in {runs_root()}",
            "train one with `mnistcli train configs/quickstart.yaml`, or name one with --run",
        )
    _, run = max(completed_runs, key=lambda item: item[0].finished or "")
    check_files(run.path)
    return run


def _recorded_runs() -> list[tuple[RunRecord, RunDirectory]]:
    """Return the runs whose run.json can be read, with their records."""
    runs = []
    for record_path in runs_root().glob("[!.]*/run.json"):
        run = RunDirectory(record_path.parent)
        with suppress(RunError):
            runs.append((run.read_record(), run))
    return runs
