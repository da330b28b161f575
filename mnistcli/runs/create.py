"""A new run directory, which is there whole or not at all."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory
from mnistcli.runs.files import sync_folder, write_whole
from mnistcli.runs.held import held
from mnistcli.runs.listing import RUNS_VARIABLE, runs_root
from mnistcli.runs.lock import locked
from mnistcli.runs.record import RunRecord

_UNFINISHED = ".new-run-"


@contextmanager
def new_run_directory(
    name: str,
    path: Path | None,
    now: datetime,
    config: str,
    record: RunRecord,
    notify: Callable[[str], None],
) -> Iterator[RunDirectory]:
    """Make a run directory, and hold it.

    It is filled under another name and then renamed, so that no kill leaves one without its
    config.yaml and run.json.

    Args:
        name: begins the folder's name.
        path: the folder itself, where the user named it.
        now: the local time that the folder's name carries.
        config: what config.yaml is to hold.
        record: what run.json is to hold.
        notify: is told what is not promised on this file system.

    Raises:
        RunError: `path` exists, or the folder cannot be made.
    """
    check_writable(path)
    chosen = path or runs_root() / f"{name}-{now:%Y%m%d-%H%M%S}"
    try:
        chosen.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(chosen.parent)
        folder = chosen.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        folder.mkdir()
    except OSError as error:
        raise _cannot_make(chosen, error) from None
    try:
        with locked(folder, notify):
            unfinished = RunDirectory(folder)
            unfinished.checkpoints.mkdir()
            write_whole(unfinished.config, config)
            unfinished.write_record(record)
            run = RunDirectory(_rename(folder, chosen, is_free_to_choose=path is None))
            with held(run.path):
                yield run
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # nothing is there any more once it is renamed


def check_writable(path: Path | None) -> None:
    """Raise `RunError` if no run directory can be made at `path`, or under `runs/`."""
    # os.path, since Path.exists raises for a name that is too long or may not be looked at.
    if path is not None and os.path.lexists(path):
        raise _exists(path)
    folder = (path or runs_root()).absolute()
    existing = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(
            f"cannot make a run directory in {existing}: expected a folder one can write to",
            f"name another with --run-dir, or set {RUNS_VARIABLE}",
        )


def _rename(folder: Path, path: Path, is_free_to_choose: bool) -> Path:
    """Rename a folder to `path`, or to path-2, -3, … where runs began within the same second."""
    candidate, number = path, 1
    while True:
        try:
            folder.rename(candidate)  # fails where a folder is that holds anything
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise _cannot_make(path, error) from None
            if not is_free_to_choose:
                raise _exists(path) from None
            number += 1
            candidate = path.with_name(f"{path.name}-{number}")
        else:
            sync_folder(path.parent)
            return candidate


def _cannot_make(path: Path, error: OSError) -> RunError:
    return RunError(
        f"cannot make the run directory {path}: {error.strerror}",
        f"name another with --run-dir, or set {RUNS_VARIABLE}",
    )


def _exists(path: Path) -> RunError:
    return RunError(
        f"{path} exists already",
        "expected a new folder; name another with --run-dir, or remove this one",
    )


def _remove_abandoned(parent: Path) -> None:
    """Remove what processes left that were killed before they had renamed their folder."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        # A folder is without its lock for an instant when it is new.
        with suppress(OSError, RunError):
            if not folder.is_symlink() and time.time() - folder.stat().st_mtime > 60:
                with locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)
