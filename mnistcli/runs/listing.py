"""The runs in `runs/`, or in the folder that `MNISTCLI_RUNS_DIR` names, and the built-in one."""

import os
import re
from contextlib import suppress
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.runs.directory import RunDirectory
from mnistcli.runs.reading import check_files
from mnistcli.runs.record import RunRecord

RUNS_VARIABLE = "MNISTCLI_RUNS_DIR"
BUILTIN_NAME = "builtin"


def runs_root() -> Path:
    """Return the folder of runs: `MNISTCLI_RUNS_DIR`, or else `runs` in the working directory."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def builtin_run() -> RunDirectory:
    """Return the run that comes with mnistcli, which has no checkpoints."""
    return RunDirectory(Path(__file__).parents[1] / BUILTIN_NAME)


def describe_run(run: RunDirectory) -> str:
    """Return what a user calls a run, on a command line too."""
    if run == builtin_run():
        return BUILTIN_NAME
    return f"./{run.path}" if run.path == Path(BUILTIN_NAME) else str(run.path)


def find_run(path: Path) -> Path:
    """Return the path of a run that a user names: the path itself, or a run in the runs folder.

    Args:
        path: a path that exists, the built-in run's name, or the beginning of a name of one folder
            in `runs_root()`. Anything else is returned as it is.

    Raises:
        RunError: several names begin so, and none is the whole name.
    """
    # os.path, since Path.exists raises for a name that is too long or not permitted.
    if os.path.lexists(path) or len(path.parts) != 1 or _means_builtin(path):
        return path
    names = [name for name in list_folders() if name.startswith(path.name)]
    if path.name in names:
        return runs_root() / path.name
    if len(names) > 1:
        shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise RunError(
            f"{len(names)} runs begin with {path}: {shown}", "expected more of the name of one"
        )
    return runs_root() / names[0] if names else path


def list_folders() -> list[str]:
    """Return the names of the folders in `runs_root()`: runs, and folders of runs."""
    try:
        folders = [entry.name for entry in os.scandir(runs_root()) if entry.is_dir()]
    except OSError:
        return []
    return sorted((name for name in folders if name[:1] != "."), key=_natural_order)


def latest_run() -> Path:
    """Return the run that was completed last.

    Raises:
        RunError: there is none.
    """
    completed = [item for item in _recorded_runs() if item[0].status == "completed"]
    if not completed:
        raise RunError(
            f"there is no completed run in {runs_root()}",
            "train one with: mnistcli train quickstart",
        )
    _, run = max(completed, key=lambda item: item[0].finished or "")
    return run.path


def open_run_directory(path: Path) -> RunDirectory:
    """Open a run directory that exists.

    Raises:
        RunError: it does not exist (the message names the latest run), its run.json is
            damaged, or it contains anything but regular files and folders.
    """
    run = RunDirectory(path)
    if _means_builtin(path):
        raise RunError(
            "the built-in run is only to be read, and has no checkpoints",
            "`predict`, `summary` and `reproduce` take it; expected a run directory of your own",
        )
    if not path.is_dir():
        hint = "train one with `mnistcli train`"
        if runs := _recorded_runs():
            _, latest_run = max(runs, key=lambda item: item[0].started)
            hint = f"the latest run is {latest_run.path}"
        raise RunError(f"there is no run directory {path}", hint)
    check_files(run.path)
    run.read_record()
    return run


def open_to_read(path: Path) -> RunDirectory:
    """Open a run that nothing is written into; `builtin` is the one that comes with mnistcli.

    Raises:
        RunError: as `open_run_directory` raises it.
    """
    if _means_builtin(path):
        return builtin_run()
    return open_run_directory(path)


def names_run(path: Path) -> bool:
    """Return whether a path is that of a folder, or the built-in run's name."""
    return path.is_dir() or (_means_builtin(path) and not path.exists())


def choose_run() -> tuple[RunDirectory, str | None]:
    """Choose the run that reads pictures where the user names none.

    It is the latest completed one that was trained on MNIST, or else the built-in one.

    Returns:
        The run, and a sentence about a later run on other data, if there is one.

    Raises:
        RunError: the run contains anything but regular files and folders.
    """
    completed = completed_runs()
    run, note = builtin_run(), None
    # MNIST from a folder has the folder's name, and MNIST's checksums.
    mnist = run.read_record().dataset.sha256
    on_mnist = [
        item
        for item in completed
        if item[0].dataset.name == "mnist" or mnist.items() <= item[0].dataset.sha256.items()
    ]
    if on_mnist:
        _, run = on_mnist[-1]
    if completed and completed[-1] not in on_mnist:
        record, latest_run = completed[-1]
        note = f"{latest_run.path} is the latest run, but of {record.dataset.name}, not MNIST"
    check_files(run.path)
    return run, note


def completed_runs() -> list[tuple[RunRecord, RunDirectory]]:
    """Return the runs that were completed, the latest last, with their records."""
    completed = [item for item in _recorded_runs() if item[0].status == "completed"]
    return sorted(completed, key=lambda item: item[0].finished or "")


def _means_builtin(path: Path) -> bool:
    """Return whether a path is the built-in run's, or its name where no folder has it."""
    is_name = path == Path(BUILTIN_NAME) and not path.is_dir()
    return is_name or path.absolute() == builtin_run().path


def list_runs(folder: Path) -> list[RunDirectory]:
    """Return the run directories in a folder, by name; those of a sweep are in its `trials`."""
    paths = [
        path for pattern in ("*/run.json", "trials/*/run.json") for path in folder.glob(pattern)
    ]
    runs = [RunDirectory(path.parent) for path in paths if not path.parent.name.startswith(".")]
    return sorted(runs, key=lambda run: _natural_order(run.name))


def _natural_order(name: str) -> list[tuple[int, str]]:
    """Return a key by which seed-10 comes after seed-9."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"([0-9]+)", name)]


def _recorded_runs() -> list[tuple[RunRecord, RunDirectory]]:
    """Return the runs whose run.json can be read, with their records."""
    runs = []
    for run in list_runs(runs_root()):
        with suppress(RunError):
            runs.append((run.read_record(), run))
    return runs
