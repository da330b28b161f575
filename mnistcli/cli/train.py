"""`mnistcli train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_configs, complete_runs
from mnistcli.cli.options import Json, NewRun, Overrides, Quiet, find_named_run
from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.cli.train_several import Write
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset
    from mnistcli.runs import RunDirectory


def train_command(
    configs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CONFIG...",
            help="YAML files, names that `mnistcli configs` lists, or - for standard input. "
            "Several are trained one after the other.",
            show_default=False,
            autocompletion=complete_configs,
        ),
    ] = None,
    overrides: Overrides = None,
    run_dir: NewRun = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Continue a run, or a folder of --seeds, that was interrupted; or train a run for "
            "more epochs, with --set epochs=N. Needs no CONFIG.",
            show_default=False,
            callback=find_named_run,
            autocompletion=complete_runs,
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
    from mnistcli.cli.console import print_json
    from mnistcli.cli.data import load_and_start, print_heading
    from mnistcli.cli.seeds import parse_seeds, train_seeds
    from mnistcli.cli.train_several import load_configs, preferred_kernels_of, train_several
    from mnistcli.runs import check_writable

    all_seeds = [] if seeds is None else parse_seeds(seeds, overrides or ())
    if resume:
        _check_resume({"CONFIG": configs, "--run-dir": run_dir, "--seeds": seeds})
        _resume(resume, overrides or [], dry_run, quiet, json)
        return
    files = load_configs(configs or [], overrides or ())
    if run_dir and len(files) > 1:
        raise UsageError(
            f"--run-dir names one folder, but there are {len(files)} configs",
            "expected one config with it, or no --run-dir",
        )
    if not dry_run:
        check_writable(run_dir)
    has_heading = len(files) == 1 and not dry_run  # of several, each has its own in turn
    datasets = load_and_start(files, quiet, preferred_kernels_of(files), has_heading)

    def train_one(file: "ConfigFile", dataset: "Dataset", write: "Write | None") -> Path | None:
        if dry_run:
            _try(file, dataset, max(1, len(all_seeds)), write)
            return None
        if not (has_heading or quiet):
            print_heading(file, dataset)
        if all_seeds:
            return train_seeds(file, dataset, all_seeds, run_dir, quiet, write)
        return _train(file, dataset, None, run_dir, quiet, write)

    if len(files) > 1:
        train_several(files, datasets, train_one, quiet, json)
    else:
        train_one(files[0], datasets[0], print_json if json else None)


def _resume(path: Path, overrides: list[str], dry_run: bool, quiet: bool, json: bool) -> None:
    """Go on with a run, or with the runs of several seeds."""
    from mnistcli.cli.console import print_json
    from mnistcli.cli.data import load_and_start
    from mnistcli.cli.seeds import resume_seeds
    from mnistcli.execution import preferred_kernels
    from mnistcli.runs import is_seeds_folder, plan_continuation

    write = print_json if json else None
    if is_seeds_folder(path):
        _check_resumed_seeds(path, {"--set": overrides, "--dry-run": dry_run})
        resume_seeds(path, quiet, write)
        return
    run = _open_resumed(path)
    continuation = plan_continuation(run, overrides)
    if continuation.is_finished:
        _show_finished(run, json)
        return
    file = continuation.file
    kernels = run.read_record().kernels or preferred_kernels(file.config)
    (dataset,) = load_and_start([file], quiet, kernels, not dry_run)
    if dry_run:
        _try(file, dataset, 1, write)
    else:
        _train(file, dataset, run, None, quiet, write)


def _train(
    file: "ConfigFile",
    dataset: "Dataset",
    run: "RunDirectory | None",
    run_dir: Path | None,
    quiet: bool,
    write: "Write | None",
) -> Path:
    """Train a new run, or go on with one; show what came of it, and return its path."""
    from mnistcli.cli.console import progress
    from mnistcli.cli.display import TrainingDisplay
    from mnistcli.cli.figures import write_new_figures
    from mnistcli.cli.outcome import print_next, print_result
    from mnistcli.training import resume_run, train_config

    with TrainingDisplay(progress(), quiet) as display:
        if run:
            result = resume_run(run, file, dataset, [display])
        else:
            result = train_config(file, dataset, [display], run_dir)
    if write:
        write({"run": str(result.run.path)} | result.record.to_json())
    else:
        print_result(result.evaluation, {"best epoch": str(result.best_epoch)}, result.run)
    figures = write_new_figures(result.run, dataset, result.probabilities)
    if not write:
        print_next(result.run, figures)
    return result.run.path


def _check_resume(arguments: dict[str, Any]) -> None:
    """Raise `UsageError` if --resume is given with what only a new run has."""
    superfluous = [name for name, value in arguments.items() if value]
    if superfluous:
        raise UsageError(
            f"--resume does not go with {' and '.join(superfluous)}",
            "a run continues with its own config.yaml, in its own directory",
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


def _try(file: "ConfigFile", dataset: "Dataset", num_runs: int, write: "Write | None") -> None:
    """Show what a run takes, or the runs of several seeds."""
    from mnistcli.cli.console import results
    from mnistcli.numbers import format_count, format_duration
    from mnistcli.training import prepare, try_one_step

    preparation = prepare(file, dataset)
    dry_run = try_one_step(preparation)
    config = preparation.file.config
    if write:
        document: dict[str, Any] = {
            "config": config.name,
            "epochs": config.epochs,
            "steps_per_epoch": dry_run.steps_per_epoch,
            "seconds_per_epoch": dry_run.seconds_per_epoch,
            "seconds": num_runs * dry_run.seconds_in_all,
        }
        write(document)
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
