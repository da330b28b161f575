"""`mnistcli draw`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mnistcli.cli.options import Json
from mnistcli.errors import MnistcliError, UsageError

INSTALL = "python -m pip install 'mnistcli[draw]'"


def draw_command(
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="A run directory, or builtin for the model that comes with mnistcli. By default "
            "the latest completed run on MNIST, else builtin.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The page's port; 0 for any.")
    ] = 8000,
    save_to: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the page saves labelled pictures.")
    ] = Path("mine"),
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only show the page's address.")
    ] = False,
    json: Json = False,
) -> None:
    """Draw digits on a page, and see what the network sees."""
    _check_packages()
    if save_to.exists() and not save_to.is_dir():
        raise UsageError(f"{save_to} is no folder", "expected one, or a new name, with --save-to")
    import gc
    import secrets

    from mnistcli.cli.console import print_json, progress, results
    from mnistcli.data.locate import expand_home
    from mnistcli.runs import choose_run, describe_run, open_to_read
    from mnistcli.web import DrawingFolder, PageReader, make_app, open_socket, page_hosts, serve

    save_to = expand_home(str(save_to))  # as the training that reads it
    directory, note = (open_to_read(run), None) if run else choose_run()
    if note:
        progress().print(f"{note}; to read with it, name it with --run", soft_wrap=True)
    reader = PageReader(directory)
    reader.open(0)
    with open_socket(port) as listener:
        port = listener.getsockname()[1]
        app = make_app(reader, DrawingFolder(save_to), page_hosts(port), secrets.token_urlsafe(32))
        address = f"http://127.0.0.1:{port}/"
        if json:
            print_json({"address": address, "run": describe_run(directory), "folder": str(save_to)})
        else:
            results().print(f"Read by {describe_run(directory)}", soft_wrap=True)
            results().print(f"Next: open {address} (Ctrl-C ends it)", soft_wrap=True)
        results().file.flush()
        if not no_browser:
            _open_browser(address)
        gc.enable()  # `main` turned it off, and a server runs for hours
        serve(app, listener)


def _check_packages() -> None:
    """Raise `MnistcliError` if what only this command needs is not installed."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise MnistcliError(
            f"the page needs {' and '.join(missing)}, not installed here",
            f"install it with: {INSTALL}",
        )


def _open_browser(address: str) -> None:
    """Open the page, where there is a display: a browser in the terminal would take its place."""
    from mnistcli.cli.figures import has_display

    if has_display():
        import webbrowser

        webbrowser.open(address)
