"""How TensorFlow uses the machine."""

import os
from dataclasses import dataclass

import tensorflow as tf

from mnistcli.config import Config

# Weights of a Dense layer from which a second thread pays. Two threads against one, seconds
# per epoch on two cores (AMD EPYC): 784x128, batch 32: 1.9 against 1.0; 784x256, batch 128:
# 0.9 against 0.9; 784x512, batch 128: 1.2 against 2.0; a small convolutional network: 8.9
# against 14. Below, handing work to a thread costs more than the arithmetic it takes over.
SMALL_DENSE_WEIGHTS = 150_000


@dataclass(frozen=True)
class Threads:
    """How many threads TensorFlow's kernels use, and why as many."""

    count: int
    reason: str


def configure_threads(config: Config) -> Threads:
    """Set the threads of TensorFlow's kernels, before it runs its first one.

    In a process that already ran TensorFlow, such as a notebook, nothing can be set.
    """
    threads = _choose_threads(config)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads.count)
        tf.config.threading.set_inter_op_parallelism_threads(threads.count)
    except RuntimeError:
        # 0 stands for TensorFlow's own choice, all cores.
        count = tf.config.threading.get_intra_op_parallelism_threads() or _available_cores()
        return Threads(count, "TensorFlow was running already")
    return threads


def _choose_threads(config: Config) -> Threads:
    if isinstance(config.threads, int):
        return Threads(config.threads, "as the config says")
    if _has_only_small_dense_layers(config):
        return Threads(1, "auto: small dense layers are faster on one")
    return Threads(_available_cores(), "auto: one per core")


def _has_only_small_dense_layers(config: Config) -> bool:
    width = 28 * 28
    for layer in config.layers:
        if layer.name == "Dense":
            units = layer.arguments["units"]
            if not isinstance(units, int) or width * units > SMALL_DENSE_WEIGHTS:
                return False
            width = units
        elif layer.arguments.keys() & {"units", "filters", "kernel_size", "pool_size", "layer"}:
            return False
    return not config.augment


def _available_cores() -> int:
    """The cores that this process may use; macOS and Windows do not tell, so all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
