"""`mnistcli train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.runs import RunDirectory
    from mnistcli.training import DryRun, Preparation


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
    run_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The run directory to make; by default one under runs/.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run that was cut short, or for more epochs with --set epochs=N; "
            "needs no CONFIG.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, try one step, write nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a model and write a run directory."""
    from mnistcli.cli.console import print_json, progress, results, tensorflow_starting
    from mnistcli.cli.data import load_training_data
    from mnistcli.config import load_config
    from mnistcli.execution import preferred_kernels, request_kernels
    from mnistcli.runs import check_writable, plan_continuation

    run = _open_resumed(resume, config, run_dir) if resume else None
    if run:
        continuation = plan_continuation(run, overrides or ())
        if continuation.is_finished:
            _show_finished(run, json)
            return
        file = continuation.file
    elif config:
        file = load_config(config, overrides or ())
        if not dry_run:
            check_writable(run_dir)
    else:
        raise UsageError(
            "no config given", "expected: mnistcli train CONFIG, or mnistcli train --resume RUN"
        )
    dataset = load_training_data(file, quiet)
    recorded = run.read_record().kernels if run else None
    request_kernels(recorded or preferred_kernels(file.config))
    with tensorflow_starting(quiet):
        from mnistcli import training
        from mnistcli.cli.display import TrainingDisplay
    if dry_run:
        preparation = training.prepare(file, dataset)
        _show_dry_run(preparation, training.try_one_step(preparation), json)
        return
    with TrainingDisplay(progress(), quiet) as display:
        if run:
            result = training.resume_run(run, file, dataset, [display])
        else:
            result = training.train_config(file, dataset, [display], run_dir)
    if json:
        print_json({"run": str(result.run.path)} | result.record.to_json())
    else:
        from rich.text import Text

        from mnistcli.cli.views import result_panel

        rows = {"best epoch": Text(str(result.best_epoch))}
        results().print(result_panel("trained", result.evaluation, rows, result.run))
    from mnistcli.cli.figures import Answers, write_run_figures

    title = f"{result.run.name} on its test images"
    answers = Answers(dataset.test_images, dataset.test_labels, result.probabilities, title)
    write_run_figures(result.run, answers)


def _open_resumed(resume: Path, config: Path | None, run_dir: Path | None) -> "RunDirectory":
    from mnistcli.runs import lock_folder, open_run_directory, remove_unfinished

    arguments = {"CONFIG": config, "--run-dir": run_dir}
    superfluous = [name for name, value in arguments.items() if value]
    if superfluous:
        raise UsageError(
            f"--resume does not go with {' and '.join(superfluous)}",
            "a run goes on with its own config.yaml, in its own directory",
        )
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


def _show_dry_run(preparation: "Preparation", dry_run: "DryRun", json: bool) -> None:
    from mnistcli.cli.console import print_json, results
    from mnistcli.numbers import format_count, format_duration

    config = preparation.file.config
    if json:
        document: dict[str, Any] = {
            "config": config.name,
            "epochs": config.epochs,
            "steps_per_epoch": dry_run.steps_per_epoch,
            "seconds_per_epoch": dry_run.seconds_per_epoch,
            "seconds": dry_run.seconds_in_all,
        }
        print_json(document)
        return
    results().print(
        f"{config.name}: everything checked, nothing written",
        f"  {format_count(config.epochs, 'epoch')} of "
        f"{format_count(dry_run.steps_per_epoch, 'step')} would take about "
        f"{format_duration(dry_run.seconds_in_all)} "
        f"({format_duration(dry_run.seconds_per_epoch)} an epoch)",
        sep="\n",
        soft_wrap=True,
    )
