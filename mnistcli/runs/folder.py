"""Makes a folder of files that are all there, or not there at all, whenever the process dies."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.files import cannot_write, sync_contents, sync_folder

_UNFINISHED = ".new-export-"
_STALE_SECONDS = 3600  # no export takes as long


def check_new_folder(path: Path, replace: bool, mark: str) -> None:
    """Raise `RunError` unless `new_folder` can make a folder at a path.

    Args:
        replace: take the place of a folder that it made before.
        mark: the file by which such a folder is known.
    """
    # os.path, since Path.exists raises for a name that is too long or not permitted.
    if os.path.lexists(path):
        if not replace:
            raise RunError(
                f"{path} exists already",
                "expected a new folder; name another with --out, or replace it with --force",
            )
        if path.is_symlink() or not (path / mark).is_file():
            raise RunError(
                f"{path} is not replaced: it has no {mark}, as a folder that `mnistcli export` "
                "made has",
                "expected such a folder, or a new one; name another with --out",
            )
    parents = path.absolute().parents
    parent = next(folder for folder in parents if os.path.lexists(folder))
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RunError(
            f"cannot make {path}: expected to be allowed to write in {parent}",
            "name another folder with --out",
        )


@contextmanager
def new_folder(path: Path, replace: bool, mark: str) -> Iterator[Path]:
    """Make a folder under another name beside its place; rename it at the end of the block.

    Args:
        path: its place, where nothing may be but, to be replaced, a folder that this made.
        replace: see `check_new_folder`.
        mark: see `check_new_folder`; the block must write it.

    Yields:
        The folder to fill. If the block fails, nothing of it is left.

    Raises:
        RunError: see `check_new_folder`, or it cannot be written.
    """
    check_new_folder(path, replace, mark)
    path = path.resolve()  # `.` has no name
    folder = _name_beside(path)
    has_parent = path.parent.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path.parent)
        folder.mkdir()
        yield folder
        sync_contents(folder)
        check_new_folder(path, replace, mark)
        if os.path.lexists(path):
            old_folder = _name_beside(path)
            path.rename(old_folder)
            folder.rename(path)
            shutil.rmtree(old_folder, ignore_errors=True)
        else:
            folder.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # does nothing once the folder is renamed
        if not has_parent:
            with suppress(OSError):  # it holds the new folder, or there is none
                path.parent.rmdir()


def _name_beside(path: Path) -> Path:
    return path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")


def _remove_stale(parent: Path) -> None:
    """Remove the folders of processes that were killed before they could rename them."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):
            if not folder.is_symlink() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
