"""Makes a new run directory, which is complete or absent."""

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
from mnistcli.runs.listing import RUNS_VARIABLE, runs_root
from mnistcli.runs.lock import lock_folder
from mnistcli.runs.pin import pin_folder
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
    fill: Callable[[RunDirectory], None] | None = None,
) -> Iterator[RunDirectory]:
    """Make a run directory; lock and pin it for the block.

    It is filled under another name and then renamed, so that no kill leaves one without its
    config.yaml and run.json.

    Args:
        name: the beginning of the folder's name.
        path: the folder itself, if the user named it.
        now: the local time for the folder's name.
        config: the contents of config.yaml.
        record: the contents of run.json.
        notify: called with a notice if the file system lacks locks, or cannot flush a folder.
        fill: writes what else must be in it before it appears; if that fails, it never does.

    Raises:
        RunError: `path` exists, or the folder cannot be made.
    """

    def fill_run(folder: Path) -> None:
        unfinished_run = RunDirectory(folder)
        unfinished_run.checkpoints.mkdir()
        write_whole(unfinished_run.config, config)
        unfinished_run.write_record(record)
        if fill:
            fill(unfinished_run)

    with new_locked_folder(name, path, now, notify, fill_run) as folder:
        yield RunDirectory(folder)


@contextmanager
def new_locked_folder(
    name: str,
    path: Path | None,
    now: datetime,
    notify: Callable[[str], None],
    fill: Callable[[Path], None],
) -> Iterator[Path]:
    """Make a folder under `runs/`, or at `path`, that is filled before it appears; lock and pin it.

    The arguments and errors are those of `new_run_directory`.
    """
    check_writable(path)
    target = path or runs_root() / f"{name}-{now:%Y%m%d-%H%M%S}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(target.parent)
        folder = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        folder.mkdir()
    except OSError as error:
        raise _cannot_make(target, error) from None
    try:
        with lock_folder(folder, notify):
            fill(folder)
            renamed = _rename(folder, target, may_number=path is None)
            with pin_folder(renamed):
                yield renamed
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # does nothing once the folder is renamed


def check_writable(path: Path | None) -> None:
    """Raise `RunError` if no run directory can be made at `path`, or under `runs/`."""
    # os.path, since Path.exists raises for a name that is too long or not permitted.
    if path is not None and os.path.lexists(path):
        raise _exists(path)
    folder = (path or runs_root()).absolute()
    ancestors = (folder, *folder.parents)
    parent = next(ancestor for ancestor in ancestors if os.path.lexists(ancestor))
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RunError(
            f"cannot make a run directory in {parent}: expected a folder one can write to",
            f"name another with --run-dir, or set {RUNS_VARIABLE}",
        )


def _rename(folder: Path, path: Path, may_number: bool) -> Path:
    """Rename a folder to `path`, or to path-2, -3, … if other runs began in the same second."""
    candidate, number = path, 1
    while True:
        try:
            folder.rename(candidate)  # fails if a folder with contents is there
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise _cannot_make(path, error) from None
            if not may_number:
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
        "expected the name of a new folder",
    )


def _remove_unfinished(parent: Path) -> None:
    """Remove the folders of processes that were killed before they could rename them."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        # A new folder has no lock yet for an instant.
        with suppress(OSError, RunError):
            if not folder.is_symlink() and time.time() - folder.stat().st_mtime > 60:
                with lock_folder(folder):
                    shutil.rmtree(folder, ignore_errors=True)
