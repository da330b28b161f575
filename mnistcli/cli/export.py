"""`mnistcli export`."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_runs
from mnistcli.cli.options import Json
from mnistcli.errors import RunError, UsageError, shell_line

if TYPE_CHECKING:
    from mnistcli.exports import Export
    from mnistcli.runs import RunDirectory


class Format(StrEnum):
    """The formats of `mnistcli.exports.FORMATS`, and a script for a config."""

    ONNX = "onnx"
    SAVED_MODEL = "saved_model"
    LITERT = "litert"
    LITERT_INT8 = "litert-int8"
    TENSORBOARD = "tensorboard"
    PYTHON = "python"


def export_command(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="A run directory, or the beginning of its name in runs/; for the format python, "
            "also a config.",
            show_default=False,
            autocompletion=complete_runs,
        ),
    ],
    formats: Annotated[
        list[Format],
        typer.Option("--format", help="Can be given again.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The folder to make; by default RUN/exports/FORMAT; for the format python, the "
            "file, by default NAME.py.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    json: Json = False,
) -> None:
    """Export a run for other programs, or a config as Keras code."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.exports import MARK, check_packages
    from mnistcli.gallery import find_config
    from mnistcli.runs import check_new_folder, find_run, open_run_directory

    if Format.PYTHON in formats:
        is_shipped = find_config(run) != run
        _export_script(run if is_shipped else find_run(run), formats, out, force, json)
        return
    run = find_run(run)
    if run.is_file():
        raise UsageError(
            f"{run} is no run directory",
            "expected a trained run; only the format python takes a config",
        )
    directory = open_run_directory(run)
    paths = _choose_paths(directory, [each.value for each in formats], out)
    for name, path in paths.items():
        check_packages(name)
        check_new_folder(path, force, MARK)
    exports: list[Export] = []
    try:
        for export in _export(directory, paths, force):
            exports.append(export)
    finally:  # an export that was made before an error stays
        if exports and json:
            print_json({"run": str(run), "exports": [export.to_json() for export in exports]})
        elif exports:
            results().print(_table(exports))
            for export in exports:
                results().print(f"Written to {export.path}", soft_wrap=True)
            results().print(f"Next: {_next_line(exports[-1])}", soft_wrap=True)


def _export_script(
    source: Path, formats: Sequence[Format], out: Path | None, force: bool, json: bool
) -> None:
    """Write the Keras script of a config, or of a run's."""
    from mnistcli.cli.console import print_json, results, tensorflow_starting
    from mnistcli.cli.data import load_training_data
    from mnistcli.config import load_config
    from mnistcli.exports import Export, check_script_path
    from mnistcli.runs import names_run, open_to_read, write_whole

    if len(set(formats)) > 1:
        raise UsageError("--format python goes with no other", "export them one after the other")
    if names_run(source):
        directory = open_to_read(source)
        directory.require_training()
        file = directory.read_config()
    else:
        file = load_config(source)
    path = out or Path(f"{file.config.name}.py")
    check_script_path(path, force)
    dataset = None if file.config.data.dataset == "mnist" else load_training_data(file, quiet=True)
    with tensorflow_starting():
        from mnistcli.exports.script import write_script
        from mnistcli.model import build_network
    network = build_network(file, dataset.num_classes if dataset else 10)
    script = write_script(file, network, dataset, str(source))
    write_whole(path, script)
    export = Export(Format.PYTHON, path, len(script.encode()))
    if json:
        print_json({"config": str(source), "exports": [export.to_json()]})
    else:
        results().print(f"Written to {path}", soft_wrap=True)
        results().print(f"Next: {shell_line('python', path)}", soft_wrap=True)


def _choose_paths(run: "RunDirectory", formats: Sequence[str], out: Path | None) -> dict[str, Path]:
    names = list(dict.fromkeys(formats))
    if out is None:
        return {name: run.exports / name for name in names}
    if len(names) > 1:
        raise UsageError(
            f"--out names one folder, but there are {len(names)} formats",
            "expected one --format with it, or no --out",
        )
    return {names[0]: out}


def _export(run: "RunDirectory", paths: "Mapping[str, Path]", replace: bool) -> "Iterator[Export]":
    from mnistcli.cli.console import progress, tensorflow_starting
    from mnistcli.cli.data import load_run_data
    from mnistcli.exports import export_metrics

    model_paths = dict(paths)
    if path := model_paths.pop(Format.TENSORBOARD, None):
        yield export_metrics(run, path, replace)
    if not model_paths:
        return
    _check_completed(run)
    dataset = load_run_data(run)
    with tensorflow_starting():
        from mnistcli.exports.model import export_model, open_original
    problems: list[str] = []  # another format may hold the network
    with progress().status("asking the Keras model") as status:
        original = open_original(run, dataset)
        for name, path in model_paths.items():
            status.update(f"exporting as {name}")
            try:
                yield export_model(original, name, path, replace)
            except RunError as error:
                problems += error.args
    if problems:
        raise RunError(*problems)


def _check_completed(run: "RunDirectory") -> None:
    """Raise `RunError` if the model files of a run are not of its latest weights."""
    status = run.read_record().status
    if status != "completed":
        raise RunError(
            f"{run.path} is {status}: its training did not end, and its model files are not of its "
            "latest weights",
            f"expected a completed run; {run.advise_completion()}",
        )


def _table(exports: "Sequence[Export]") -> Any:
    from mnistcli.cli.tables import FittingTable
    from mnistcli.exports import ModelExport
    from mnistcli.numbers import format_bytes, format_percent

    has_checks = any(isinstance(export, ModelExport) for export in exports)
    table = FittingTable()
    table.add_column("format", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    if has_checks:
        for heading in ("accuracy", "lost", "largest difference"):
            table.add_column(heading, justify="right", overflow="fold")
    for export in exports:
        cells = [export.format, format_bytes(export.bytes)]
        if isinstance(export, ModelExport):
            check = export.check
            cells.append(format_percent(check.accuracy, decimals=2))
            cells.append(f"{100 * check.accuracy_lost:.2f} points")
            cells.append(f"{check.largest_difference:.1e}")
        elif has_checks:
            cells += ["-", "-", "-"]
        table.add_row(*cells)
    return table


def _next_line(export: "Export") -> str:
    if export.format == Format.TENSORBOARD:
        return shell_line("tensorboard", "--logdir", export.path)
    return shell_line("cat", export.path / "README.md")
