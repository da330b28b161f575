"""Trains the shipped configs and writes what they reach into their headers and README.

    python tests/benchmarks/measure_configs.py [CONFIG...]

Each config is trained with seeds 0, 1 and 2 by the installed command. Its header's line
`# Measured:` is replaced, and its row of README's table. Accuracies are of the test images;
the time is the median of the whole processes, start to end, on a machine with nothing else
to do. MNIST must be on this machine already.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "mnistcli"
SEEDS = (0, 1, 2)


def measure(config: Path) -> dict[str, str]:
    """Train a config with each seed."""
    accuracies, seconds, record = [], [], {}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--set", f"seed={seed}", "--run-dir", f"{folder}/run", "--quiet", "--json"]
            started = time.perf_counter()
            done = subprocess.run(
                [COMMAND, "train", config, *options], stdout=subprocess.PIPE, check=True
            )
            seconds.append(time.perf_counter() - started)
        record = json.loads(done.stdout)
        accuracies.append(record["metrics"]["test_accuracy"])
        print(f"{config.stem} seed {seed}: {accuracies[-1]:.2%} in {seconds[-1]:.1f} s", flush=True)
    mean = statistics.mean(accuracies)
    hardware = record["hardware"]
    return {
        "accuracy": f"{mean:.2%}",
        "range": f"{min(accuracies):.2%} to {max(accuracies):.2%}",
        "seconds": f"{statistics.median(seconds):.0f} s",
        "hardware": f"{hardware['processor']}, {hardware['cores']} cores",
    }


def write_header(config: Path, measured: dict[str, str]) -> None:
    """Replace the line `# Measured:` of a config."""
    line = (
        f"# Measured: {measured['accuracy']} of the test images ({measured['range']} with seeds "
        f"0 to 2), {measured['seconds']} in all, {measured['hardware']}."
    )
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"(?m)^# Measured:.*$", line, text), encoding="utf-8")


def write_row(config: Path, measured: dict[str, str]) -> None:
    """Replace a config's row in README's table."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    name = config.relative_to(ROOT).as_posix()
    row = rf"(?m)^(\| \[{re.escape(name)}\]\([^)]*\) \| [^|]* \|).*$"
    cells = f" {measured['accuracy']} | {measured['range']} | {measured['seconds']} |"
    if not re.search(row, text):
        raise SystemExit(f"README has no row for {name}")
    text = re.sub(row, lambda match: match[1] + cells, text)
    hardware = f"(Measured on {measured['hardware']}.)"
    readme.write_text(re.sub(r"\(Measured on .*\)", hardware, text), encoding="utf-8")


def main() -> None:
    configs = [Path(name).resolve() for name in sys.argv[1:]]
    for config in configs or sorted((ROOT / "configs").glob("*.yaml")):
        measured = measure(config)
        write_header(config, measured)
        write_row(config, measured)


if __name__ == "__main__":
    main()
