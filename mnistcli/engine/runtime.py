"""What TensorFlow uses of the machine: device, kernels, threads."""

import os
from dataclasses import dataclass

from mnistcli.config import Config
from mnistcli.execution import BY_KERNELS, Execution, choose_execution, processor_has
from mnistcli.model.backend import cpu_kernels, tf
from mnistcli.runs import Environment

CUDA = "CUDA"


@dataclass(frozen=True)
class Runtime:
    """What TensorFlow computes with.

    Attributes:
        device: "CPU", or the name of the GPU.
        kernels: of `cpu_kernels`, or `CUDA`. The last bits of a number depend on them.
        threads: of TensorFlow's kernels.
        threads_reason: why as many.
        kernel_threads: how many of them share a kernel. The last bits depend on them, too.
        execution: how steps are run.
    """

    device: str
    kernels: str
    threads: int
    threads_reason: str
    kernel_threads: int
    execution: Execution

    @property
    def on_gpu(self) -> bool:
        """A GPU computes: its sums are not the same each time."""
        return self.kernels == CUDA


def start_runtime(config: Config, record: Environment | None = None) -> Runtime:
    """Set TensorFlow up as a config and the machine have it, before it runs its first kernel.

    In a process that already ran TensorFlow, such as a notebook, nothing can be set.

    Args:
        config: what is trained.
        record: of a run that is to be the same; where it had as many threads, as many share a
            kernel as did then: beside other configs, that is not what a config alone would get.
    """
    threads, reason = _choose_threads(config)
    gpus = tf.config.list_physical_devices("GPU")
    # What pays on a GPU was not measured.
    execution = BY_KERNELS if gpus else choose_execution(config)
    # Shards that have a thread each do not share their kernels with others.
    within = 1 if execution.shards >= threads else threads
    if record and record.threads == threads:
        within = record.kernel_threads or within
    try:
        tf.config.threading.set_intra_op_parallelism_threads(within)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        for gpu in gpus:
            # TensorFlow would take all of its memory at once, whoever else works there.
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        # 0 stands for TensorFlow's own choice, all cores.
        threads = tf.config.threading.get_inter_op_parallelism_threads() or _available_cores()
        within = tf.config.threading.get_intra_op_parallelism_threads() or _available_cores()
        reason = "TensorFlow was running already"
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return Runtime(name, CUDA, threads, reason, within, execution)
    return Runtime("CPU", cpu_kernels(), threads, reason, within, execution)


def explain_precision(config: Config) -> str:
    """Return what the config's precision means for the speed here; empty where unknown.

    bfloat16 pays where the processor multiplies it (AVX-512 BF16, AMX, or Arm's BF16): there
    a matrix product is about twice as fast as in float32. Elsewhere each value is widened first.
    """
    if tf.config.list_logical_devices("GPU") or config.precision == "mixed_float16":
        return ""
    has_bfloat16 = processor_has("avx512_bf16|amx_bf16|bf16")
    if has_bfloat16 is None:
        return ""
    if config.precision == "float32":
        return "mixed_bfloat16 may be faster here" if has_bfloat16 else "the fastest here"
    if has_bfloat16:
        return "this processor has bfloat16 arithmetic"
    return "float32 would be faster: this processor has no bfloat16 arithmetic"


def _choose_threads(config: Config) -> tuple[int, str]:
    if isinstance(config.threads, int):
        return config.threads, "as the config says"
    return _available_cores(), "auto: one per core"


def _available_cores() -> int:
    """Return the cores that this process may use; macOS and Windows do not tell, so all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
