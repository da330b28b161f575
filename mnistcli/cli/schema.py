"""`mnistcli schema`."""

import typer


def schema_command() -> None:
    """Print the JSON Schema of configs, for editors."""
    import json

    from mnistcli.config import config_schema

    # One line: the schema is long and read by programs.
    typer.echo(json.dumps(config_schema()))
