"""One trainer per run directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.files import cannot_write


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run directory; the system lets go of it when the process dies, however it does.

    The lock is on the file `.lock` in it, which stays there and holds the number of the
    process that took it last. The folder may be renamed meanwhile.

    Raises:
        RunError: another process holds it, or it cannot be written to.
    """
    path = folder / ".lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "another"
            raise RunError(
                f"{folder} is being trained by process {holder}",
                "expected one trainer at a time; wait for it, or stop it",
            ) from None
        except OSError as error:
            raise cannot_write(path, error) from error
        yield
    finally:
        os.close(descriptor)
