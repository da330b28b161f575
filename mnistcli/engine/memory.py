"""How much memory there is, known before the system ends a process that takes more."""

import os
import resource
from pathlib import Path

from mnistcli.errors import RunError
from mnistcli.model import Network, minimum_training_bytes
from mnistcli.model.backend import tf

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def check_memory(network: Network, batch_size: int) -> None:
    """Refuse a training that this machine cannot hold.

    Linux promises memory that it does not have: what takes too much is killed without a word, and
    some kernels crash.

    Raises:
        RunError: training takes more memory than there is, at the very least.
    """
    needed = minimum_training_bytes(network.model, network.optimizer, batch_size)
    available = memory_limit()
    if not tf.config.list_physical_devices("GPU") and needed > available:
        raise RunError(
            f"out of memory: this network takes at least {needed / 1e9:,.1f} GB to train in "
            f"batches of {batch_size}, and there are {available / 1e9:,.1f} GB",
            "expected room for the network and a batch; try a smaller batch_size or network",
        )


def memory_limit() -> float:
    """Return the bytes that this process may have: of the machine, its container or its limits."""
    limits = [float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")]
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        limits.append(float(address_space))
    for path in CGROUP_LIMITS:
        try:
            limits.append(float(path.read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return min(limits)
