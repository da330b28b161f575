"""Runs and folders of seeds, as `compare`, `report` and `ensemble` take them."""

from pathlib import Path
from typing import TYPE_CHECKING

from mnistcli.errors import RunError

if TYPE_CHECKING:
    from mnistcli.comparison import Group
    from mnistcli.runs import RunDirectory


def list_members(path: Path) -> "list[RunDirectory]":
    """Return the runs of a folder, or the run itself that a path is.

    Raises:
        RunError: it is neither, or a run is damaged.
    """
    from mnistcli.runs import RunDirectory, list_runs, open_run_directory

    directory = RunDirectory(path)
    is_folder = path.is_dir() and not directory.record.exists()
    found = list_runs(path) if is_folder else []
    return [open_run_directory(run.path) for run in found or [directory]]


def open_group(path: Path) -> "Group":
    """Open a run, or a folder with a run for each seed.

    Raises:
        RunError: it is neither, a run is damaged, or the runs differ in more than their seeds.
    """
    from mnistcli.comparison import make_group, read_row

    rows = []
    for run in list_members(path):
        row = read_row(run)
        if row.problem:
            raise RunError(row.problem)
        rows.append(row)
    return make_group(str(path), rows)
