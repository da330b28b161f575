"""One trainer per run directory."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.files import cannot_write, sync_folder

_WITHOUT_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL)


def _ignore(_notice: str) -> None: ...


@contextmanager
def locked(folder: Path, notify: Callable[[str], None] = _ignore) -> Iterator[None]:
    """Hold a run directory; the system lets go of it when the process dies, however it does.

    The lock is on the file `.lock` in it, which stays there and holds the number of the
    process that took it last. The folder may be renamed meanwhile.

    Args:
        notify: is told what is not promised on this file system.

    Raises:
        RunError: another process holds it, or it cannot be written to.
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
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _is_held(folder, descriptor) from None
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise cannot_write(path, error) from error
            notify(
                f"the file system of {folder} has no locks: "
                "nothing keeps a second trainer out of this run"
            )
        with suppress(OSError):  # for people only, and another user's file cannot be written to
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


def _open(path: Path) -> int:
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:  # another user's, which can be locked all the same
        return os.open(path, os.O_RDONLY | flags, 0o666)


def _is_held(folder: Path, descriptor: int) -> RunError:
    text = os.read(descriptor, 20).strip()
    holder = f"process {text.decode()}" if text.isdigit() else "another process"
    return RunError(
        f"{folder} is being trained by {holder}",
        "expected one trainer at a time; wait for it, or stop it",
    )
