"""The run directory: its names, how its files are written, and how they are read."""

from mnistcli.runs.directory import (
    CheckpointFile,
    RunDirectory,
    check_writable,
    create_run_directory,
    latest_completed_run,
    open_run_directory,
    runs_root,
)
from mnistcli.runs.files import dump_json, write_whole
from mnistcli.runs.record import describe_environment, utc_now

__all__ = [
    "CheckpointFile",
    "RunDirectory",
    "check_writable",
    "create_run_directory",
    "describe_environment",
    "dump_json",
    "latest_completed_run",
    "open_run_directory",
    "runs_root",
    "utc_now",
    "write_whole",
]
