"""Where Optuna keeps the trials of a sweep: a journal in its folder, or a database."""

import fcntl
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from mnistcli.errors import RunError, command_line
from mnistcli.sweeps.address import Address
from mnistcli.sweeps.folder import SweepFolder
from mnistcli.sweeps.plan import SweepPlan

Result = TypeVar("Result")


class StorageError(RunError):
    """The storage cannot be used; no fault of the trial that is being trained."""


class TrialStorage(ABC):
    """A storage of Optuna's, and what machines that share it have to heed.

    Attributes:
        study_name: the name of the study that holds the trials.
        machine: what trains here, as HOST:FOLDER; None where no other machine can.
    """

    study_name: str
    machine: str | None = None

    @property
    @abstractmethod
    def backend(self) -> BaseStorage:
        """The storage itself."""

    def opening(self) -> AbstractContextManager[None]:
        """Keep other machines from opening the study at the same time.

        Raises:
            RunError: the storage cannot be used.
        """
        return nullcontext()

    def close(self) -> None:  # noqa: B027 - a journal is not kept open
        """Close the connections of this process."""

    def ask(self, study: optuna.Study) -> optuna.trial.Trial:
        """Return a new trial, or one that another machine left."""
        return study.ask()

    def patiently(self, operation: Callable[[], Result]) -> Result:
        """Do what may be done twice, again and again while the storage does not answer."""
        return operation()

    def show_life(self, trial_id: int) -> None:  # noqa: B027 - nobody looks at a journal
        """Show that a trial is being trained."""

    def showing_life(self, show: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `show` from time to time during the block."""
        return nullcontext()

    def release_dead(self, study: optuna.Study) -> None:  # noqa: B027 - there are none
        """Give the trials of dead machines to others."""


class Journal(TrialStorage):
    """Optuna's journal, a file in the folder of a sweep."""

    study_name = "sweep"  # Hyperband's choice of a bracket depends on it

    def __init__(self, path: Path) -> None:
        """Read a journal, or begin it.

        Raises:
            StorageError: it is damaged.
        """
        backend = JournalFileBackend(str(path), lock_obj=_FileLock(path))
        try:
            self._backend = JournalStorage(backend)
        except ValueError:  # of Optuna's, which names neither the file nor the line
            lines = path.read_bytes().splitlines()
            number = next((n for n, line in enumerate(lines, 1) if not _is_json(line)), None)
            if number is None:
                raise
            raise StorageError(
                f"{path} is damaged in line {number}",
                "expected a file that only `mnistcli sweep` writes; put back a copy, or remove "
                "the line",
                f"its runs may be whole: {command_line('runs', path.parent)}",
            ) from None

    @property
    def backend(self) -> BaseStorage:
        """The storage itself."""
        return self._backend


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def open_storage(
    plan: SweepPlan, folder: SweepFolder, address: Address | None, notify: Callable[[str], None]
) -> TrialStorage:
    """Return the storage of a sweep, which is not used yet.

    Args:
        plan: its config names the study in a database.
        folder: of the sweep.
        address: of a database; None: the journal in the folder.
        notify: receives what is to be known of a database and of other machines, a line each.
    """
    if address is None:
        return Journal(folder.journal)
    from mnistcli.sweeps.database import Database

    return Database(address, plan.config.name, folder.path, notify)


class _FileLock(JournalFileOpenLock):
    """A lock that the system releases when the process dies; Optuna's own one stays for 30 s."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f".{journal.name}.lock")
        self._descriptor = -1

    def acquire(self) -> bool:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        os.close(self._descriptor)
