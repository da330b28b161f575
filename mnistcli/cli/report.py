"""`mnistcli report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.completion import complete_runs
from mnistcli.cli.options import Json, find_named_runs
from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistcli.runs import RunDirectory

SUFFIXES = (".html", ".htm")
# Before the first name or text of a user, so that a page cannot name another maker.
GENERATOR_TAG = b'<meta name="generator" content="mnistcli '
HEAD_BYTES = 200


def report_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run directories, or folders with a run for each seed.",
            show_default=False,
            callback=find_named_runs,
            autocompletion=complete_runs,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="HTML",
            help="The file to write; by default report.html in the run, and for several runs "
            "comparison.html in the first.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    json: Json = False,
) -> None:
    """Write one HTML page about a run, or about several."""
    from mnistcli.cli.console import print_json, progress, results
    from mnistcli.cli.groups import list_members, open_group
    from mnistcli.comparison import compare_groups
    from mnistcli.numbers import format_bytes
    from mnistcli.reports.contents import read_contents
    from mnistcli.runs import write_whole

    if out is not None:
        _check_out(out, force)
    directories = [member for run in runs for member in list_members(run)]
    is_comparison = len(directories) > 1
    path = out or runs[0] / ("comparison.html" if is_comparison else "report.html")
    if out is None:
        _check_own(path)
    load = None if is_comparison else _load_test_images
    contents = [read_contents(directory, load) for directory in directories]
    from mnistcli.reports.render import render_comparison, render_run

    if is_comparison:
        # The runs of one folder are compared with each other.
        names = runs if len(runs) > 1 else [directory.path for directory in directories]
        comparison = compare_groups([open_group(name) for name in names])
        page = render_comparison(comparison, contents).encode()
    else:
        page = render_run(contents[0]).encode()
    write_whole(path, page)
    notes = [(each, note) for each in contents for note in each.notes]
    if json:
        print_json(
            {
                "report": str(path),
                "bytes": len(page),
                "runs": [str(run) for run in runs],
                "missing": [
                    {"run": str(each.directory.path), "text": note.text, "command": note.command}
                    for each, note in notes
                ],
            }
        )
        return
    for each, note in notes:
        text = f"note: {each.directory.path}: {note.text} {note.command or ''}".rstrip()
        progress().print(text, style="yellow", soft_wrap=True)
    results().print(f"Written to {path} ({format_bytes(len(page))})", soft_wrap=True)
    commands = [note.command for _, note in notes if note.command]
    next_line = (
        commands[0] if commands else command_line("predict", "IMAGE", "--run", directories[0].path)
    )
    results().print(f"Next: {next_line}", soft_wrap=True)


def _load_test_images(
    directory: "RunDirectory",
) -> "tuple[NDArray[np.uint8], NDArray[np.uint8]]":
    """Return the images and labels of a run's test set.

    Raises:
        MnistcliError: they are gone, or have changed.
    """
    from mnistcli.cli.data import load_run_data

    dataset = load_run_data(directory)
    return dataset.test_images, dataset.test_labels


def _check_out(path: Path, force: bool) -> None:
    """Check the name of a file to write, before any work is done.

    Raises:
        UsageError: it has another suffix, is a folder or in none, or exists and `force` is False.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path} is not the name of an HTML page", "expected one that ends in .html"
        )
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: {path.parent} is no folder", "expected a folder")
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "expected the name of a file")
    if not force and (path.exists() or path.is_symlink()):
        raise UsageError(f"{path} exists", "expected another name, or --force to replace it")


def _check_own(path: Path) -> None:
    """Check that a file is free, or a page that mnistcli wrote.

    Raises:
        UsageError: it is another page.
        RunError: it is no file, or cannot be read.
    """
    from mnistcli.runs.reading import open_file

    try:
        with open_file(path) as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        return
    if GENERATOR_TAG not in head:
        raise UsageError(
            f"{path} was not made by mnistcli, so it is not replaced",
            "expected another name, with --out",
        )
