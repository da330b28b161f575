"""The folder of a sweep, such as runs/mlp-20261126-101500/."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mnistcli.config import dump_config
from mnistcli.errors import RunError, UsageError
from mnistcli.runs import (
    RunDirectory,
    is_locked,
    lock_folder,
    new_locked_folder,
    pin_folder,
    write_whole,
)
from mnistcli.sweeps.address import Address, parse_address
from mnistcli.sweeps.plan import SweepPlan

FILE_OF_SWEEP = "sweep.yaml"
CONFIG = "config.yaml"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class SweepFolder:
    """A folder with a run for each trial of a sweep."""

    path: Path

    @property
    def sweep(self) -> Path:
        """The sweep file, which `load_plan` reads."""
        return self.path / FILE_OF_SWEEP

    @property
    def journal(self) -> Path:
        """Optuna's journal."""
        return self.path / "journal.jsonl"

    @property
    def address(self) -> Path:
        """The address of the database that takes the journal's place, without a password."""
        return self.path / "storage.txt"

    @property
    def best(self) -> Path:
        """The config of the winner."""
        return self.path / "best.yaml"

    @property
    def table(self) -> Path:
        """A row for each trial."""
        return self.path / "trials.csv"

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.path / "figures"

    def run(self, number: int) -> RunDirectory:
        """Return the run of a trial, which may not exist yet."""
        return RunDirectory(self.path / "trials" / f"{number:04d}")

    def confirmation(self, number: int, seed: int) -> RunDirectory:
        """Return the run of a trial's config with another seed, which may not exist yet."""
        return RunDirectory(self.path / "confirm" / f"{number:04d}" / f"seed-{seed}")


def read_address(folder: SweepFolder, address: Address | None) -> Address | None:
    """Return the address of the database of a sweep; None if its folder has a journal.

    Args:
        folder: of the sweep.
        address: with a password, or where the database is now; None: as it was.

    Raises:
        UsageError: there is an address for a sweep with a journal.
    """
    try:
        recorded = folder.address.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        if address:
            raise UsageError(
                f"the trials of {folder.path} are in its own journal, in no database",
                "expected --resume without --storage, or a new sweep",
            ) from None
        return None
    return address or parse_address(recorded)


def is_sweep_folder(path: Path) -> bool:
    """Return whether a folder was made for a sweep."""
    return (path / FILE_OF_SWEEP).exists()


@contextmanager
def new_sweep_folder(
    plan: SweepPlan,
    path: Path | None,
    notify: Callable[[str], None],
    address: Address | None = None,
) -> Iterator[SweepFolder]:
    """Make a folder for a sweep; lock and pin it for the block.

    Args:
        path: the folder itself, if the user named it.
        address: of the database that keeps the trials; None: a journal in the folder does.
        notify: as that of `new_run_directory`.

    Raises:
        RunError: `path` exists, or the folder cannot be made.
    """

    def fill(folder: Path) -> None:
        write_whole(folder / CONFIG, dump_config(plan.config))
        write_whole(folder / FILE_OF_SWEEP, plan.to_yaml(CONFIG))
        (folder / "trials").mkdir()
        if address:
            write_whole(SweepFolder(folder).address, f"{address.public}\n")

    with new_locked_folder(plan.config.name, path, datetime.now(), notify, fill) as folder:
        yield SweepFolder(folder)


@contextmanager
def open_sweep_folder(path: Path, notify: Callable[[str], None]) -> Iterator[SweepFolder]:
    """Go on with a folder of `new_sweep_folder`; lock and pin it for the block.

    Raises:
        RunError: it is none, or another process sweeps in the folder.
    """
    if not is_sweep_folder(path):
        raise RunError(
            f"{path} has no {FILE_OF_SWEEP}", "expected a folder that `mnistcli sweep` made"
        )
    with lock_folder(path, notify), pin_folder(path):
        folder = SweepFolder(path)
        _wait_for_workers(folder)
        _mend_journal(folder.journal)
        yield folder


def _wait_for_workers(folder: SweepFolder) -> None:
    """Wait until the workers of a leader that was killed have ended, too."""
    patterns = ("trials/*/run.json", "confirm/*/*/run.json")
    runs = [path.parent for pattern in patterns for path in folder.path.glob(pattern)]
    deadline = time.monotonic() + PATIENCE_SECONDS
    for run in runs:
        while is_locked(run):
            if time.monotonic() > deadline:
                raise RunError(
                    f"{run} is being trained by another process",
                    "expected one sweep at a time; wait for it, or stop it",
                )
            time.sleep(0.05)


def _mend_journal(path: Path) -> None:
    """Cut off the last line of the journal if a power cut left it incomplete.

    Optuna would write its next line behind it, and could not read the journal any more.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
            os.fsync(file.fileno())
