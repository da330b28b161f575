"""`mnistcli sweep`."""

import os
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mnistcli.cli.completion import complete_configs, complete_runs
from mnistcli.cli.options import Json, Quiet, find_named_run
from mnistcli.errors import MnistcliError, UsageError

if TYPE_CHECKING:
    from mnistcli.data import Dataset
    from mnistcli.sweeps import SweepPlan
    from mnistcli.sweeps.address import Address
    from mnistcli.sweeps.folder import SweepFolder
    from mnistcli.sweeps.results import SweepResult

_ADDITIONS = ("trials", "minutes", "confirm")  # the options that a sweep can go on with
INSTALL = "python -m pip install 'mnistcli[sweep]'"


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
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override a key of the config in all trials. Can be given again.",
            show_default=False,
        ),
    ] = None,
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
    run_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder to make; by default one under runs/.",
            show_default=False,
        ),
    ] = None,
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
    view = _View(quiet, json)
    if resume:
        unused = {"FILE": file, "--search": searches, "--set": overrides, "--run-dir": run_dir}
        _check_resume(resume, unused, options)
        _resume(resume, options, _read_address(storage), workers, dry_run, view)
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
        _try(plan, view)
        return
    _check_optuna()
    check_writable(run_dir)
    _begin(plan, run_dir, address, workers, view)


@dataclass(frozen=True)
class _View:
    """How a sweep is shown."""

    quiet: bool
    json: bool


def _read_address(storage: str | None) -> "Address | None":
    if storage is None:
        return None
    from mnistcli.sweeps.address import parse_address

    _check_optuna()
    return parse_address(storage)


def _check_optuna() -> None:
    """Raise `MnistcliError` if what only sweeps need is not installed."""
    missing = [name for name in ("optuna", "cmaes") if find_spec(name) is None]
    if missing:
        raise MnistcliError(
            f"sweeps need {' and '.join(missing)}, which is not installed",
            f"install it with: {INSTALL}",
        )


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


def _begin(
    plan: "SweepPlan",
    path: Path | None,
    address: "Address | None",
    workers: int,
    view: _View,
) -> None:
    if address:
        from mnistcli.sweeps.database import check_study

        check_study(plan, address)
    plan, dataset = _start(plan, view.quiet, kernels=None)
    from mnistcli.cli.console import progress
    from mnistcli.sweeps.folder import new_sweep_folder
    from mnistcli.sweeps.trials import check_with_keras, identify

    check_with_keras(plan, dataset.num_classes)
    if address:
        check_study(plan, address, identify(plan, dataset, is_shared=True))
    with new_sweep_folder(plan, path, progress().print, address) as folder:
        is_done = _sweep(plan, folder, dataset, address, None, workers, view)
    if not is_done:
        _restart(folder.path, address, view)


def _resume(
    path: Path,
    options: dict[str, Any],
    address: "Address | None",
    workers: int,
    dry_run: bool,
    view: _View,
) -> None:
    from mnistcli.cli.console import progress
    from mnistcli.runs import list_runs, write_whole
    from mnistcli.sweeps import load_plan
    from mnistcli.sweeps.folder import CONFIG, open_sweep_folder, read_address

    _check_optuna()
    with open_sweep_folder(path, progress().print) as folder:
        plan = load_plan(folder.sweep, options, ())
        address = read_address(folder, address)
        if dry_run:
            _try(plan, view)
            return
        if options:
            write_whole(folder.sweep, plan.to_yaml(CONFIG))
        if _show_finished(plan, folder, address, view):
            return
        recorded = [run.read_record().kernels for run in list_runs(path)[:1]]
        kernels = recorded[0] if recorded else None
        plan, dataset = _start(plan, view.quiet, kernels)
        is_done = _sweep(plan, folder, dataset, address, kernels, workers, view)
    if not is_done:
        _restart(path, address, view)


def _show_finished(
    plan: "SweepPlan", folder: "SweepFolder", address: "Address | None", view: _View
) -> bool:
    """Show what came of a sweep, without TensorFlow; return False if it is not finished."""
    from mnistcli.cli.console import progress
    from mnistcli.sweeps.results import find_result, write_result
    from mnistcli.sweeps.storage import open_storage

    result = find_result(plan, folder, open_storage(plan, folder, address, progress().print))
    if result is None:
        return False
    write_result(result)
    if not folder.figures.exists():
        _write_figures(result)
    _show(result, view.json)
    return True


