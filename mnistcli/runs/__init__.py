"""The run directory: its names, how its files are written, and how they are read.

`mnistcli.runs.arrays` is imported by itself: with it comes NumPy, which takes a tenth of a second.
"""

from mnistcli.runs.continuation import Continuation, plan_continuation
from mnistcli.runs.create import check_writable, new_run_directory
from mnistcli.runs.directory import CheckpointFile, RunDirectory
from mnistcli.runs.environment import describe_environment, environment_differences
from mnistcli.runs.files import cannot_write, dump_json, remove_file, remove_unfinished, write_whole
from mnistcli.runs.held import held
from mnistcli.runs.listing import latest_completed_run, open_run_directory, runs_root
from mnistcli.runs.lock import locked
from mnistcli.runs.metrics import check_rows
from mnistcli.runs.reading import read_file
from mnistcli.runs.record import (
    Artifact,
    DatasetRecord,
    Environment,
    Resumption,
    RunRecord,
    utc_now,
)

__all__ = [
    "Artifact",
    "CheckpointFile",
    "Continuation",
    "DatasetRecord",
    "Environment",
    "Resumption",
    "RunDirectory",
    "RunRecord",
    "cannot_write",
    "check_rows",
    "check_writable",
    "describe_environment",
    "dump_json",
    "environment_differences",
    "held",
    "latest_completed_run",
    "locked",
    "new_run_directory",
    "open_run_directory",
    "plan_continuation",
    "read_file",
    "remove_file",
    "remove_unfinished",
    "runs_root",
    "utc_now",
    "write_whole",
]
