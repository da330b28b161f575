"""`mnistcli doctor`."""

from pathlib import Path
from typing import Any

import typer

from mnistcli.cli.options import Json
from mnistcli.errors import MnistcliError


def doctor_command(json: Json = False) -> None:
    """Show versions, device, data and runs, and what is missing."""
    from mnistcli.cli.console import print_json, progress, results

    document = _examine()
    if json:
        print_json(document)
    else:
        results().print(_table(document))
    for problem in document["problems"]:
        progress().print(f"error: {problem}", style="bold red", soft_wrap=True)
    if document["problems"]:
        raise typer.Exit(MnistcliError.exit_code)
    if not json:
        results().print("Next: mnistcli train quickstart")


def _examine() -> dict[str, Any]:
    """Return what is known without TensorFlow."""
    from mnistcli.cli.installation import install_line, list_extras, list_missing, list_versions
    from mnistcli.data import find_mnist
    from mnistcli.errors import DataError
    from mnistcli.execution import describe_kernels, list_gpus
    from mnistcli.runs import describe_hardware, list_runs, runs_root

    problems = [f"{name} is not installed, which mnistcli needs" for name in list_missing()]
    mnist = None
    try:
        mnist = find_mnist()
    except DataError as error:
        problems.append(str(error))
    return {
        "versions": list_versions(),
        "package": str(Path(__file__).parents[1]),
        "hardware": describe_hardware(),
        "gpus": list_gpus(),
        "kernels": describe_kernels(),
        "mnist": mnist.source if mnist else None,
        "runs": {"folder": str(runs_root().absolute()), "count": len(list_runs(runs_root()))},
        "extras": {
            extra: {"missing": missing, "install": install_line(extra)}
            for extra, missing in list_extras().items()
        },
        "problems": problems,
    }


def _table(document: dict[str, Any]) -> Any:
    from rich.table import Table

    hardware, runs = document["hardware"], document["runs"]
    rows = {name: version or "not installed" for name, version in document["versions"].items()}
    rows["mnistcli"] += f", in {document['package']}"
    rows["system"] = hardware["system"]
    rows["processor"] = f"{hardware['processor']}, {hardware['cores']} cores"
    if document["gpus"]:
        rows["device"] = f"{', '.join(document['gpus'])}, if TensorFlow has its CUDA libraries"
    else:
        rows["device"] = "CPU"
    rows["kernels"] = document["kernels"]
    rows["MNIST"] = document["mnist"] or "not on this machine; the first training downloads it"
    rows["runs"] = f"{runs['count']:,} in {runs['folder']}"
    for name, extra in document["extras"].items():
        missing = f"not installed; for it: {extra['install']}"
        rows[f"[{name}]"] = missing if extra["missing"] else "installed"
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows.items():
        table.add_row(*row)
    return table
