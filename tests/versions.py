"""Runs the tests with other versions of what mnistcli needs, each in a fresh environment.

    python tests/versions.py lowest            the lower bounds in pyproject.toml
    python tests/versions.py newest            what the package index has now
    python tests/versions.py pinned            .ci/constraints.txt
    python tests/versions.py pin               writes .ci/constraints.txt: the newest that fit

`--quick` runs a part of the tests, and `--python 3.13` takes another Python, which must be
installed. What was installed is printed, and the table in tests/README.md gets the outcome.
`PYTEST_ADDOPTS` holds further options for pytest.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
PAGE = ROOT / "tests" / "README.md"
UV = [sys.executable, "-m", "uv", "pip"]
# No package is built here: one without a wheel would need a compiler on a user's machine.
REQUIREMENTS = ["--only-binary", ":all:", "--all-extras", "--requirements", "pyproject.toml"]
RESOLUTIONS = {
    "lowest": ["--resolution", "lowest-direct"],
    "newest": ["--refresh"],
    "pinned": ["--constraints", str(CONSTRAINTS)],
}
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")

# Each library's part, without the trainings that take minutes.
QUICK = (
    "artifacts_restore cli_app config_* data* figures images model recognition_lite "
    "recognition_predictions runs*"
)

PACKAGES = ("tensorflow", "keras", "numpy", "pyyaml", "pillow", "opencv-python-headless", "typer")
COLUMNS = ("versions", "tests", "Python", "system", *PACKAGES, "outcome", "date")
KEY_COLUMNS = 4  # what is one row: tried again, it is replaced
MARKS = ("<!-- versions -->", "<!-- /versions -->")


def pin() -> None:
    """Write the constraints, and check that there is a wheel for each Python and system."""
    command = [*UV, "compile", "--quiet", "--no-annotate"]
    universal = ["--universal", "--python-version", PYTHONS[0], "--fork-strategy", "fewest"]
    header = ["--custom-compile-command", "python tests/versions.py pin"]
    output = ["--upgrade", "--output-file", str(CONSTRAINTS)]
    sources = ["--all-extras", "pyproject.toml"]
    subprocess.run([*command, *universal, *header, *output, *sources], cwd=ROOT, check=True)
    for python in PYTHONS:
        for system in PLATFORMS:
            target = ["--python-version", python, "--python-platform", system]
            pinned = ["--only-binary", ":all:", "--constraints", str(CONSTRAINTS), *sources]
            print(f"Python {python}, {system}", flush=True)
            subprocess.run(
                [*command, *target, *pinned], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
            )


def install(environment: Path, python: str, versions: str) -> bool:
    """Make an environment with mnistcli as a user installs it; returns whether that succeeded."""
    create = [*UV[:-1], "venv", "--quiet", "--python", python, str(environment)]
    subprocess.run(create, cwd=ROOT, check=True)
    command = [*UV, "install", "--quiet", "--python", str(environment / "bin" / "python")]
    # uv would take mnistcli from its cache as long as pyproject.toml is the same.
    package = ["--no-deps", "--reinstall-package", "mnistcli", "."]
    for arguments in ([*RESOLUTIONS[versions], *REQUIREMENTS], package):
        if subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode:
            return False
    return True


def list_packages(environment: Path) -> dict[str, str]:
    """The version of each package that is installed, by its name."""
    command = [*UV, "list", "--quiet", "--format", "json", "--python", str(environment)]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return {package["name"]: package["version"] for package in json.loads(output)}


def run_tests(environment: Path, quick: bool) -> str:
    """Run pytest; returns how many tests passed or failed."""
    report = environment / "tests.xml"
    files = [str(path) for name in QUICK.split() for path in ROOT.glob(f"tests/test_{name}.py")]
    command = [str(environment / "bin" / "pytest"), f"--junit-xml={report}"]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*command, *(files if quick else [])], cwd=ROOT, env=variables, check=False
    )
    if not report.exists():
        return "no test ran"
    suite = ElementTree.parse(report).getroot()[0].attrib
    tests, failed = int(suite["tests"]), int(suite["failures"]) + int(suite["errors"])
    if done.returncode:
        return f"{failed:,} of {tests:,} failed"
    return f"{tests - int(suite['skipped']):,} passed"


def update_table(text: str, row: Mapping[str, str]) -> str:
    """A page with a row of its table added, or replaced."""
    before, _, rest = text.partition(MARKS[0])
    table, _, after = rest.partition(MARKS[1])
    cells = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]
    cells.append([row.get(name, "-") for name in COLUMNS])
    rows = {tuple(line[:KEY_COLUMNS]): line for line in cells}
    head = [list(COLUMNS), ["---"] * len(COLUMNS)]
    lines = [f"| {' | '.join(line)} |" for line in [*head, *(rows[key] for key in sorted(rows))]]
    return "\n".join([before + MARKS[0], *lines, MARKS[1] + after])


def try_versions(versions: str, python: str, quick: bool) -> bool:
    """Run the tests in a new environment; returns whether all passed."""
    with tempfile.TemporaryDirectory(prefix="versions-") as folder:
        environment = Path(folder) / "environment"
        installed = install(environment, python, versions)
        packages = list_packages(environment)
        print("\n".join(f"{name}=={version}" for name, version in packages.items()), flush=True)
        interpreter = [str(environment / "bin" / "python"), "-c"]
        code = "import sys; print(*sys.version_info[:2], sep='.')"
        number = subprocess.run([*interpreter, code], check=True, stdout=subprocess.PIPE, text=True)
        outcome = run_tests(environment, quick) if installed else "cannot be installed"
    row = {
        "versions": versions,
        "tests": "quick" if quick else "all",
        "Python": number.stdout.strip(),
        "system": f"{platform.system()} {platform.machine()}",
        **{name: packages[name] for name in PACKAGES if name in packages},
        "outcome": outcome,
        "date": date.today().isoformat(),
    }
    PAGE.write_text(update_table(PAGE.read_text(encoding="utf-8"), row), encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in row.items()), sep="\n")
    return outcome.endswith("passed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", choices=[*RESOLUTIONS, "pin"])
    parser.add_argument("--python", default=sys.executable, help="a version, or a path")
    parser.add_argument("--quick", action="store_true", help="run a part of the tests")
    options = parser.parse_args()
    if options.versions == "pin":
        pin()
        return 0
    return 0 if try_versions(options.versions, options.python, options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
