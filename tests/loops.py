"""Small training loops, for the tests of the engine."""

import numpy as np

from mnistcli.data import Dataset
from mnistcli.engine import TrainingLoop
from mnistcli.execution import BY_KERNELS, Execution
from mnistcli.model import Network

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
CONVOLUTION = """
layers:
  - Conv2D: {filters: 2, kernel_size: 3}
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""
COUNT, BATCH_SIZE = 150, 32  # the last batch has 22 images


def run_epoch(loop: TrainingLoop, order: np.ndarray) -> dict[str, float]:
    """Train a whole epoch, and return its metrics."""
    *_, progress = loop.run_epoch(order)
    return loop.results(progress)


def in_order(count: int = COUNT) -> np.ndarray:
    return np.arange(count, dtype=np.int32)


def make_loop(
    network: Network,
    data: Dataset,
    batch_size: int = BATCH_SIZE,
    execution: Execution = BY_KERNELS,
) -> TrainingLoop:
    images, labels = data.train_images[:COUNT], data.train_labels[:COUNT]
    return TrainingLoop(network, images, labels, batch_size, execution)
