"""What can be told of the machine and the programs that make a run."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from mnistcli.runs.record import Environment

PACKAGES = ("mnistcli", "tensorflow", "keras", "numpy")


def describe_environment(
    threads: int | None = None, device: str | None = None, kernels: str | None = None
) -> Environment:
    """Describe this process: versions, hardware, git commit and command line.

    Args:
        threads: those that TensorFlow uses.
        device: what it computes on.
        kernels: with which implementation.
    """
    return Environment(
        versions={"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        hardware={
            "processor": _processor_name(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        git_commit=_git_commit(),
        command=[Path(sys.argv[0]).name, *sys.argv[1:]],
        threads=threads,
        device=device,
        kernels=kernels,
    )


def environment_differences(before: Environment, now: Environment) -> list[str]:
    """Return what differs that can change the last bits of a number.

    What `before` does not tell, as runs of older versions, is left out.

    Returns:
        Such as 'tensorflow 2.20.0, now 2.21.0'.
    """
    old, new = _numerics(before), _numerics(now)
    return [
        f"{name} {old[name]}, now {value}"
        for name, value in new.items()
        if old.get(name) is not None and old[name] != value
    ]


def _numerics(environment: Environment) -> dict[str, str | int | None]:
    return {
        **environment.versions,
        **environment.hardware,
        "threads": environment.threads,
        "device": environment.device,
        "kernels": environment.kernels,
    }


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """The commit checked out here, with '-dirty' if files differ; None outside a checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()
