"""The machine and the programs that make a run."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from mnistcli.runs.record import Environment

PACKAGES = ("mnistcli", "tensorflow", "keras", "numpy")


def describe_environment(
    threads: int | None = None,
    device: str | None = None,
    kernels: str | None = None,
    kernel_threads: int | None = None,
) -> Environment:
    """Describe this process: versions, hardware, git commit and command line.

    Args:
        threads: the number of threads that TensorFlow uses.
        device: the device that it computes on.
        kernels: the implementation of its operations.
        kernel_threads: the number of threads that share one of them.
    """
    from importlib.metadata import version  # takes 8 ms, which `predict` saves

    return Environment(
        versions={"python": platform.python_version()}
        | {package: version(package) for package in PACKAGES},
        hardware=describe_hardware(),
        git_commit=_git_commit(),
        command=[Path(sys.argv[0]).name, *sys.argv[1:]],
        threads=threads,
        kernel_threads=kernel_threads,
        device=device,
        kernels=kernels,
    )


def describe_hardware() -> dict[str, str | int | None]:
    """Return the processor's name, its cores and the system."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def environment_differences(
    run_environment: Environment, current_environment: Environment
) -> list[str]:
    """Return the differences that can change the last bits of a number.

    Properties that `run_environment` lacks, as in runs of older versions, are left out.

    Returns:
        One text for each difference, such as 'tensorflow 2.20.0, now 2.21.0'.
    """
    run_properties = _numeric_properties(run_environment)
    return [
        f"{name} {run_properties[name]}, now {value}"
        for name, value in _numeric_properties(current_environment).items()
        if run_properties.get(name) is not None and run_properties[name] != value
    ]


def _numeric_properties(environment: Environment) -> dict[str, str | int | None]:
    """Return the properties of an environment that can change numbers."""
    return {
        **environment.versions,
        **environment.hardware,
        "threads": environment.threads,
        "threads of a kernel": environment.kernel_threads,
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
    """Return the commit checked out here, with '-dirty' if files differ, if there is one."""
    try:
        process = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout.strip()
