"""The lock that keeps a second trainer out of a run directory."""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.files import cannot_write, sync_folder

_NO_LOCK_ERRORS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL)


def _ignore(_notice: str) -> None: ...


@contextmanager
def lock_folder(folder: Path, notify: Callable[[str], None] = _ignore) -> Iterator[None]:
    """Lock a run directory for the block; the system releases the lock when the process dies.

    The lock is on the file `.lock` in the folder, which stays there and holds the number of
    the last process that locked it. The folder may be renamed meanwhile.

    Args:
        folder: the run directory.
        notify: called with a notice if the file system lacks locks, or cannot flush a folder.

    Raises:
        RunError: another process holds the lock, or the folder cannot be written to.
    """
    path = folder / ".lock"
    try:
        descriptor = _open(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RunError(f"{path} is not a regular file", "expected one that mnistcli made")
        try:
            _lock(descriptor)
        except BlockingIOError:
            raise _lock_error(folder, descriptor) from None
        except OSError as error:
            if error.errno not in _NO_LOCK_ERRORS:
                raise cannot_write(path, error) from error
            notify(
                f"the file system of {folder} has no locks: "
                "nothing keeps a second trainer out of this run"
            )
        with suppress(OSError):  # only for people; another user's file cannot be written to
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        try:
            if not sync_folder(folder):
                notify(
                    f"the file system of {folder} cannot flush a folder to disk: "
                    "a power cut may undo the latest files of this run"
                )
        except OSError as error:
            raise cannot_write(folder, error) from error
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file; wait for an instant, since `is_locked` may be looking at it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.05)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(folder: Path) -> bool:
    """Return whether a process trains a run; True also where the file system cannot tell."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(folder / ".lock", flags)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(path: Path) -> int:
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:  # another user's file, which can still be locked
        return os.open(path, os.O_RDONLY | flags, 0o666)


def _lock_error(folder: Path, descriptor: int) -> RunError:
    text = os.read(descriptor, 20).strip()
    holder = f"process {text.decode()}" if text.isdigit() else "another process"
    return RunError(
        f"{folder} is being trained by {holder}",
        "expected one trainer at a time; wait for it, or stop it",
    )
