"""Everything a training needs, checked and built, before anything is written."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnistcli.config import KNOWN_TRAINING_SIZES, ConfigFile, check_sizes
from mnistcli.data import BUILT_IN, Dataset, Splits, split_validation
from mnistcli.engine import EvaluationLoop, Threads, TrainingLoop, configure_threads
from mnistcli.model import Network, build_network


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
    threads: Threads
    scale: float
    offset: float


@dataclass(frozen=True)
class DryRun:
    """What one step told of the whole run, in seconds."""

    steps_per_epoch: int
    seconds_per_epoch: float
    seconds_in_all: float


def prepare(file: ConfigFile, dataset: Dataset) -> Preparation:
    """Build what a config describes for a data set.

    Raises:
        ConfigError: the config does not fit the data, or Keras refuses a part of it.
    """
    file = _resolve_data(file, dataset)
    config, problems = file.config, file.problems()
    check_sizes(config, len(dataset.train_labels), problems)
    problems.raise_if_any()
    threads = configure_threads(config)
    splits = split_validation(dataset, config.data.validation, config.seed)
    scale, offset = _pixel_scaling(config.data.normalize, splits.train.images)
    steps_per_epoch = -(-len(splits.train) // config.batch_size)
    network = build_network(
        file, dataset.num_classes, scale, offset, config.epochs * steps_per_epoch
    )
    train = splits.train
    return Preparation(
        file=file,
        dataset=dataset,
        splits=splits,
        network=network,
        training=TrainingLoop(network, train.images, train.labels, config.batch_size),
        evaluation=EvaluationLoop(network),
        threads=threads,
        scale=scale,
        offset=offset,
    )


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
    some = slice(0, 1000)
    images, labels = splits.validation.images[some], splits.validation.labels[some]
    preparation.evaluation.evaluate(images, labels)
    started = time.perf_counter()
    preparation.evaluation.evaluate(images, labels)
    validation_seconds = (time.perf_counter() - started) * len(splits.validation) / len(labels)
    epoch_seconds = step_seconds * loop.steps_per_epoch + validation_seconds
    epochs = preparation.file.config.epochs
    return DryRun(loop.steps_per_epoch, epoch_seconds, epoch_seconds * epochs)


def _resolve_data(file: ConfigFile, dataset: Dataset) -> ConfigFile:
    """The config with the data set that is used, so that it trains this run again anywhere."""
    config = file.config
    if dataset.fallback_reason is None:
        if dataset.name in BUILT_IN:
            return file
        path = str(Path(dataset.name).expanduser().absolute())
        data = config.data.model_copy(update={"dataset": path})
        return replace(file, config=config.model_copy(update={"data": data}))
    validation = config.data.validation
    if isinstance(validation, int) and validation and config.data.dataset == "mnist":
        # As large a share of the fallback as it would have been of MNIST, but some images.
        share = validation / KNOWN_TRAINING_SIZES["mnist"]
        validation = max(share, 1 / len(dataset.train_labels))
    data = config.data.model_copy(
        update={"dataset": dataset.name, "fallback": None, "validation": validation}
    )
    batch_size = min(config.batch_size, len(dataset.train_labels))
    return replace(file, config=config.model_copy(update={"data": data, "batch_size": batch_size}))


def _pixel_scaling(normalize: str, images: np.ndarray) -> tuple[float, float]:
    """The factor and the offset that map pixels 0 to 255 to what `data.normalize` says."""
    if normalize == "unit":
        return 1 / 255, 0.0
    if normalize == "centered":
        return 2 / 255, -1.0
    # From the counts of the 256 values: exact, and 50 times as fast as std() of the pixels.
    counts = np.bincount(images.reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(np.average(values, weights=counts))
    deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
    return 1 / max(deviation, 1e-6), -mean / max(deviation, 1e-6)
