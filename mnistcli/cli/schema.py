"""`mnistcli schema`."""

import typer


def schema_command() -> None:
    """Print the JSON Schema of configs, for editors."""
    import json

    from mnistcli.config import config_schema

    # On one line: it is long, and for programs.
    typer.echo(json.dumps(config_schema()))
