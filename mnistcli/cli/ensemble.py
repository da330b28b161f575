"""`mnistcli ensemble`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_runs
from mnistcli.cli.options import Json, NewRun, find_named_runs
from mnistcli.errors import UsageError, printable

if TYPE_CHECKING:
    from mnistcli.data import Dataset
    from mnistcli.ensembles import MemberRun
    from mnistcli.ensembles.ensemble import EnsembleResult

MOST_MEMBERS = 100  # a choice of so many takes seconds


def ensemble_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run directories, or folders with a run for each seed. A run that is named twice "
            "counts twice.",
            show_default=False,
            callback=find_named_runs,
            autocompletion=complete_runs,
        ),
    ],
    best: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=MOST_MEMBERS,
            help="Choose at most N of them by the validation images; a run may count twice.",
            show_default=False,
        ),
    ] = None,
    run_dir: NewRun = None,
    json: Json = False,
) -> None:
    """Make a run whose model is the average of others."""
    from mnistcli.cli.console import print_json, progress, results, tensorflow_starting
    from mnistcli.cli.figures import write_new_figures
    from mnistcli.cli.groups import list_members
    from mnistcli.cli.outcome import print_next, print_result
    from mnistcli.ensembles import open_members
    from mnistcli.execution import preferred_kernels, request_kernels
    from mnistcli.runs import check_writable

    check_writable(run_dir)
    members = open_members([run.path for path in runs for run in list_members(path)])
    if best:
        _check_validation(members)
    dataset = _load_data(members)
    members[0].run.check_data(dataset)
    request_kernels(preferred_kernels(members[0].config))
    with tensorflow_starting():
        from mnistcli.ensembles.ensemble import make_ensemble
    with progress().status("ensemble") as status:
        result = make_ensemble(members, dataset, best, run_dir, status.update)
    if json:
        print_json({"run": str(result.run.path)} | result.record.to_json())
    else:
        results().print(_candidate_table(result))
        results().print(_describe_gain(result))
        print_result(result.evaluation, _describe_members(result), result.run)
    figures = write_new_figures(result.run, dataset, result.probabilities)
    if not json:
        print_next(result.run, figures)


def _check_validation(members: "list[MemberRun]") -> None:
    """Raise `UsageError` unless all members have validation images that are no test images."""
    for member in members:
        if not member.is_validated:
            raise UsageError(
                f"--best chooses by validation images, and {member.path} has none of its own",
                "expected runs trained with some, such as data.validation: 5000",
            )


def _load_data(members: "list[MemberRun]") -> "Dataset":
    """Load the data of all members, from where the first of them that still has it found it.

    Raises:
        DataError: none has it.
    """
    from mnistcli.data import DataMissingError, load_dataset

    *names, last_name = dict.fromkeys(member.config.data.dataset for member in members)
    for name in names:
        with suppress(DataMissingError):
            return load_dataset(name)
    return load_dataset(last_name)


def _candidate_table(result: "EnsembleResult") -> Any:
    from mnistcli.cli.tables import FittingTable
    from mnistcli.numbers import format_percent

    has_validation = bool(result.record.dataset.validation_images)
    table = FittingTable()
    table.add_column("run", overflow="fold")
    if has_validation:
        table.add_column("val acc", justify="right", no_wrap=True)
    table.add_column("counts", justify="right", no_wrap=True)
    for candidate, weight in zip(result.candidates, result.average.weights, strict=True):
        cells = [printable(str(candidate.member.path))]
        if has_validation:
            cells.append(format_percent(candidate.accuracy, decimals=2))
        table.add_row(*cells, str(weight) if weight else "-", style=None if weight else "dim")
    return table


def _describe_gain(result: "EnsembleResult") -> str:
    """Say what the average is worth on the validation images, and what choosing gained there."""
    from mnistcli.numbers import format_count, format_percent

    num_images = result.record.dataset.validation_images
    if not num_images:
        members = [candidate.member for candidate in result.candidates]
        names = ", ".join(str(member.path) for member in members if not member.holds_out)
        return f"{names} held out no validation images, so there are none to compare by."
    by_test = result.candidates[0].member.config.data.validation == "test"
    images = format_count(num_images, "test image" if by_test else "validation image")
    average = format_percent(result.average.accuracy, decimals=2)
    best = max(candidate.accuracy for candidate in result.candidates)
    text = (
        f"On {images}: {average}, where the best of them alone has "
        f"{format_percent(best, decimals=2)}"
    )
    if result.all_candidates:
        accuracy = format_percent(result.all_candidates.accuracy, decimals=2)
        text += f" and all {len(result.candidates)} together have {accuracy}"
    return f"{text}."


def _describe_members(result: "EnsembleResult") -> dict[str, str]:
    """Return the least and the highest test accuracy of the members."""
    from mnistcli.numbers import format_percent

    accuracies = [
        (candidate.member.record.metrics or {}).get("test_accuracy")
        for candidate, weight in zip(result.candidates, result.average.weights, strict=True)
        if weight
    ]
    known_accuracies = [accuracy for accuracy in accuracies if accuracy is not None]
    if not known_accuracies:
        return {}
    low, high = (
        format_percent(accuracy, decimals=2)
        for accuracy in (min(known_accuracies), max(known_accuracies))
    )
    return {"each alone": f"{low} to {high}"}