def _restart(path: Path, address: "Address | None", view: _View) -> NoReturn:
    """Replace this process by one that goes on with the sweep."""
    arguments = ["sweep", "--resume", str(path)]
    arguments += ["--quiet"] * view.quiet + ["--json"] * view.json
    if address:
        arguments += ["--storage", address.url.render_as_string(hide_password=False)]
    sys.stdout.flush()
    sys.stderr.flush()
    interpreter = sys.orig_argv[: 1 - len(sys.argv)] if len(sys.argv) > 1 else sys.orig_argv
    os.execv(sys.executable, [*interpreter, *arguments])


def _start(plan: "SweepPlan", quiet: bool, kernels: str | None) -> "tuple[SweepPlan, Dataset]":
    """Load the data and start TensorFlow; return the plan with the data that is used."""
    from mnistcli.cli.data import load_and_start
    from mnistcli.execution import preferred_kernels

    (dataset,) = load_and_start([plan.file], quiet, kernels or preferred_kernels(plan.config))
    from mnistcli.training import resolve_data

    return replace(plan, file=resolve_data(plan.file, dataset)), dataset


def _sweep(
    plan: "SweepPlan",
    folder: "SweepFolder",
    dataset: "Dataset",
    address: "Address | None",
    kernels: str | None,
    workers: int,
    view: _View,
) -> bool:
    """Run the trials that are left, and show what came of all of them.

    Returns:
        Whether that is done; otherwise another process should go on, as `run_trials` says.
    """
    from mnistcli.cli.console import progress
    from mnistcli.cli.figures import write_new_figures
    from mnistcli.cli.refusals import explain_refusal
    from mnistcli.cli.sweep_display import SweepDisplay
    from mnistcli.sweeps.finish import finish_sweep
    from mnistcli.sweeps.storage import open_storage
    from mnistcli.sweeps.study import SweepStudy
    from mnistcli.sweeps.trials import Sweep, find_direction, identify, run_trials

    display = SweepDisplay(progress(), view.quiet, plan)
    storage = open_storage(plan, folder, address, display.noticed)
    identity = identify(plan, dataset, is_shared=address is not None)
    study = SweepStudy(plan, storage, find_direction(plan, dataset), identity)
    display.show(study)
    with closing(study), study.showing_life(), display:
        sweep = Sweep(plan, folder, study, dataset, display, explain_refusal)
        if workers > 1:
            from mnistcli.cli.sweep_worker import make_starter
            from mnistcli.sweeps.workers import Leader

            starter = make_starter(folder.path, plan, address, kernels, workers)
            with Leader(sweep, starter, workers) as leader:
                leader.run_trials()
                result, test = finish_sweep(sweep, leader.confirm)
        elif run_trials(sweep):
            result, test = finish_sweep(sweep)
        else:
            return False
    if test:
        write_new_figures(test.run, dataset, test.probabilities)
    _write_figures(result)
    _show(result, view.json)
    return True


def _write_figures(result: "SweepResult") -> None:
    from mnistcli.cli.figures import write_figure
    from mnistcli.cli.sweep_views import sweep_points
    from mnistcli.figures import draw_sweep

    for kind, figure in draw_sweep(sweep_points(result)).items():
        write_figure(figure, result.folder.figures / f"{kind}.png")


def _show(result: "SweepResult", json: bool) -> None:
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.sweep_views import result_view, sweep_to_json

    if json:
        print_json(sweep_to_json(result))
        return
    for part in result_view(result):
        results().print(part, soft_wrap=isinstance(part, str))


def _try(plan: "SweepPlan", view: _View) -> None:
    """Show what is searched, and how long it would take."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.sweep_views import plan_to_json, plan_view

    plan, dataset = _start(plan, view.quiet, None)
    from mnistcli.sweeps.trials import check_with_keras
    from mnistcli.training import prepare, try_one_step

    check_with_keras(plan, dataset.num_classes)
    seconds = try_one_step(prepare(plan.file, dataset)).seconds_in_all
    if view.json:
        print_json(plan_to_json(plan, seconds))
        return
    for part in plan_view(plan, seconds):
        results().print(part, soft_wrap=isinstance(part, str))
