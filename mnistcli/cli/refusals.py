"""Errors of the operating system, explained: no memory, disk space, open files or threads."""

import errno
from pathlib import Path

from mnistcli.errors import MnistcliError, RunError

# From messages of TensorFlow, XLA, CUDA, OpenCV, the C++ library and the system's loader.
_MEMORY_PHRASES = (
    "RESOURCE_EXHAUSTED",
    "OOM when allocating",
    "OUT_OF_MEMORY",
    "out of memory",
    "Insufficient memory",
    "llocate memory",
    "bad_alloc",
    "failed to map segment",
)


def find_user_error(error: Exception) -> MnistcliError | None:
    """Return what a user can mend of any exception; None for a programming mistake."""
    return error if isinstance(error, MnistcliError) else explain_refusal(error)


def explain_refusal(error: Exception) -> MnistcliError | None:
    """Return a clear error for one that the system caused; None for a programming mistake."""
    lines = [line.strip() for line in str(error).splitlines()]
    memory_lines = [line for line in lines if any(phrase in line for phrase in _MEMORY_PHRASES)]
    if isinstance(error, MemoryError) or memory_lines:
        reason = (memory_lines or lines or ["there is no more"])[0][:200]
        return RunError(
            f"out of memory: {reason}",
            "use a smaller network, batch_size or picture, or a machine with more memory",
        )
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return RunError(
            "the system allows no more threads", "allow more threads: see ulimit -u and -v"
        )
    if (
        isinstance(error, OSError) and error.errno is not None
    ):  # without a number it is a library's own
        return _explain_system_error(error)
    return None


def _explain_system_error(error: OSError) -> MnistcliError:
    """Return the system's message with a file name, and with advice where there is some."""
    try:
        Path.cwd()
    except OSError:
        return RunError("the working directory is gone", "go to a folder that exists")
    advice = {
        errno.EMFILE: "more open files must be allowed: see ulimit -n",
        errno.ENOSPC: "expected free space on the disk",
        errno.EROFS: "expected a folder that can be written to",
    }.get(error.errno or 0)
    file_name = error.filename if error.filename is not None else "a file"
    return RunError(f"{file_name}: {error.strerror}", *([advice] if advice else []))
