"""What run.json says of the machine and the programs that made a run."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("mnistcli", "tensorflow", "keras", "numpy")


def utc_now() -> str:
    """The time in UTC, as ISO 8601 with microseconds, which sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def describe_environment() -> dict[str, Any]:
    """Versions, hardware, git commit and command line."""
    return {
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "hardware": {
            "processor": _processor_name(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "git_commit": _git_commit(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def environment_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two records that can change the last bits of a number.

    Args:
        before: a run.json.
        now: `describe_environment`, with `threads`.

    Returns:
        Such as 'tensorflow 2.20.0, now 2.21.0'.
    """
    pairs: list[tuple[str, Any, Any]] = []
    for part in ("versions", "hardware"):
        old, new = before.get(part), now[part]
        known = old if isinstance(old, Mapping) else {}
        pairs += [(name, known.get(name), value) for name, value in new.items()]
    pairs.append(("threads", before.get("threads"), now["threads"]))
    return [f"{name} {old}, now {new}" for name, old, new in pairs if old != new]


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
