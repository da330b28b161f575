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
    count = threads if isinstance(threads, int) else len(os.sched_getaffinity(0))
    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
    except RuntimeError:  # TensorFlow is running already, as in a notebook
        return int(tf.config.threading.get_intra_op_parallelism_threads()) or (os.cpu_count() or 1)
    return count
