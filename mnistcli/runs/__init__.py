"""The run directory: its names, how its files are written, and how they are read."""

from mnistcli.runs.continuation import is_finished, load_resumed_config
from mnistcli.runs.create import check_writable, new_run_directory
from mnistcli.runs.directory import CheckpointFile, RunDirectory
from mnistcli.runs.files import dump_json, remove_unfinished, write_whole
from mnistcli.runs.listing import latest_completed_run, open_run_directory, runs_root
from mnistcli.runs.lock import locked
from mnistcli.runs.record import describe_environment, environment_differences, utc_now

__all__ = [
    "CheckpointFile",
    "RunDirectory",
    "check_writable",
    "describe_environment",
    "dump_json",
    "environment_differences",
    "is_finished",
    "latest_completed_run",
    "load_resumed_config",
    "locked",
    "new_run_directory",
    "open_run_directory",
    "remove_unfinished",
    "runs_root",
    "utc_now",
    "write_whole",
]
