"""What a system refuses: memory, room, files, processes. One clear error for each."""

import errno
from pathlib import Path

from mnistcli.errors import MnistcliError, RunError

# In the messages of TensorFlow, XLA, CUDA, OpenCV, the C++ library and the system's loader.
_MEMORY_WORDS = (
    "RESOURCE_EXHAUSTED",
    "OOM when allocating",
    "OUT_OF_MEMORY",
    "out of memory",
    "Insufficient memory",
    "llocate memory",
    "bad_alloc",
    "failed to map segment",
)


def explain_refusal(error: Exception) -> MnistcliError | None:
    """What to tell of an error that nobody expected; None for a programming mistake."""
    lines = [line.strip() for line in str(error).splitlines()]
    memory = [line for line in lines if any(words in line for words in _MEMORY_WORDS)]
    if isinstance(error, MemoryError) or memory:
        reason = (memory or lines or ["no more could be had"])[0][:200]
        return RunError(
            f"out of memory: {reason}",
            "expected more memory; a smaller network, batch_size or picture needs less of it",
        )
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return RunError(
            "the system allows no more threads", "expected room for some: see ulimit -u and -v"
        )
    if isinstance(error, OSError) and error.errno is not None:  # else a library's own
        return _explain_system_error(error)
    return None


def _explain_system_error(error: OSError) -> MnistcliError:
    """What the system says, which does not say where it would be of help."""
    try:
        Path.cwd()
    except OSError:
        return RunError("the working directory is gone", "go to one that is there")
    advice = {
        errno.EMFILE: "expected to be allowed more open files: see ulimit -n",
        errno.ENOSPC: "expected room on the disk",
        errno.EROFS: "expected a place that can be written to",
    }.get(error.errno or 0)
    where = error.filename if error.filename is not None else "a file"
    return RunError(f"{where}: {error.strerror}", *([advice] if advice else []))
