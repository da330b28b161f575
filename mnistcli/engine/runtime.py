"""How TensorFlow uses the machine."""

import os

import tensorflow as tf


def configure_threads(threads: int | str) -> int:
    """Set the threads of TensorFlow's kernels, before it runs its first one.

    Args:
        threads: how many, or "auto" for one per core.

    Returns:
        How many are in use; in a process that already ran TensorFlow, as many as before.
    """
    count = threads if isinstance(threads, int) else _available_cores()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
    except RuntimeError:  # TensorFlow is running already, as in a notebook
        return int(tf.config.threading.get_intra_op_parallelism_threads()) or (os.cpu_count() or 1)
    return count


def _available_cores() -> int:
    """The cores that this process may use; macOS and Windows do not tell, so all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
