"""`mnistcli sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_configs, complete_runs
from mnistcli.cli.options import Json, NewRun, Overrides, Quiet, find_named_run
from mnistcli.cli.sweep_run import View, begin, check_optuna, resume_sweep, try_plan
from mnistcli.errors import MnistcliError, UsageError

if TYPE_CHECKING:
    from mnistcli.sweeps.address import Address

_ADDITIONS = ("trials", "minutes", "confirm")  # the options that a sweep can go on with


def sweep_command(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A sweep file, such as my.yaml, or sweeps/mlp, which comes with mnistcli; with "
            "--search, a config.",
            show_default=False,
            autocompletion=complete_configs,
        ),
    ] = None,
    searches: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=RANGE",
            help="Search a key of the config: batch_size=choice(32, 64), "
            "optimizer.Adam.learning_rate=log(1e-4, 1e-2). Also uniform(0, 0.5) and int(16, 256). "
            "Can be given again.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    trials: Annotated[
        int | None,
        typer.Option(metavar="N", help="Stop after N trials.", show_default=False),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            help="Begin no more trials after M minutes of training.",
            show_default=False,
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="What to improve: val_accuracy, or another of the validation images.",
            show_default=False,
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What chooses the settings: tpe, random, grid, qmc or cmaes.",
            show_default=False,
        ),
    ] = None,
    pruner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What ends bad trials early: none, median, successive_halving or hyperband.",
            show_default=False,
        ),
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option(
            metavar="best=N,seeds=N",
            help="Train the N best trials again, each with N other seeds: best=3,seeds=3.",
            show_default=False,
        ),
    ] = None,
    run_dir: NewRun = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Go on with a sweep that was cut short, or for more --trials; needs no FILE.",
            show_default=False,
            callback=find_named_run,
            autocompletion=complete_runs,
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Processes that train at a time.")
    ] = 1,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Share the trials through a PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE. "
            "The same line on other machines joins. Where one shows no life for 120 seconds, "
            "others train its trials again.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, try one step, write nothing.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Search the settings of a config; each trial is a run."""
    from mnistcli.runs import check_writable
    from mnistcli.sweeps import load_plan, plan_search

    values = {
        "trials": trials,
        "minutes": minutes,
        "goal": goal,
        "sampler": sampler,
        "pruner": pruner,
        "confirm": confirm,
    }
    options = {key: value for key, value in values.items() if value is not None}
    view = View(quiet, json)
    if resume:
        unused = {"FILE": file, "--search": searches, "--set": overrides, "--run-dir": run_dir}
        _check_resume(resume, unused, options)
        resume_sweep(resume, options, _read_address(storage), workers, dry_run, view)
        return
    if file is None:
        raise UsageError(
            "no sweep file given",
            "expected: mnistcli sweep FILE, or mnistcli sweep --resume FOLDER",
        )
    if searches:
        plan = plan_search(file, searches, options, overrides or ())
    else:
        plan = load_plan(file, options, overrides or ())
    address = _read_address(storage)
    if dry_run:
        try_plan(plan, view)
        return
    check_optuna()
    check_writable(run_dir)
    begin(plan, run_dir, address, workers, view)


def _read_address(storage: str | None) -> "Address | None":
    if storage is None:
        return None
    from mnistcli.sweeps.address import parse_address

    check_optuna()
    return parse_address(storage)


def _check_resume(resume: Path, unused: dict[str, Any], options: dict[str, Any]) -> None:
    """Raise `UsageError` if a sweep would not go on as it began."""
    fixed = {f"--{key}": value for key, value in options.items() if key not in _ADDITIONS}
    names = [name for name, value in (unused | fixed).items() if value]
    if names:
        raise UsageError(
            f"--resume does not go with {' and '.join(names)}",
            "a sweep goes on with its own sweep.yaml, in its own folder",
        )
    from mnistcli.runs import is_locked

    if is_locked(resume):
        raise MnistcliError(
            f"a process sweeps in {resume} already", "expected to wait for it, or to stop it"
        )
