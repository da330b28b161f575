"""`mnistcli train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.options import Json, NewRun, Quiet
from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset
    from mnistcli.runs import RunDirectory


def train_command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A YAML file.", show_default=False)
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override a key of the config: epochs=3, optimizer.Adam.learning_rate=0.01. "
            "Can be given again.",
            show_default=False,
        ),
    ] = None,
    run_dir: NewRun = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run, or a folder of --seeds, that was cut short; or with a run for "
            "more epochs, with --set epochs=N. Needs no CONFIG.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="SEEDS",
            help="Train a run for each of these seeds, such as 0-4 or 0,1,7, into one folder, and "
            "show mean and deviation.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, try one step, write nothing.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a model and write a run directory."""
    from mnistcli.cli.data import load_and_start
    from mnistcli.cli.seeds import parse_seeds, resume_seeds, train_seeds
    from mnistcli.config import load_config
    from mnistcli.execution import preferred_kernels
    from mnistcli.runs import check_writable, is_seeds_folder, plan_continuation

    all_seeds = parse_seeds(seeds, overrides or ()) if seeds else []
    _check_resume(resume, {"CONFIG": config, "--run-dir": run_dir, "--seeds": seeds})
    run = kernels = None
    if resume and is_seeds_folder(resume):
        _check_resumed_seeds(resume, {"--set": overrides, "--dry-run": dry_run})
        resume_seeds(resume, quiet, json)
        return
    if resume:
        run = _open_resumed(resume)
        continuation = plan_continuation(run, overrides or ())
        if continuation.is_finished:
            _show_finished(run, json)
            return
        file, kernels = continuation.file, run.read_record().kernels
    elif config:
        file = load_config(config, overrides or ())
        if not dry_run:
            check_writable(run_dir)
    else:
        raise UsageError(
            "no config given", "expected: mnistcli train CONFIG, or mnistcli train --resume RUN"
        )
    if all_seeds and not dry_run:
        train_seeds(file, all_seeds, run_dir, quiet, json)
        return
    dataset = load_and_start(file, quiet, kernels or preferred_kernels(file.config))
    if dry_run:
        _try(file, dataset, max(1, len(all_seeds)), json)
    else:
        _train(file, dataset, run, run_dir, quiet, json)


def _train(
    file: "ConfigFile",
    dataset: "Dataset",
    run: "RunDirectory | None",
    run_dir: Path | None,
    quiet: bool,
    json: bool,
) -> None:
    """Train a new run, or go on with one, and show what came of it."""
    from mnistcli.cli.console import print_json, progress, results
    from mnistcli.cli.display import TrainingDisplay
    from mnistcli.cli.figures import write_new_figures
    from mnistcli.training import resume_run, train_config

    with TrainingDisplay(progress(), quiet) as display:
        if run:
            result = resume_run(run, file, dataset, [display])
        else:
            result = train_config(file, dataset, [display], run_dir)
    if json:
        print_json({"run": str(result.run.path)} | result.record.to_json())
    else:
        from rich.text import Text

        from mnistcli.cli.views import result_panel

        rows = {"best epoch": Text(str(result.best_epoch))}
        results().print(result_panel("trained", result.evaluation, rows, result.run))
    write_new_figures(result.run, dataset, result.probabilities)


def _check_resume(resume: Path | None, arguments: dict[str, Any]) -> None:
    """Raise `UsageError` if --resume is given with what only a new run has."""
    superfluous = [name for name, value in arguments.items() if value]
    if resume and superfluous:
        raise UsageError(
            f"--resume does not go with {' and '.join(superfluous)}",
            "a run goes on with its own config.yaml, in its own directory",
        )


def _check_resumed_seeds(resume: Path, arguments: dict[str, Any]) -> None:
    """Raise `UsageError` if the runs of several seeds would not go on as they began."""
    superfluous = [name for name, value in arguments.items() if value]
    if superfluous:
        raise UsageError(
            f"{resume} holds runs of several seeds, with which {superfluous[0]} does not go",
            f"use it with one of them: {command_line('train', '--resume', resume / 'seed-N')}",
        )


def _open_resumed(resume: Path) -> "RunDirectory":
    from mnistcli.runs import lock_folder, open_run_directory, remove_unfinished

    run = open_run_directory(resume)
    run.require_training()
    with lock_folder(run.path):  # an error now, not after TensorFlow has started
        remove_unfinished(run.path)
    return run


def _show_finished(run: "RunDirectory", json: bool) -> None:
    """Say that there is nothing to do, and how to go on."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.numbers import format_count

    if json:
        print_json({"run": str(run.path)} | run.read_record().to_json())
        return
    epochs = max(len(run.read_metrics()) - 1, 0)
    more = command_line("train", "--resume", run.path, "--set", f"epochs={2 * epochs}")
    for line in (
        f"{run.path} is complete, with {format_count(epochs, 'epoch')}; there is nothing to resume",
        f"  train it for more: {more}",
        f"  see how it does:   {command_line('evaluate', run.path)}",
    ):
        results().print(line, soft_wrap=True)


def _try(file: "ConfigFile", dataset: "Dataset", num_runs: int, json: bool) -> None:
    """Show what a run takes, or the runs of several seeds."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.numbers import format_count, format_duration
    from mnistcli.training import prepare, try_one_step

    preparation = prepare(file, dataset)
    dry_run = try_one_step(preparation)
    config = preparation.file.config
    if json:
        document: dict[str, Any] = {
            "config": config.name,
            "epochs": config.epochs,
            "steps_per_epoch": dry_run.steps_per_epoch,
            "seconds_per_epoch": dry_run.seconds_per_epoch,
            "seconds": num_runs * dry_run.seconds_in_all,
        }
        print_json(document)
        return
    runs = f"{num_runs} runs with " if num_runs > 1 else ""
    results().print(
        f"{config.name}: everything checked, nothing written",
        f"  {runs}{format_count(config.epochs, 'epoch')} of "
        f"{format_count(dry_run.steps_per_epoch, 'step')} would take about "
        f"{format_duration(num_runs * dry_run.seconds_in_all)} "
        f"({format_duration(dry_run.seconds_per_epoch)} an epoch)",
        sep="\n",
        soft_wrap=True,
    )
