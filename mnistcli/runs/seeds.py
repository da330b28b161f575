"""A folder with a run for each of several seeds, such as runs/mlp-20261126-101500/seed-0."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mnistcli.errors import RunError
from mnistcli.runs.create import new_locked_folder
from mnistcli.runs.directory import RunDirectory
from mnistcli.runs.files import dump_json, write_whole
from mnistcli.runs.lock import lock_folder
from mnistcli.runs.pin import pin_folder
from mnistcli.runs.reading import read_file

FILE_OF_SEEDS = "seeds.json"
MAXIMUM_BYTES = 4 * 1024**2
MAXIMUM_SEEDS = 1000


class SeedsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of seeds.json: what was asked for. How far each run is, the run itself says."""

    format: Literal[1] = 1
    seeds: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=MAXIMUM_SEEDS)]
    config: str
    """A text of `dump_config`, with a seed that does not count"""
    data_sha256: dict[str, str]
    """Of each part of the data set, as in `DatasetRecord`"""


@dataclass(frozen=True)
class SeedsFolder:
    """A folder with a run for each seed."""

    path: Path
    record: SeedsRecord

    def run(self, seed: int) -> RunDirectory:
        """Return the run of a seed, which may not exist yet."""
        return RunDirectory(self.path / f"seed-{seed}")


def is_seeds_folder(path: Path) -> bool:
    """Return whether a folder was made for several seeds."""
    return (path / FILE_OF_SEEDS).exists()


@contextmanager
def new_seeds_folder(
    name: str, path: Path | None, record: SeedsRecord, notify: Callable[[str], None]
) -> Iterator[SeedsFolder]:
    """Make a folder for several seeds; lock and pin it for the block.

    Args:
        name: the beginning of its name.
        path: the folder itself, if the user named it.
        record: what is asked for.
        notify: as that of `new_run_directory`.

    Raises:
        RunError: `path` exists, or the folder cannot be made.
    """
    content = dump_json(msgspec.to_builtins(record), indent=2)

    def fill(folder: Path) -> None:
        write_whole(folder / FILE_OF_SEEDS, content)

    with new_locked_folder(name, path, datetime.now(), notify, fill) as folder:
        yield SeedsFolder(folder, record)


@contextmanager
def open_seeds_folder(path: Path, notify: Callable[[str], None]) -> Iterator[SeedsFolder]:
    """Go on with a folder of `new_seeds_folder`; lock and pin it for the block.

    Raises:
        RunError: seeds.json is damaged, or another process trains in the folder.
    """
    with lock_folder(path, notify), pin_folder(path):
        yield SeedsFolder(path, read_seeds(path))


def read_seeds(path: Path) -> SeedsRecord:
    """Return the contents of a folder's seeds.json.

    Raises:
        RunError: it is missing or damaged.
    """
    file = path / FILE_OF_SEEDS
    try:
        return msgspec.convert(json.loads(read_file(file, MAXIMUM_BYTES)), SeedsRecord)
    except FileNotFoundError:
        raise RunError(
            f"{path} has no {FILE_OF_SEEDS}", "expected a folder that `mnistcli train --seeds` made"
        ) from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise RunError(f"{file} is damaged: {str(error)[:80]}") from None
