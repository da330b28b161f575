"""What `mnistcli sweep` does once its options are read."""

import os
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mnistcli.errors import MnistcliError

if TYPE_CHECKING:
    from mnistcli.data import Dataset
    from mnistcli.sweeps import SweepPlan
    from mnistcli.sweeps.address import Address
    from mnistcli.sweeps.folder import SweepFolder
    from mnistcli.sweeps.results import SweepResult

INSTALL = "python -m pip install 'mnistcli[sweep]'"


@dataclass(frozen=True)
class View:
    """How a sweep is shown."""

    quiet: bool
    json: bool


def check_optuna() -> None:
    """Raise `MnistcliError` if what only sweeps need is not installed."""
    missing = [name for name in ("optuna", "cmaes") if find_spec(name) is None]
    if missing:
        raise MnistcliError(
            f"sweeps need {' and '.join(missing)}, not installed here",
            f"install it with: {INSTALL}",
        )


def begin(
    plan: "SweepPlan",
    path: Path | None,
    address: "Address | None",
    workers: int,
    view: View,
) -> None:
    """Make a sweep folder, or join a study, and search."""
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


def resume_sweep(
    path: Path,
    options: dict[str, Any],
    address: "Address | None",
    workers: int,
    dry_run: bool,
    view: View,
) -> None:
    """Go on with the sweep in a folder, or show what came of it."""
    from mnistcli.cli.console import progress
    from mnistcli.runs import list_runs, write_whole
    from mnistcli.sweeps import load_plan
    from mnistcli.sweeps.folder import CONFIG, open_sweep_folder, read_address

    check_optuna()
    with open_sweep_folder(path, progress().print) as folder:
        plan = load_plan(folder.sweep, options, ())
        address = read_address(folder, address)
        if dry_run:
            try_plan(plan, view)
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
    plan: "SweepPlan", folder: "SweepFolder", address: "Address | None", view: View
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


def _restart(path: Path, address: "Address | None", view: View) -> NoReturn:
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
    view: View,
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


def try_plan(plan: "SweepPlan", view: View) -> None:
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
