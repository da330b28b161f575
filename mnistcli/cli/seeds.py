"""What `mnistcli train --seeds` does and shows."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistcli.errors import RunError, UsageError, command_line
from mnistcli.ranges import parse_ranges

if TYPE_CHECKING:
    from mnistcli.cli.train_several import Write
    from mnistcli.config import ConfigFile
    from mnistcli.data import Dataset
    from mnistcli.runs import RunRecord, SeedsFolder


def parse_seeds(text: str, overrides: Sequence[str]) -> list[int]:
    """Parse seeds such as 0-4,7.

    Args:
        overrides: the values of --set, none of which may be a seed.

    Raises:
        UsageError: they are none, too many, or one of them is named twice.
    """
    from mnistcli.config import MAXIMUM_SEED
    from mnistcli.runs import MAXIMUM_SEEDS

    expectation = "expected seeds from 0, such as 0-4 or 0,1,7"
    try:
        ranges = parse_ranges(text)
    except ValueError as error:
        raise UsageError(f"--seeds {text}: {error}", expectation) from None
    if sum(numbers.stop - numbers.start for numbers in ranges) > MAXIMUM_SEEDS:
        raise UsageError(f"--seeds {text}: more than {MAXIMUM_SEEDS:,} seeds", expectation)
    seeds = [seed for numbers in ranges for seed in numbers]
    if max(seeds) > MAXIMUM_SEED:
        raise UsageError(f"--seeds {text}: more than {MAXIMUM_SEED:,}", expectation)
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {text}: a seed is there twice", expectation)
    if any(override.partition("=")[0].strip() == "seed" for override in overrides):
        raise UsageError("--seeds does not go with --set seed=N", expectation)
    return seeds


def train_seeds(
    file: "ConfigFile",
    dataset: "Dataset",
    seeds: Sequence[int],
    path: Path | None,
    quiet: bool,
    write: "Write | None",
) -> Path:
    """Train a config with each seed, into a new folder; return its path."""
    from mnistcli.cli.console import progress
    from mnistcli.config import dump_config
    from mnistcli.data.fit import resolve_data
    from mnistcli.runs import SeedsRecord, new_seeds_folder

    file = resolve_data(file, dataset)
    record = SeedsRecord(
        seeds=list(seeds), config=dump_config(file.config), data_sha256=dataset.sha256
    )
    with new_seeds_folder(file.config.name, path, record, progress().print) as folder:
        _train_all(folder, file, dataset, quiet, write)
    return folder.path


def resume_seeds(path: Path, quiet: bool, write: "Write | None") -> None:
    """Train what a folder of several seeds still lacks."""
    from mnistcli.cli.console import progress
    from mnistcli.cli.data import load_and_start
    from mnistcli.config import parse_config
    from mnistcli.execution import preferred_kernels
    from mnistcli.runs import FILE_OF_SEEDS, list_runs, open_seeds_folder

    with open_seeds_folder(path, progress().print) as folder:
        file = parse_config(folder.record.config, str(path / FILE_OF_SEEDS))
        finished = {seed: _finished_record(folder, seed) for seed in folder.record.seeds}
        records = {seed: record for seed, record in finished.items() if record}
        if len(records) == len(finished):
            _show_all(folder, records, write)
            return
        recorded = [run.read_record().kernels for run in list_runs(path)]
        kernels = recorded[0] if recorded else preferred_kernels(file.config)
        (dataset,) = load_and_start([file], quiet, kernels, has_heading=True)
        if dataset.sha256 != folder.record.data_sha256:
            raise RunError(
                f"{path} was begun with other data than {dataset.source} holds",
                "expected the same images and labels; their SHA-256 is in seeds.json",
            )
        _train_all(folder, file, dataset, quiet, write)


def _train_all(
    folder: "SeedsFolder",
    file: "ConfigFile",
    dataset: "Dataset",
    quiet: bool,
    write: "Write | None",
) -> None:
    """Train each seed that is not finished, and show what came of all of them."""
    from mnistcli.cli.console import progress
    from mnistcli.cli.display import TrainingDisplay
    from mnistcli.cli.figures import write_new_figures
    from mnistcli.training import train_seed

    seeds, records = folder.record.seeds, {}
    has_heading = True
    for number, seed in enumerate(seeds, 1):
        record = _finished_record(folder, seed)
        if not quiet:
            state = ": complete" if record else ""
            progress().print(f"seed {seed}, {number} of {len(seeds)}{state}", style="bold")
        if record is None:
            with TrainingDisplay(progress(), quiet, has_heading) as display:
                result = train_seed(folder, seed, file, dataset, [display])
            has_heading = False
            write_new_figures(result.run, dataset, result.probabilities)
            record = result.record
        records[seed] = record
    _show_all(folder, records, write)


def _finished_record(folder: "SeedsFolder", seed: int) -> "RunRecord | None":
    """Return the record of a seed's run if there is nothing left to train."""
    from mnistcli.runs import plan_continuation

    run = folder.run(seed)
    if not run.record.exists():
        return None
    record = run.read_record()
    if record.seed != seed:
        raise RunError(
            f"{run.path} holds a run with seed {record.seed}",
            f"expected seed {seed}; remove the folder, and it is trained again",
        )
    return record if plan_continuation(run).is_finished else None


def _show_all(
    folder: "SeedsFolder", records: "Mapping[int, RunRecord]", write: "Write | None"
) -> None:
    """Show the test accuracy of each seed, their mean and deviation, and what to type next."""
    from mnistcli.scores import mean_interval

    metrics = [record.metrics or {} for record in records.values()]
    accuracies = [value for each in metrics if (value := each.get("test_accuracy")) is not None]
    interval = mean_interval(accuracies)
    if write:
        document: dict[str, Any] = {
            "folder": str(folder.path),
            "test_accuracy": {
                "mean": statistics.mean(accuracies),
                "deviation": statistics.stdev(accuracies) if interval else None,
                "interval": [interval.low, interval.high] if interval else None,
            },
            "runs": [
                {"run": str(folder.run(seed).path)} | record.to_json()
                for seed, record in records.items()
            ],
        }
        write(document)
        return
    from mnistcli.cli.console import results
    from mnistcli.numbers import format_percent

    results().print(_seeds_table(records))
    if interval:
        low, high = max(interval.low, 0), min(interval.high, 1)
        results().print(
            f"test accuracy {format_percent(statistics.mean(accuracies), decimals=2)} ± "
            f"{100 * statistics.stdev(accuracies):.2f} "
            f"(95% interval of the mean: {format_percent(low, decimals=2)} to "
            f"{format_percent(high, decimals=2)})"
        )
    next_line = command_line("runs", folder.path)
    results().print(f"Written to {folder.path}", f"Next: {next_line}", sep="\n", soft_wrap=True)


def _seeds_table(records: "Mapping[int, RunRecord]") -> Any:
    from mnistcli.cli.tables import FittingTable
    from mnistcli.numbers import format_percent

    table = FittingTable()
    for heading in ("seed", "best epoch", "val acc", "test acc"):
        table.add_column(heading, justify="right")
    for seed, record in records.items():
        metrics = record.metrics or {}
        shares = [metrics.get(name) for name in ("val_accuracy", "test_accuracy")]
        cells = ["-" if share is None else format_percent(share, decimals=2) for share in shares]
        table.add_row(str(seed), str(metrics.get("best_epoch", "-")), *cells)
    return table
