"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer


def check_figure(path: Path | None) -> Path | None:
    """Return the path of a figure to write, after a check that it may be written."""
    from mnistcli.cli.figures import check_figure_path

    if path is not None:
        check_figure_path(path)
    return path


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)
]
NewRun = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        metavar="DIR",
        help="The run directory to make; by default one under runs/.",
        show_default=False,
    ),
]
