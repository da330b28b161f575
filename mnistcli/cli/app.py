"""The `mnistcli` command: its subcommands, and the one place that prints errors."""

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mnistcli import __version__
from mnistcli.cli.evaluate import evaluate_command
from mnistcli.cli.predict import predict_command
from mnistcli.cli.reproduce import reproduce_command
from mnistcli.cli.schema import schema_command
from mnistcli.cli.show import show_app
from mnistcli.cli.summary import summary_command
from mnistcli.cli.train import train_command
from mnistcli.errors import ConfigError, MnistcliError, StopSignal

if TYPE_CHECKING:
    from io import TextIOWrapper

app = typer.Typer(
    name="mnistcli",
    help="Train handwritten-digit classifiers from a YAML file.",
    epilog="Begin with: mnistcli train configs/quickstart.yaml",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing Rich's Markdown would double the time of --help
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("predict")(predict_command)
app.command("summary")(summary_command)
app.command("reproduce")(reproduce_command)
app.add_typer(show_app, name="show")
app.command("schema")(schema_command)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"mnistcli {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None: ...


def run() -> None:
    """Run the command line, and exit with its status: 0, 1, 2, or 128 and a signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _raise_stop_signal)
    for stream in (sys.stdout, sys.stderr):
        # A file name, or a picture drawn in blocks, must not fail on an ASCII terminal.
        cast("TextIOWrapper", stream).reconfigure(errors="replace")
    try:
        app()
    except MnistcliError as error:
        _print_error(error)
        sys.exit(error.exit_code)
    except Exception as error:
        # TensorFlow's own error goes by its name: it may not be loaded.
        if not (isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"):
            raise
        told = [line for line in str(error).splitlines() if "OOM" in line or "allocate" in line]
        reason = (told or ["no more could be had"])[0].strip()[:200]
        _print_error(
            MnistcliError(
                f"out of memory: {reason}",
                "expected room for the network and a batch; try a smaller batch_size or network",
            )
        )
        sys.exit(MnistcliError.exit_code)
    except StopSignal as stop:
        print("interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(128 + stop.signal_number)


def _raise_stop_signal(signal_number: int, _frame: FrameType | None) -> None:
    raise StopSignal(signal_number)


def _print_error(error: MnistcliError) -> None:
    from rich.text import Text

    from mnistcli.cli.console import progress

    text = Text(str(error))
    if not (isinstance(error, ConfigError) and ": error: " in str(error)):
        text = Text("error: ") + text
    text.highlight_regex(r"(?m)(^|(?<=: ))error:", "bold red")
    progress().print(text, soft_wrap=True)
