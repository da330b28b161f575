"""Runs the shipped sweeps, and writes what they found into their headers.

    python tests/benchmarks/measure_sweeps.py [FILE...]

Each sweep file (or those named) is searched by `mnistcli sweep FILE`, into a folder under
runs/measured/; a sweep that was cut short goes on, and the result of a finished one is read again.
Then the line `# Measured:` of the file is written from it. MNIST must be on this machine.
"""

import json
import re
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readme import describe_machine

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "configs" / "sweeps"
RUNS = ROOT / "runs" / "measured"
COMMAND = Path(sys.executable).parent / "mnistcli"


def sweep(file: Path) -> dict[str, Any]:
    """Search by a sweep file; return what came of it."""
    folder = RUNS / f"sweep-{file.stem}"
    command: list[str | Path] = [COMMAND, "sweep", "--json", "--quiet"]
    command += ["--resume", folder] if folder.exists() else [file, "--run-dir", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


def describe(result: dict[str, Any]) -> str:
    """Return the sentences of a header."""
    trials = result["trials"]
    best = next(each for each in trials if each["trial"] == result["best"]["trial"])
    settings = ", ".join(f"{key} {_shorten(value)}" for key, value in best["settings"].items())
    minutes = sum(each["seconds"] or 0 for each in trials) / 60
    parts = [
        f"of {len(trials)} trials ({minutes:.0f} min of training) the best has {settings}: "
        f"{result['goal']} {best['value']:.4f}"
    ]
    values = result["confirmations"].get(str(best["trial"]))
    if values:
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        parts.append(f"with {len(values)} other seeds {mean:.4f} ± {deviation:.4f}")
    if result["lead"]:
        mean, low, high = result["lead"]
        parts.append(f"its lead over the second {mean:.4f}, 95 % interval {low:.4f} to {high:.4f}")
    accuracy = result["best"]["metrics"]["test_accuracy"]
    parts.append(f"test accuracy {accuracy:.2%}")
    return f"{'; '.join(parts)}. {describe_machine()}."


def _shorten(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def write_header(file: Path, result: dict[str, Any]) -> None:
    """Replace the line `# Measured:` of a sweep file."""
    text = file.read_text(encoding="utf-8")
    lines = textwrap.wrap(
        f"Measured: {describe(result)}",
        100,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_on_hyphens=False,
    )
    text = re.sub(r"(?m)^# Measured:.*(\n#   .*)*$", "\n".join(lines).replace("\\", r"\\"), text)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    files = [Path(argument).resolve() for argument in sys.argv[1:]]
    for sweep_file in files or sorted(SWEEPS.glob("*.yaml")):
        write_header(sweep_file, sweep(sweep_file))
