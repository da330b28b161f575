"""Small real trainings, for the tests of `mnistcli.training`."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from commands import SMALL_CONFIG
from config_texts import Load

from mnistcli.artifacts import EXPORTERS
from mnistcli.data import Dataset
from mnistcli.engine import EpochProgress
from mnistcli.runs import RunDirectory
from mnistcli.training import (
    TrainingObserver,
    TrainingResult,
    prepare,
    train,
)

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
# All that has a state: dropout, augmentation, moving averages, a schedule.
TEXT = f"""
layers:
  - Conv2D: {{filters: 8, kernel_size: 5, strides: 3}}
  - BatchNormalization
  - ReLU
  - Flatten
  - Dropout: {{rate: 0.2}}
{DENSE}
optimizer:
  Adam:
    learning_rate: {{CosineDecay: {{initial_learning_rate: 1e-2, decay_steps: 100%}}}}
    use_ema: true
    ema_momentum: 0.9
metrics: [{{SparseTopKCategoricalAccuracy: {{k: 2, name: top_2}}}}]
epochs: 3
batch_size: 100
seed: 7
data: {{dataset: digits, validation: 200, normalize: standard}}
augment: [{{RandomTranslation: {{height_factor: 0.1, width_factor: 0.1, fill_mode: constant}}}}]
early_stopping: {{patience: 3}}
"""
# Learns nothing, so that validation never improves on the first epoch.
IDLE = f"""
layers:
{DENSE}
optimizer: {{SGD: {{learning_rate: 0.0}}}}
epochs: 9
batch_size: 700
data: {{dataset: digits}}
early_stopping: {{monitor: val_accuracy, patience: 2}}
"""


class Recorder(TrainingObserver):
    """Keeps what it is told, and copies the run as a kill after epoch 2 would leave it."""

    def __init__(self, run: Path | None = None, copy: Path | None = None) -> None:
        self.run, self.copy = run, copy
        self.calls: list[tuple[Any, ...]] = []

    def training_started(self, first_epoch: int, epochs: int, images: int) -> None:
        self.calls.append(("training_started", first_epoch, epochs, images))

    def epoch_started(self, epoch: int) -> None:
        self.calls.append(("epoch_started", epoch))

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> None:
        self.calls.append(("epoch_finished", row["epoch"], is_best))
        if self.run and self.copy and row["epoch"] == 2:
            shutil.copytree(self.run, self.copy)

    def stopped_early(self, epoch: int, reason: str) -> None:
        self.calls.append(("stopped_early", epoch, reason))

    def training_finished(self) -> None:
        self.calls.append(("training_finished",))


class Stopper(TrainingObserver):
    """Raises something in the middle of an epoch."""

    def __init__(self, epoch: int, error: BaseException) -> None:
        self.stop_epoch, self.error = epoch, error

    def epoch_started(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_progressed(self, progress: EpochProgress) -> None:
        if self.epoch == self.stop_epoch and progress.images > 100:
            raise self.error


@dataclasses.dataclass
class Trained:
    """A completed run, what its observer was told, and its state during epoch 2."""

    result: TrainingResult
    recorder: Recorder
    killed: RunDirectory

    @property
    def run(self) -> RunDirectory:
        return self.result.run


def train_small(load_text: Load, digits: Dataset, folder: Path) -> Trained:
    """Train `TEXT`."""
    recorder = Recorder(folder / "run", folder / "killed")
    result = train(prepare(load_text(TEXT), digits), folder / "run", [recorder])
    return Trained(result, recorder, RunDirectory(folder / "killed"))


def train_pair(load_text: Load, digits: Dataset, folder: Path) -> tuple[Path, Path]:
    """Train two runs of `SMALL_CONFIG`, a and b, with different seeds."""
    overrides = ("epochs=2", "batch_size=50", "data.validation=200")
    files = [load_text(SMALL_CONFIG, *overrides, f"seed={seed}") for seed in (0, 1)]
    with bare_runs():
        runs = [
            train(prepare(file, digits), folder / name)
            for file, name in zip(files, "ab", strict=True)
        ]
    return runs[0].run.path, runs[1].run.path


@contextmanager
def bare_runs() -> Iterator[None]:
    """Leave model.tflite and figures out of runs: half of the time of such short trainings."""
    exporters = {name: write for name, write in EXPORTERS.items() if name != "model.tflite"}
    with (
        mock.patch("mnistcli.artifacts.model_files.EXPORTERS", exporters),
        mock.patch("mnistcli.cli.figures.write_run_figures"),
    ):
        yield


def without_times(value: Any) -> Any:
    """A document without what no two trainings share."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if isinstance(value, dict):
        times = ("seconds", "images_per_second")
        return {key: without_times(item) for key, item in value.items() if key not in times}
    return value


def rows_without_times(run: RunDirectory) -> list[dict[str, Any]]:
    return [without_times(row) for row in run.read_metrics()]


def assert_same_training(run: RunDirectory, expected: RunDirectory) -> None:
    """Epochs and the evaluation are equal to the last bit."""
    assert_same_epochs(run, expected)
    evaluations = [json.loads(each.evaluation.read_text()) for each in (run, expected)]
    assert evaluations[0] == evaluations[1]


def assert_same_epochs(run: RunDirectory, expected: RunDirectory) -> None:
    """Metrics, weights, optimizer, random generators and progress are equal to the last bit."""
    assert rows_without_times(run) == rows_without_times(expected)
    names = sorted(path.name for path in expected.checkpoints.iterdir())
    assert sorted(path.name for path in run.checkpoints.iterdir()) == names
    for name in names:
        with np.load(run.checkpoints / name) as one, np.load(expected.checkpoints / name) as two:
            assert one.files == two.files
            for key in one.files:
                if key == "progress":
                    progresses = [
                        without_times(json.loads(each[key].tobytes())) for each in (one, two)
                    ]
                    assert progresses[0] == progresses[1], name
                else:
                    np.testing.assert_array_equal(one[key], two[key], err_msg=f"{name} {key}")
