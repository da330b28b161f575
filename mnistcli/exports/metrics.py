"""The rows of metrics.jsonl as event files of TensorBoard."""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from mnistcli.errors import RunError
from mnistcli.exports.formats import TENSORBOARD
from mnistcli.exports.readme import describe_events
from mnistcli.exports.result import MARK, Export, write_description
from mnistcli.runs import RunDirectory, new_folder

# TensorBoard reads each file whose name has "tfevents" in it.
EVENT_FILE = "events.out.tfevents.mnistcli"


class Scalar(NamedTuple):
    """A point of a curve; the time is in seconds since 1970."""

    time: float
    epoch: int
    value: float


# Of each run as TensorBoard has it, "train" and "validation", the curves by their names.
Curves = Mapping[str, Mapping[str, Sequence[Scalar]]]


def export_metrics(run: RunDirectory, path: Path, replace: bool) -> Export:
    """Make a folder of event files from a run's metrics.jsonl; load no TensorFlow.

    Args:
        replace: take the place of an earlier export.

    Raises:
        RunError: the run is an ensemble or has no epoch, TensorBoard does not read what was
            written, or the folder exists or cannot be written. Nothing is kept.
    """
    curves = read_curves(run)
    with new_folder(path, replace, MARK) as folder:
        size = write_events(curves, folder)
        export = Export(TENSORBOARD, path, size)
        write_description(folder, export, describe_events(run, tuple(curves)))
    return export


def read_curves(run: RunDirectory) -> Curves:
    """Return a run's metrics under the names that Keras' callback gives them.

    What training and validation have in common has one name, so that TensorBoard shows it in one
    picture. The time of an epoch is the start of the run and the seconds of all epochs up to it.

    Raises:
        RunError: the run is an ensemble, or has no epoch.
    """
    run.require_training()
    rows = run.read_metrics()
    if not rows:
        raise RunError(
            f"{run.path} has no metrics of an epoch", "expected a run that finished its first epoch"
        )
    curves: dict[str, dict[str, list[Scalar]]] = defaultdict(lambda: defaultdict(list))
    time = datetime.fromisoformat(run.read_record().started).timestamp()
    for row in rows:
        time += row.get("seconds") or 0
        for column, value in row.items():
            if column != "epoch":
                kind = "validation" if column.startswith("val_") else "train"
                scalar = Scalar(time, row["epoch"], math.nan if value is None else float(value))
                curves[kind][f"epoch_{column.removeprefix('val_')}"].append(scalar)
    return curves


def write_events(curves: Curves, folder: Path) -> int:
    """Write an event file for each run, in a folder of its name.

    Returns:
        The size of all files in bytes.

    Raises:
        RunError: TensorBoard does not read from the files what was written.
    """
    size = 0
    for kind, curves_of_kind in curves.items():
        path = folder / kind / EVENT_FILE
        path.parent.mkdir()
        _write_file(path, curves_of_kind)
        if _read_file(path) != _in_float32(curves_of_kind):
            raise RunError(
                f"TensorBoard reads other numbers of {kind} than metrics.jsonl has",
                "nothing was kept",
            )
        size += path.stat().st_size
    return size


def _write_file(path: Path, curves: Mapping[str, Sequence[Scalar]]) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    start = min(scalars[0].time for scalars in curves.values())
    events = [Event(wall_time=start, file_version="brain.Event:2")]
    for name, scalars in curves.items():
        for scalar in scalars:
            value = Summary.Value(tag=name, simple_value=scalar.value)
            summary = Summary(value=[value])
            events.append(Event(wall_time=scalar.time, step=scalar.epoch, summary=summary))
    with path.open("wb") as file:
        writer = RecordWriter(file)
        # In the order of time: TensorBoard takes a step back for a restart, and drops what follows.
        for event in sorted(events, key=lambda event: event.step):
            writer.write(event.SerializeToString())


def _read_file(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with _without_tensorflow():
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        # 0 keeps all; by default it would keep 10,000 of them.
        events = EventAccumulator(str(path), size_guidance={"scalars": 0}).Reload()
        names = events.Tags()["scalars"]
        return {
            name: [(e.wall_time, e.step, repr(e.value)) for e in events.Scalars(name)]
            for name in names
        }


def _in_float32(curves: Mapping[str, Sequence[Scalar]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return what an event file can hold of the curves; NaN as text, since it equals nothing."""
    import numpy as np

    return {
        name: [(each.time, each.epoch, repr(float(np.float32(each.value)))) for each in scalars]
        for name, scalars in curves.items()
    }


@contextmanager
def _without_tensorflow() -> Iterator[None]:
    """Have TensorBoard read files by itself, as its own switch does; TensorFlow takes seconds."""
    switch = "tensorboard.compat.notf"
    sys.modules.setdefault(switch, ModuleType(switch))
    try:
        yield
    finally:
        del sys.modules[switch]
