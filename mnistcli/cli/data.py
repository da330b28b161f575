"""The data of a training, with a bar for its download."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset


def load_training_data(file: "ConfigFile", quiet: bool) -> "Dataset":
    """Load what a config names, or its fallback, which is said loudly."""
    from mnistcli.cli.console import progress
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import load_dataset

    data = file.config.data
    with DownloadDisplay(progress(), quiet) as download:
        dataset = load_dataset(data.dataset, data.fallback, download)
    _show_fallback(dataset)
    return dataset


def _show_fallback(dataset: "Dataset") -> None:
    """Say loudly that another data set than the one asked for will be used."""
    if dataset.fallback_reason is None:
        return
    from rich.panel import Panel
    from rich.text import Text

    from mnistcli.cli.console import progress
    from mnistcli.errors import printable

    message = Text.assemble(
        (f"Using '{dataset.name}' instead: ", "bold"),
        printable(" ".join(dataset.fallback_reason.split())),
    )
    title = "data set not found"
    progress().print(Panel(message, title=title, title_align="left", border_style="yellow"))
