"""`mnistcli help`."""

from typing import Annotated

import typer


def help_command(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Such as train, or show features."),
    ] = None,
) -> None:
    """Show the help of a command."""
    root = context.find_root()
    root.command.main([*(command or ()), "--help"], root.info_name, standalone_mode=False)
