"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from mnistcli.cli.completion import complete_configs, complete_runs, complete_settings


def check_figure(path: Path | None) -> Path | None:
    """Return the path of a figure to write, after a check that it may be written."""
    from mnistcli.cli.figures import check_figure_path

    if path is not None:
        check_figure_path(path)
    return path


def find_named_run(context: typer.Context, path: Path | None) -> Path | None:
    """Return the path of the run that an argument names, as `find_run` does."""
    from mnistcli.runs import find_run

    return path if path is None or context.resilient_parsing else find_run(path)


def find_named_runs(context: typer.Context, paths: list[Path] | None) -> list[Path] | None:
    """Return the paths of the runs that an argument names, as `find_run` does."""
    from mnistcli.runs import find_run

    return paths if paths is None or context.resilient_parsing else list(map(find_run, paths))


def find_described(context: typer.Context, path: Path) -> Path:
    """Return the path of a config, or of the run that an argument names, as `find_run` does."""
    from mnistcli.gallery import find_config
    from mnistcli.runs import find_run

    is_shipped = find_config(path) != path
    return path if is_shipped or context.resilient_parsing else find_run(path)


Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
ConfigArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="A YAML file, a name that `mnistcli configs` lists, or - for standard input.",
        show_default=False,
        autocompletion=complete_configs,
    ),
]
ConfigOrRun = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="A YAML file, a name that `mnistcli configs` lists, - for standard input, or a run.",
        show_default=False,
        callback=find_described,
        autocompletion=complete_configs,
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run directory, or the beginning of its name in runs/.",
        show_default=False,
        callback=find_named_run,
        autocompletion=complete_runs,
    ),
]
LatestRun = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        help="A run directory, or the beginning of its name in runs/; by default the latest.",
        show_default=False,
        callback=find_named_run,
        autocompletion=complete_runs,
    ),
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
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the config: epochs=3, optimizer.Adam.learning_rate=0.01. "
        "Can be given again.",
        show_default=False,
        autocompletion=complete_settings,
    ),
]
