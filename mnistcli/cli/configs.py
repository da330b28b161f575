"""`mnistcli configs`: the configs that come with mnistcli."""

import os
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_names
from mnistcli.cli.help import CommandGroup
from mnistcli.cli.options import Json
from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.gallery import ShippedConfig

STANDARD_OUTPUT = Path("-")

configs_app = typer.Typer(
    cls=CommandGroup,
    help="List the configs that come with mnistcli, or copy one.",
    rich_markup_mode=None,
)


@configs_app.callback(invoke_without_command=True)
def list_configs(context: typer.Context, json: Json = False) -> None:
    """List the configs that come with mnistcli, or copy one."""
    if context.invoked_subcommand:
        return
    from mnistcli.cli.console import print_json, results
    from mnistcli.gallery import describe_config, list_names

    configs = [describe_config(name) for name in list_names()]
    if json:
        print_json({"configs": [vars(config) for config in configs]})
        return
    results().print(*_tables(configs), sep="", end="")
    results().print("Next: mnistcli train quickstart", soft_wrap=True)


@configs_app.command("copy", epilog="Example: mnistcli configs copy cnn my.yaml")
def copy_named_config(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="One of those that `mnistcli configs` lists.",
            show_default=False,
            autocompletion=complete_names,
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A YAML file that is made, or - for standard output.",
            show_default=False,
        ),
    ],
    json: Json = False,
) -> None:
    """Copy a config, to change it."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.config import suggest_config
    from mnistcli.gallery import copy_config, list_names
    from mnistcli.runs import write_whole

    if name not in list_names():
        hint = suggest_config(Path(name)) or "; `mnistcli configs` lists them"
        raise UsageError(f"no config of the name {name} comes with mnistcli{hint}")
    if file == STANDARD_OUTPUT:
        sys.stdout.write(copy_config(name, Path(f"{Path(name).name}.yaml")))
        return
    if os.path.lexists(file):
        raise UsageError(f"{file} exists", "expected the name of a new file")
    write_whole(file, copy_config(name, file))
    if json:
        print_json({"config": name, "file": str(file)})
        return
    command = "sweep" if name.startswith("sweeps/") else "train"
    results().print(
        f"Written to {file}", f"Next: {command_line(command, file)}", sep="\n", soft_wrap=True
    )


def _tables(configs: "list[ShippedConfig]") -> Iterator[Any]:
    """Return a table for each folder, as wide as its names need."""
    from rich.text import Text

    from mnistcli.cli.tables import FittingTable
    from mnistcli.numbers import format_percent

    for _, members in groupby(configs, lambda config: Path(config.name).parent):
        table = FittingTable()
        table.add_column("name", no_wrap=True)
        table.add_column("what it is", overflow="fold")
        table.add_column("test acc", justify="right", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        for config in members:
            cells = ["-", "-"]
            if config.accuracy is not None and config.seconds is not None:
                cells = [format_percent(config.accuracy, decimals=2), _about(config.seconds)]
            title = Text(config.title, no_wrap=True, overflow="ellipsis")
            table.add_row(config.name, title, *cells)
        yield table


def _about(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
