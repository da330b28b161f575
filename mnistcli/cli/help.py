"""`mnistcli help`, and how groups of commands list them."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """A group whose help has each summary whole, on several lines where there is no room."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line for each command."""
        rows = [
            (name, command.get_short_help_str(limit=sys.maxsize))
            for name, command in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def help_command(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="A command, such as train or show features."),
    ] = None,
) -> None:
    """Show the help of a command."""
    root = context.find_root()
    root.command.main([*(command or ()), "--help"], root.info_name, standalone_mode=False)
