"""The run directory: the names of its files, and how they are written and read.

`mnistcli.runs.arrays` must be imported by its own name, because it imports NumPy, which takes
0.1 s.
"""

from mnistcli.runs.continuation import Continuation, plan_continuation
from mnistcli.runs.create import check_writable, new_locked_folder, new_run_directory
from mnistcli.runs.directory import CheckpointFile, RunDirectory
from mnistcli.runs.environment import (
    describe_environment,
    describe_hardware,
    environment_differences,
)
from mnistcli.runs.files import cannot_write, dump_json, remove_file, remove_unfinished, write_whole
from mnistcli.runs.folder import check_new_folder, new_folder
from mnistcli.runs.listing import (
    builtin_run,
    choose_run,
    completed_runs,
    describe_run,
    find_run,
    latest_run,
    list_folders,
    list_runs,
    names_run,
    open_run_directory,
    open_to_read,
    runs_root,
)
from mnistcli.runs.lock import is_locked, lock_folder
from mnistcli.runs.metrics import check_rows
from mnistcli.runs.pin import pin_folder
from mnistcli.runs.reading import read_file
from mnistcli.runs.record import (
    Artifact,
    DatasetRecord,
    Environment,
    ExtraRecord,
    LayerRecord,
    Member,
    Resumption,
    RunRecord,
    utc_now,
)
from mnistcli.runs.seeds import (
    FILE_OF_SEEDS,
    MAXIMUM_SEEDS,
    SeedsFolder,
    SeedsRecord,
    is_seeds_folder,
    new_seeds_folder,
    open_seeds_folder,
    read_seeds,
)

__all__ = [
    "FILE_OF_SEEDS",
    "MAXIMUM_SEEDS",
    "Artifact",
    "CheckpointFile",
    "Continuation",
    "DatasetRecord",
    "Environment",
    "ExtraRecord",
    "LayerRecord",
    "Member",
    "Resumption",
    "RunDirectory",
    "RunRecord",
    "SeedsFolder",
    "SeedsRecord",
    "builtin_run",
    "cannot_write",
    "check_new_folder",
    "check_rows",
    "check_writable",
    "choose_run",
    "completed_runs",
    "describe_environment",
    "describe_hardware",
    "describe_run",
    "dump_json",
    "environment_differences",
    "find_run",
    "is_locked",
    "is_seeds_folder",
    "latest_run",
    "list_folders",
    "list_runs",
    "lock_folder",
    "names_run",
    "new_folder",
    "new_locked_folder",
    "new_run_directory",
    "new_seeds_folder",
    "open_run_directory",
    "open_seeds_folder",
    "open_to_read",
    "pin_folder",
    "plan_continuation",
    "read_file",
    "read_seeds",
    "remove_file",
    "remove_unfinished",
    "runs_root",
    "utc_now",
    "write_whole",
]
