"""Everything a training needs, checked and built, before anything is written."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import ConfigFile
from mnistcli.data import Dataset, SelectedImages, Splits, permutation
from mnistcli.data.fit import fit_data, split_config
from mnistcli.engine import EvaluationLoop, Runtime, TrainingLoop, check_memory, start_runtime
from mnistcli.model import Network, build_network
from mnistcli.runs import Environment

COUNTED_IMAGES = 1000  # at a time


@dataclass(frozen=True)
class Preparation:
    """A config with its data and its network, ready to train.

    Attributes:
        file: the config as it will be trained: where a fallback stands in for the data
            set, it is the one that the config names.
        scale: factor of a pixel in the model's first layer.
        offset: what that layer adds.
    """

    file: ConfigFile
    dataset: Dataset
    splits: Splits
    network: Network
    training: TrainingLoop
    evaluation: EvaluationLoop
    runtime: Runtime
    scale: float
    offset: float

    def order(self, epoch: int) -> NDArray[np.int32]:
        """Return the order of the training images in an epoch, (N,)."""
        seed = (self.file.config.seed, epoch)
        return permutation(len(self.splits.train), seed).astype(np.int32)


@dataclass(frozen=True)
class DryRun:
    """What one step told of the whole run, in seconds."""

    steps_per_epoch: int
    seconds_per_epoch: float
    seconds_in_all: float


def prepare(file: ConfigFile, dataset: Dataset, record: Environment | None = None) -> Preparation:
    """Build what a config describes for a data set.

    Args:
        record: of a run that is to be the same, as `start_runtime` takes it.

    Raises:
        ConfigError: the config does not fit the data, or Keras refuses a part of it.
    """
    file = fit_data(file, dataset)
    config = file.config
    runtime = start_runtime(config, record)
    splits = split_config(config, dataset)
    scale, offset = _pixel_scaling(config.data.normalize, splits.train.images)
    steps_per_epoch = -(-len(splits.train) // config.batch_size)
    network = build_network(
        file, dataset.num_classes, scale, offset, config.epochs * steps_per_epoch
    )
    check_memory(network, config.batch_size)
    train = splits.train
    return Preparation(
        file=file,
        dataset=dataset,
        splits=splits,
        network=network,
        training=TrainingLoop(
            network, train.images, train.labels, config.batch_size, runtime.execution
        ),
        evaluation=EvaluationLoop(network, runtime.execution.shards),
        runtime=runtime,
        scale=scale,
        offset=offset,
    )


def check_trainable(file: ConfigFile, dataset: Dataset) -> None:
    """Check what `prepare` would find wrong with a config, and keep nothing of it.

    Raises:
        ConfigError: as `prepare`.
    """
    file = fit_data(file, dataset)
    start_runtime(file.config)
    build_network(file, dataset.num_classes)


def try_one_step(preparation: Preparation) -> DryRun:
    """Run a training step and a validation pass, and say how long the run would take.

    The network is trained by the step; do not go on with it.
    """
    loop, splits = preparation.training, preparation.splits
    loop.run_steps(1)  # builds the graph
    steps = min(20, loop.steps_per_epoch)
    started = time.perf_counter()
    loop.run_steps(steps)
    step_seconds = (time.perf_counter() - started) / steps
    validation_seconds = 0.0
    if len(splits.validation):
        first = slice(0, 1000)
        images, labels = splits.validation.images[first], splits.validation.labels[first]
        preparation.evaluation.evaluate(images, labels)
        started = time.perf_counter()
        preparation.evaluation.evaluate(images, labels)
        seconds = time.perf_counter() - started
        validation_seconds = seconds * len(splits.validation) / len(labels)
    epoch_seconds = step_seconds * loop.steps_per_epoch + validation_seconds
    epochs = preparation.file.config.epochs
    return DryRun(loop.steps_per_epoch, epoch_seconds, epoch_seconds * epochs)


def _pixel_scaling(normalize: str, images: SelectedImages) -> tuple[float, float]:
    """Return the factor and the offset that map pixels 0 to 255 to what `data.normalize` says."""
    if normalize == "unit":
        return 1 / 255, 0.0
    if normalize == "centered":
        return 2 / 255, -1.0
    # From the counts of the 256 values: exact, and 50 times as fast as std() of the pixels.
    counts = np.zeros(256, np.int64)
    for start in range(0, len(images), COUNTED_IMAGES):  # NumPy counts in 8 bytes a pixel
        block = images[start : start + COUNTED_IMAGES]
        counts += np.bincount(block.reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(np.average(values, weights=counts))
    deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
    return 1 / max(deviation, 1e-6), -mean / max(deviation, 1e-6)
