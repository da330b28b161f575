"""`mnistcli reproduce`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mnistcli.cli.options import Json, Quiet, RunArgument

if TYPE_CHECKING:
    from mnistcli.training import Reproduction


def reproduce_command(
    run: RunArgument,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a run again, and compare every epoch."""
    from mnistcli.cli.console import print_json, progress, results, tensorflow_starting
    from mnistcli.cli.data import load_training_data, print_heading
    from mnistcli.execution import request_kernels
    from mnistcli.runs import open_to_read

    directory = open_to_read(run)
    directory.require_training()
    file = directory.read_config()
    dataset = load_training_data(file, quiet)
    if not quiet:
        print_heading(file, dataset)
    request_kernels(directory.read_record().kernels)
    with tensorflow_starting(quiet):
        from mnistcli import training
        from mnistcli.cli.display import TrainingDisplay
    with TrainingDisplay(progress(), quiet) as display:
        reproduction = training.reproduce_run(directory, dataset, [display])
    if json:
        print_json({"run": str(run)} | reproduction.to_json())
    else:
        results().print(*_describe(reproduction, run), sep="\n", soft_wrap=True)
    if not reproduction.is_identical:
        raise typer.Exit(1)


def _describe(reproduction: "Reproduction", run: Path) -> list[str]:
    lines = [f"{run}, trained again:"]
    compared = {f"epoch {epoch}": found for epoch, found in reproduction.epochs.items()}
    if reproduction.test is not None:
        compared["test"] = reproduction.test
    for name, differences in compared.items():
        told = "identical"
        if differences:
            first, *others = differences
            more = f", and {len(others)} more" if others else ""
            told = f"{first.metric} is {first.now}, was {first.recorded}{more}"
        lines.append(f"  {name:<10}  {told}")
    if reproduction.is_identical:
        lines.append("Identical to the last bit; only the times differ.")
        return lines
    where = next(name for name, differences in compared.items() if differences)
    lines.append(f"Not identical; the first difference is in {where}.")
    if reproduction.environment:
        lines.append("What could explain it:")
        lines += [f"  {each}" for each in reproduction.environment]
    else:
        lines.append("Versions, hardware and threads are the same as in the run.")
    return lines
