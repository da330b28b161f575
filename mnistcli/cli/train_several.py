"""What `mnistcli train` does with several configs: all are checked, then trained in turn."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistcli.config import STANDARD_INPUT, load_config
from mnistcli.errors import (
    ConfigError,
    ConfigProblemsError,
    InterruptedTrainingError,
    RunError,
    UsageError,
    command_line,
)
from mnistcli.execution import choose_execution, preferred_kernels

if TYPE_CHECKING:
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset

# Takes the JSON document of what was trained.
Write = Callable[[dict[str, Any]], None]
# Trains a config, and returns the folder that it made; without a `Write`, it shows what came of it.
TrainOne = Callable[["ConfigFile", "Dataset", Write | None], Path | None]


def load_configs(paths: Sequence[Path], overrides: Sequence[str]) -> "list[ConfigFile]":
    """Read and check configs.

    Raises:
        ConfigError: it lists the problems of all of them.
        UsageError: there is none.
    """
    if not paths:
        raise UsageError(
            "no config given", "expected: mnistcli train CONFIG, such as mnistcli train quickstart"
        )
    files: list[ConfigFile] = []
    if paths.count(STANDARD_INPUT) > 1:
        raise UsageError("- is given twice", "expected standard input once")
    errors: list[ConfigError] = []
    lines: list[str] = []
    for path in paths:
        try:
            files.append(load_config(path, overrides))
        except ConfigError as error:
            errors.append(error)
            has_positions = isinstance(error, ConfigProblemsError)
            lines += error.args if has_positions else [f"{path}: error: {error.args[0]}"]
    if len(errors) > 1:
        raise ConfigProblemsError(*dict.fromkeys(lines))
    if errors:
        raise errors[0]
    return files


def preferred_kernels_of(files: "Sequence[ConfigFile]") -> str | None:
    """Return the kernels of all trainings in this process: of two, those of the convolutions."""
    kernels = {preferred_kernels(file.config) for file in files}
    return "oneDNN" if len(kernels) > 1 else kernels.pop()


def train_several(
    files: "Sequence[ConfigFile]",
    datasets: "Sequence[Dataset]",
    train_one: TrainOne,
    quiet: bool,
    json: bool,
) -> None:
    """Train configs in turn; one that fails does not keep the next from its turn.

    Raises:
        ConfigError: one of them does not fit its data, or Keras refuses it; none is trained.
        RunError: some of them failed, as was said.
        InterruptedTrainingError: a signal ended one of them; the next are not trained.
    """
    from rich.text import Text

    from mnistcli.cli.console import print_json, progress, results
    from mnistcli.cli.refusals import find_user_error
    from mnistcli.training import check_trainable

    pairs = list(zip(files, datasets, strict=True))
    # The first sets TensorFlow's threads for all: one that shares its kernels between them.
    for file, dataset in sorted(pairs, key=lambda pair: choose_execution(pair[0].config).shards):
        check_trainable(file, dataset)
    documents: list[dict[str, Any]] = []
    folders: list[Path] = []
    errors: dict[str, str] = {}
    for number, (file, dataset) in enumerate(pairs, 1):
        name = file.document.source
        if not quiet:
            progress().print(f"{name}, {number} of {len(files)}", style="bold", soft_wrap=True)
        try:
            folder = train_one(file, dataset, documents.append if json else None)
        except InterruptedTrainingError as error:
            rest = [other.document.source for other in files[number:]]
            hints = [f"not trained: {', '.join(rest)}"] if rest else []
            raise InterruptedTrainingError(error.exit_code - 128, *error.args, *hints) from None
        except Exception as error:  # TensorFlow's and Python's refusals have no common class
            user_error = find_user_error(error)
            if user_error is None:
                raise
            errors[name] = str(user_error)
            progress().print(Text(f"error: {errors[name]}", style="bold red"), soft_wrap=True)
        else:
            folders += [folder] if folder else []
    if json:
        print_json({"trained": documents, "errors": errors})
    elif len(folders) > 1:
        results().print(f"Next: {command_line('compare', *folders)}", soft_wrap=True)
    if errors:
        raise RunError(
            f"{len(errors)} of {len(files)} configs failed: {', '.join(errors)}",
            "the others are trained",
        )
