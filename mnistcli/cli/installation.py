"""What is installed, by the metadata of packages: none of them is imported."""

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version

from mnistcli import __version__

_TITLES = {"tensorflow": "TensorFlow", "keras": "Keras", "numpy": "NumPy"}
# Such as `onnx>=1.19; extra == 'onnx'`.
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^]]*\])?[^;]*(?:;.*\bextra == ['\"]([\w-]+)['\"])?")


def list_versions() -> dict[str, str | None]:
    """Return the versions of mnistcli, Python and the libraries that compute; None: not there."""
    versions = {"mnistcli": __version__, "Python": platform.python_version()}
    return versions | {title: find_version(name) for name, title in _TITLES.items()}


def list_extras() -> dict[str, list[str]]:
    """Return the packages that each extra of mnistcli lacks; that of its developers is left out."""
    extras: dict[str, list[str]] = {}
    for name, extra in _requirements():
        if extra and extra != "dev":
            missing = extras.setdefault(extra, [])
            missing += [name] * (find_version(name) is None)
    return extras


def list_missing() -> list[str]:
    """Return the packages that mnistcli needs, and that are not installed."""
    return [name for name, extra in _requirements() if not extra and find_version(name) is None]


def install_line(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"python -m pip install 'mnistcli[{extra}]'"


def find_version(name: str) -> str | None:
    """Return the version of a package that is installed; None: it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _requirements() -> list[tuple[str, str | None]]:
    """Return each package that mnistcli names, and the extra that needs it."""
    try:
        matches = map(_REQUIREMENT.match, requires("mnistcli") or [])
    except PackageNotFoundError:  # the code lies in a folder of its own
        return []
    return [(match[1], match[2]) for match in matches if match]
