"""Go on with a run that was cut short, or for more epochs than it had."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import msgspec

from mnistcli.artifacts import load_checkpoint, save_checkpoint
from mnistcli.config import dump_config
from mnistcli.engine import EpochProgress
from mnistcli.errors import RunError
from mnistcli.model import averaged_weights
from mnistcli.runs import (
    CheckpointFile,
    Resumption,
    RunDirectory,
    RunRecord,
    check_rows,
    describe_environment,
    environment_differences,
    lock_folder,
    pin_folder,
    remove_file,
    remove_unfinished,
    utc_now,
    write_whole,
)
from mnistcli.training.monitor import monitor_best, monitor_stopping
from mnistcli.training.observer import TrainingObserver, notify_all
from mnistcli.training.preparation import Preparation
from mnistcli.training.train import TrainingResult, finish, finish_validated
from mnistcli.training.trainer import Position


def resume(
    run: RunDirectory, preparation: Preparation, observers: Sequence[TrainingObserver] = ()
) -> TrainingResult:
    """Train the epochs that a run still lacks, from its latest good checkpoint.

    The run ends as it would have if it had never been cut short, on the same processor,
    number of threads and versions; the observers are told where these differ.

    Args:
        preparation: of `plan_continuation`.

    Raises:
        RunError: its checkpoints are missing or damaged, it was trained on other data, or
            another process trains it.
        InterruptedTrainingError: a signal ended it again.
    """
    with _resumed(run, preparation, observers) as (record, position):
        return finish(run, preparation, record, observers, position)


def resume_validated(
    run: RunDirectory, preparation: Preparation, observers: Sequence[TrainingObserver] = ()
) -> RunRecord:
    """Go on with a run of `train_validated`; return the record.

    Raises:
        As `resume`.
    """
    with _resumed(run, preparation, observers) as (record, position):
        return finish_validated(run, preparation, record, observers, position)


@contextmanager
def _resumed(
    run: RunDirectory, preparation: Preparation, observers: Sequence[TrainingObserver]
) -> Iterator[tuple[RunRecord, Position]]:
    """Lock a run for the block, and set its network to where it was cut short."""
    with lock_folder(run.path, notify_all(observers)), pin_folder(run.path):
        remove_unfinished(run.path)
        record = run.read_record()
        run.check_data(preparation.dataset)
        position, notices = _restore(run, preparation)
        runtime = preparation.runtime
        environment = describe_environment(
            runtime.threads, runtime.device, runtime.kernels, runtime.kernel_threads
        )
        differences = environment_differences(record, environment)
        notices += [f"the last bits may differ from here on: {each}" for each in differences]
        if runtime.on_gpu:
            notices.append("the last bits may differ: a GPU adds numbers in no fixed order")
        for observer in observers:
            observer.resumed(position.epoch, position.unfinished.step, notices)
        reached = (position.epoch, position.unfinished.step)
        for checkpoint in run.list_checkpoints():
            if (checkpoint.epoch, checkpoint.step) > reached:
                remove_file(checkpoint.path)  # damaged, as the observers were told
        resumption = Resumption(
            at=utc_now(),
            epoch=position.epoch,
            step=position.unfinished.step,
            command=environment.command,
            differences=differences,
        )
        config_text = dump_config(preparation.file.config)
        record = msgspec.structs.replace(
            record,
            status="running",
            finished=None,
            error=None,
            stop_reason=None,
            config=config_text,
            resumed=[*record.resumed, resumption],
        )
        run.write_record(record)
        write_whole(run.config, config_text)
        run.write_metrics(position.rows)
        yield record, position


def _restore(run: RunDirectory, preparation: Preparation) -> tuple[Position, list[str]]:
    """Set the network to the newest good checkpoint; returns what was wrong with newer ones."""
    checkpoints = run.list_checkpoints()
    if not checkpoints:
        if len(run.read_metrics()) > 1 or run.best_checkpoint.exists():
            raise _nothing_to_go_on_from(run, [f"{run.checkpoints} holds no checkpoint"])
        return Position(), ["the run was cut short before its first checkpoint: it begins anew"]
    network, problems = preparation.network, []
    best_epoch, best_problem = 0, f"{run.best_checkpoint} is of no epoch"
    try:
        best_epoch = load_checkpoint(run.best_checkpoint, network, weights_only=True)["epoch"]
    except RunError as error:
        best_problem = error.args[0]
    for checkpoint in reversed(checkpoints):
        try:
            position = _load_position(checkpoint, preparation)
        except RunError as error:
            problems.append(error.args[0])
            continue
        expected = _best_epoch(position, preparation)
        # A later best is of an epoch that will be trained again, to the same weights.
        if best_epoch >= expected:
            return position, problems
        problems.append(best_problem if best_epoch == 0 else f"{run.best_checkpoint} is too old")
        if position.epoch == expected and position.unfinished.step == 0:
            with averaged_weights(network):
                save_checkpoint(run.best_checkpoint, network, position.to_json())
            return position, [*problems, f"it was made again from {checkpoint.path.name}"]
    raise _nothing_to_go_on_from(run, list(dict.fromkeys(problems)))


def _load_position(checkpoint: CheckpointFile, preparation: Preparation) -> Position:
    document = load_checkpoint(checkpoint.path, preparation.network)
    config, network = preparation.file.config, preparation.network
    monitors = (monitor_best(config, network), monitor_stopping(config, network))
    columns = ["loss", *(monitor.column for monitor in monitors if monitor)]
    try:
        position = Position.from_json(document)
        check_rows(position.rows)
        msgspec.convert(asdict(position.unfinished), EpochProgress)
        for column in columns:
            if not all(type(row[column]) in (int, float) for row in position.rows):
                raise ValueError(f"a row has no {column}")
    except msgspec.ValidationError as error:
        raise RunError(f"the checkpoint {checkpoint.path} is damaged: {error}") from None
    except (LookupError, TypeError, ValueError) as error:
        raise RunError(f"the checkpoint {checkpoint.path} is damaged: {error!r}") from None
    if (position.epoch, position.unfinished.step) != (checkpoint.epoch, checkpoint.step):
        raise RunError(f"the checkpoint {checkpoint.path} is of another epoch than its name says")
    return position


def _best_epoch(position: Position, preparation: Preparation) -> int:
    """Return the best epoch of a position; 0 before the first."""
    monitor = monitor_best(preparation.file.config, preparation.network)
    for row in position.rows[1:]:
        monitor.update(row)
    return monitor.best_epoch


def _nothing_to_go_on_from(run: RunDirectory, problems: list[str]) -> RunError:
    return RunError(
        f"{run.path} has no good checkpoint to go on from",
        *problems,
        f"start again with: mnistcli train {run.config}",
    )
