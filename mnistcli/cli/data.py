"""The data of a training, with a bar for its download."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset
    from mnistcli.runs import RunDirectory


def load_training_data(file: "ConfigFile", quiet: bool) -> "Dataset":
    """Load the data set of a config, or its fallback with a notice.

    Args:
        file: the config.
        quiet: whether to hide the progress of a download.

    Raises:
        DataMissingError: neither can be loaded. If one of them is MNIST, the error names a command
            that trains without it.
    """
    from mnistcli.cli.console import progress
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import DataMissingError, load_config_dataset

    data = file.config.data
    try:
        with DownloadDisplay(progress(), quiet) as download:
            dataset = load_config_dataset(file, download)
    except DataMissingError as error:
        if "mnist" not in (data.dataset, data.fallback):
            raise
        command = _offline_command(file)
        fix = f"or: train without the internet, on scikit-learn's digits: {command}"
        raise DataMissingError(str(error), (), fix) from error
    _show_fallback(dataset)
    show_notes(dataset.notes)
    return dataset


def load_described(path: Path, overrides: Sequence[str]) -> "tuple[ConfigFile, int]":
    """Load a config, or a run's, with the number of its classes.

    Raises:
        UsageError: there are overrides, but the path is a run's.
    """
    from mnistcli.config import load_config
    from mnistcli.data import BUILT_IN
    from mnistcli.runs import names_run, open_to_read

    if names_run(path):
        if overrides:
            raise UsageError("--set does not go with a run directory", "expected a config")
        run = open_to_read(path)
        return run.read_config(), run.read_record().dataset.num_classes
    file = load_config(path, overrides)
    if file.config.data.dataset in BUILT_IN:
        return file, 10
    return file, load_training_data(file, quiet=True).num_classes


def load_and_start(
    files: "Sequence[ConfigFile]", quiet: bool, kernels: str | None, has_heading: bool = False
) -> "list[Dataset]":
    """Load the data set of each config, and start TensorFlow with these kernels, ready to train.

    What several configs name is loaded once.

    Args:
        has_heading: whether to say what is trained, and on what, before TensorFlow starts.

    Raises:
        ConfigError, DataMissingError, MnistcliError: as `print_heading`, `load_training_data` and
            `tensorflow_starting`.
    """
    from mnistcli.cli.console import tensorflow_starting
    from mnistcli.execution import request_kernels

    datasets: dict[tuple[str, str | None, Path, tuple[str, ...]], Dataset] = {}
    keys = []
    for file in files:
        data = file.config.data
        folder, extra = Path(file.document.source).parent, tuple(each.path for each in data.extra)
        key = data.dataset, data.fallback, folder, extra
        if key not in datasets:
            datasets[key] = load_training_data(file, quiet)
        keys.append(key)
        if has_heading and not quiet:
            print_heading(file, datasets[key])
    request_kernels(kernels)
    with tensorflow_starting(quiet):
        import mnistcli.cli.display  # noqa: F401
    return [datasets[key] for key in keys]


def print_heading(file: "ConfigFile", dataset: "Dataset") -> None:
    """Say what is trained, and on what, as far as that is known without TensorFlow.

    Raises:
        ConfigError: the config does not fit the data.
    """
    from mnistcli.cli.console import progress
    from mnistcli.data.fit import fit_data, split_config
    from mnistcli.numbers import format_count

    config = fit_data(file, dataset).config
    splits = split_config(config, dataset)
    names = " and ".join([dataset.name, *(extra.name for extra in dataset.extra)])
    progress().print(
        f"{config.name}: {format_count(len(config.layers), 'layer')}, {config.optimizer.name}, "
        f"batch {config.batch_size}, {format_count(config.epochs, 'epoch')}",
        f"{names}: {len(splits.train):,} to train, {len(splits.validation):,} to validate, "
        f"{len(splits.test):,} to test",
        sep="\n",
    )


def load_run_data(run: "RunDirectory") -> "Dataset":
    """Load the data set that a run was trained on, without its extra pictures.

    Raises:
        DataError: it cannot be loaded.
        RunError: it has changed.
    """
    from mnistcli.cli.console import progress
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import load_run_dataset

    with DownloadDisplay(progress(), quiet=False) as download:
        dataset = load_run_dataset(run, download)
    show_notes(dataset.notes)
    return dataset


def _offline_command(file: "ConfigFile") -> str:
    """Return the command that trains the same config, with the same options, on `digits`."""
    positions = file.document.values.values()
    options = dict.fromkeys(position.source for position in positions if not position.line)
    arguments = [option.removeprefix("--set ") for option in options]
    words = [file.document.source]
    for argument in [*arguments, "data.dataset=digits"]:
        words += ["--set", argument]
    return command_line("train", *words)


def show_notes(notes: Sequence[str]) -> None:
    """Print notes about the data on stderr: its conversions and its oddities."""
    from rich.text import Text

    from mnistcli.cli.console import progress

    for note in notes:
        progress().print(Text(f"note: {note}", style="yellow"), soft_wrap=True)


def _show_fallback(dataset: "Dataset") -> None:
    """Print a notice if the fallback is used in place of the config's data set."""
    if dataset.fallback_reason is None:
        return
    reason = " ".join(dataset.fallback_reason.split())
    show_notes([f"using '{dataset.name}' instead: {reason}"])
