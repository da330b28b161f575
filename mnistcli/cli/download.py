"""A progress bar for each file that is downloaded."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)


class DownloadDisplay:
    """Shows a bar for each file from its first call on."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            disable=quiet or not console.is_interactive,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, file_name: str, bytes_done: int, bytes_total: int) -> None:
        """Update the bar of a file; a total of 0 bytes means that it is unknown."""
        if file_name not in self._tasks:
            self._progress.start()
            self._tasks[file_name] = self._progress.add_task(file_name, total=bytes_total or None)
        task = self._tasks[file_name]
        self._progress.update(task, completed=bytes_done, total=bytes_total or None)
