"""The `mnistcli` command: its subcommands, and the one place that prints errors."""

import itertools
import os
import re
import sys
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Annotated, Any

import typer

from mnistcli.cli.compare import compare_command
from mnistcli.cli.completion import SHELL_VARIABLE, completion_command, print_completions
from mnistcli.cli.configs import configs_app
from mnistcli.cli.doctor import doctor_command
from mnistcli.cli.draw import draw_command
from mnistcli.cli.ensemble import ensemble_command
from mnistcli.cli.evaluate import evaluate_command
from mnistcli.cli.export import export_command
from mnistcli.cli.help import CommandGroup, help_command
from mnistcli.cli.predict import predict_command
from mnistcli.cli.report import report_command
from mnistcli.cli.reproduce import reproduce_command
from mnistcli.cli.runs import runs_command
from mnistcli.cli.schema import schema_command
from mnistcli.cli.show import show_app
from mnistcli.cli.signals import end_process, raise_stop_signals
from mnistcli.cli.streams import finish_output, is_stdout_empty
from mnistcli.cli.summary import summary_command
from mnistcli.cli.sweep import sweep_command
from mnistcli.cli.train import train_command
from mnistcli.errors import ConfigError, MnistcliError, StopSignal, printable

app = typer.Typer(
    cls=CommandGroup,
    name="mnistcli",
    help="Train handwritten-digit classifiers from a YAML file.",
    epilog="Begin with: mnistcli train quickstart",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing Rich's Markdown would double the time of --help
    add_completion=False,  # there is `mnistcli completion`
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Each command, and an example of it, where it takes something.
_COMMANDS: tuple[tuple[str, Callable[..., None] | typer.Typer, str | None], ...] = (
    ("train", train_command, "train quickstart"),
    ("evaluate", evaluate_command, "evaluate runs/first --split validation"),
    ("predict", predict_command, "predict digit.png"),
    ("draw", draw_command, "draw --run builtin"),
    ("runs", runs_command, "runs --where 'test_accuracy>=97%' --sort test_accuracy"),
    ("compare", compare_command, "compare runs/first runs/second"),
    ("report", report_command, "report runs/first"),
    ("export", export_command, "export runs/first --format onnx"),
    ("ensemble", ensemble_command, "ensemble runs/first runs/second"),
    ("sweep", sweep_command, "sweep sweeps/mlp"),
    ("reproduce", reproduce_command, "reproduce runs/first"),
    ("summary", summary_command, "summary quickstart"),
    ("show", show_app, None),
    ("configs", configs_app, None),
    ("schema", schema_command, None),
    ("doctor", doctor_command, None),
    ("completion", completion_command, None),
    ("help", help_command, None),
)
for _name, _command, _example in _COMMANDS:
    if isinstance(_command, typer.Typer):
        app.add_typer(_command, name=_name)
    else:
        app.command(_name, epilog=_example and f"Example: mnistcli {_example}")(_command)


def _show_version(value: bool) -> None:
    if value:
        from mnistcli.cli.installation import list_versions

        ours, *others = (f"{name} {number}" for name, number in list_versions().items())
        typer.echo(f"{ours} ({', '.join(others)})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-v", "-V", callback=_show_version, is_eager=True, help="Show versions."
        ),
    ] = False,
) -> None: ...


def run() -> None:
    """Run the command line, and exit with its status: 0, 1, 2, or 128 plus a signal's number."""
    try:
        with raise_stop_signals():
            if shell := os.environ.get(SHELL_VARIABLE):
                print_completions(typer.main.get_command(app), shell, "".join(sys.argv[1:2]))
                status = finish_output(0)
            else:
                status = finish_output(app(standalone_mode=False) or 0)
    except StopSignal as stop:
        sys.stdout.flush()
        end_process(stop.signal_number)
    except Exception as exception:
        error: Any = exception
        # An error of Typer's: its class has another name in other versions.
        if hasattr(error, "format_message"):
            text = StringIO()
            error.show(text)
            advice = _advise(error)
            # Typer lists choices a line each, behind tabs.
            message = re.sub(r",?\n\t", lambda end: ", " if "," in end[0] else " ", text.getvalue())
            sys.stderr.write("\n".join([message.rstrip("\n"), *advice, ""]))
            status = error.exit_code
            _print_json_error((error.format_message(), *advice), status)
        else:
            from mnistcli.cli.refusals import find_user_error

            user_error = find_user_error(error)
            if user_error is None:
                raise
            _print_error(user_error)
            status = user_error.exit_code
            _print_json_error(user_error.args, status)
    sys.exit(status)


def _advise(error: Any) -> list[str]:
    """Return what to type instead of a command line that Typer refuses."""
    command = error.ctx.command if error.ctx else None
    is_help = error.format_message().startswith("Usage:")  # where no argument is given
    if not command or is_help:
        return []
    option = getattr(error, "option_name", "")
    if option and any("--set" in parameter.opts for parameter in command.params):
        from mnistcli.config import find_setting

        if key := find_setting(option.lstrip("-").replace("-", "_")):
            return [f"--set changes a key of the config: --set {key}=VALUE"]
    return [command.epilog] if command.epilog else []


def _print_error(error: MnistcliError) -> None:
    from rich.text import Text

    from mnistcli.cli.console import progress

    text = Text(str(error))
    if not (isinstance(error, ConfigError) and ": error: " in str(error)):
        text = Text("error: ") + text
    text.highlight_regex(r"(?m)(^|(?<=: ))error:", "bold red")
    progress().print(text, soft_wrap=True)


def _print_json_error(lines: Sequence[str], status: int) -> None:
    """Write an error to stdout as well, if the command was to write a JSON document there.

    A command that has written its document, and fails then, writes no second one.
    """
    options = itertools.takewhile(lambda argument: argument != "--", sys.argv[1:])
    if "--json" not in options or not is_stdout_empty():
        return
    from mnistcli.cli.console import print_json

    message, *details = map(printable, lines)
    print_json({"error": {"message": message, "details": details, "exit_status": status}})
