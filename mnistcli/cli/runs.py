"""`mnistcli runs`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.options import Json
from mnistcli.errors import RunError, UsageError, command_line, printable

if TYPE_CHECKING:
    from mnistcli.comparison import Difference, RunRow
    from mnistcli.runs import RunDirectory


def runs_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Folders of runs, or runs; by default runs/.",
            show_default=False,
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Show only runs that meet this condition: test_accuracy>=0.99, "
            "optimizer=Adam, status!=failed. Can be given again.",
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Sort by a metric or any other key, smallest first; by default by time of start.",
            show_default=False,
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Largest or latest first.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Show only the first N.", show_default=False),
    ] = None,
    all_columns: Annotated[
        bool, typer.Option("--all-columns", help="Show all that is known, a line for each key.")
    ] = False,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print all columns as CSV.")] = False,
) -> None:
    """List runs, with the settings in which they differ."""
    from mnistcli.comparison import find_differences, parse_condition, read_row, select

    if json + csv + all_columns > 1:
        raise UsageError("--json, --csv and --all-columns do not go together", "use one of them")
    conditions = [parse_condition(text) for text in where or ()]
    directories, folders = _find_runs(paths)
    all_rows = [read_row(run) for run in directories]
    rows = select(all_rows, conditions, sort, reverse, limit)
    differences = find_differences([row.settings for row in rows if row.settings])
    if json:
        _print_json(rows, differences)
    elif csv:
        _print_csv(rows)
    elif all_columns:
        _print_all(rows)
    else:
        from mnistcli.cli.console import results
        from mnistcli.cli.run_views import runs_view

        if rows:
            results().print(runs_view(rows, differences))
        _print_rest(rows, len(all_rows), folders, sort)


def _find_runs(paths: list[Path] | None) -> "tuple[list[RunDirectory], list[Path]]":
    """Return the runs that the paths are or hold, and the folders of runs beside them.

    Raises:
        RunError: there is none.
    """
    from mnistcli.runs import RunDirectory, list_runs, runs_root

    runs: dict[Path, RunDirectory] = {}
    folders = []
    for path in paths or [runs_root()]:
        if RunDirectory(path).record.exists():
            found = [RunDirectory(path)]
        elif path.is_dir():
            found = list_runs(path)
            folders += [
                child
                for child in sorted(path.iterdir())
                if child.name != "trials" and _holds_runs(child)  # its runs are among `found`
            ]
        else:
            raise RunError(
                f"there is no folder {path}",
                "expected a run, or a folder of runs such as runs/",
                "train one with: mnistcli train quickstart",
            )
        runs |= {run.path: run for run in found}
    if not runs and not folders:
        raise RunError(
            f"there are no runs in {', '.join(map(str, paths or [runs_root()]))}",
            "train one with: mnistcli train quickstart",
        )
    return list(runs.values()), folders


def _holds_runs(path: Path) -> bool:
    from mnistcli.runs import list_runs

    is_run = (path / "run.json").exists()
    return not path.name.startswith(".") and not is_run and path.is_dir() and bool(list_runs(path))


def _print_rest(rows: "list[RunRow]", total: int, folders: list[Path], sort: str | None) -> None:
    """Print what the table leaves out, and what to type next."""
    from rich.text import Text

    from mnistcli.cli.console import progress, results
    from mnistcli.numbers import format_count
    from mnistcli.runs import list_runs

    if not rows:
        results().print(f"none of {total:,} runs meets all conditions; see --all-columns")
    elif len(rows) < total:
        results().print(f"{len(rows):,} of {format_count(total, 'run')}")
    for row in rows:
        if row.problem:
            problem = Text("damaged: ", style="bold red") + Text(row.problem)
            progress().print(problem, soft_wrap=True)
    for folder in folders:
        count = format_count(len(list_runs(folder)), "run")
        results().print(f"{folder} holds {count}: {command_line('runs', folder)}", soft_wrap=True)
    good = [row for row in rows if row.metrics.get("test_accuracy") is not None]
    if len(good) >= 2:
        first, second = (good[0], good[1]) if sort else (good[-2], good[-1])
        line = command_line("compare", first.run.path, second.run.path)
        results().print(f"Next: {line}", soft_wrap=True)
    elif good:
        results().print(f"Next: {command_line('evaluate', good[0].run.path)}", soft_wrap=True)


def _print_json(rows: "list[RunRow]", differences: "list[Difference]") -> None:
    from mnistcli.cli.console import print_json

    runs = []
    for row in rows:
        document: dict[str, Any] = {"run": str(row.run.path), "status": row.status}
        if row.problem:
            document["problem"] = row.problem
        runs.append(document | {"values": row.values})
    print_json({"runs": runs, "differences": [difference.key for difference in differences]})


def _print_csv(rows: "list[RunRow]") -> None:
    import csv
    import sys

    columns = list(dict.fromkeys(key for row in rows for key in row.values))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["run", *columns])
    for row in rows:
        writer.writerow(
            [printable(str(row.run.path)), *(row.values.get(column) for column in columns)]
        )


def _print_all(rows: "list[RunRow]") -> None:
    from mnistcli.cli.console import results
    from mnistcli.cli.run_views import values_view

    for row in rows:
        results().print(values_view(row))
