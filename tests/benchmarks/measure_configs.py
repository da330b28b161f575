"""Trains the shipped configs, and writes what they reach into their headers and into the tables.

    python tests/benchmarks/measure_configs.py [CONFIG...]

Each config (or those named) is trained with seeds 0, 1 and 2 by the installed command, into a
folder per config and seed under runs/measured/. Complete runs of the very config are not trained
again: delete one to measure it anew. Then the lines `# Measured:` of the configs, and their rows in
the tables of README (configs/) and of the gallery (configs/*/), are written from the run
directories alone. The rows of other configs stay as they are.

A figure is the share of right answers to the test images, or of wrong ones where that is what was
published. The 95 % interval is Student's, of the mean of three seeds: it is wide. A published error
is "beaten" where the whole interval is below it, and "missed" where all of it is above. The time is
the fastest of the three whole processes. MNIST must be on this machine.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from mnistcli.config import dump_config, load_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
RUNS = ROOT / "runs" / "measured"
COMMAND = Path(sys.executable).parent / "mnistcli"
SEEDS = (0, 1, 2)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measured:
    """What the run directories of one config tell.

    Attributes:
        figures: one a seed, in [0, 1]: accuracies, or errors if `are_errors`.
    """

    figures: list[float]
    are_errors: bool
    seconds: float
    epochs: int
    parameters: int
    hardware: str

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean, cut at 0 and 1."""
        error = statistics.stdev(self.figures) / len(self.figures) ** 0.5
        reach = student.ppf((1 + CONFIDENCE) / 2, len(self.figures) - 1) * error
        mean = statistics.mean(self.figures)
        return max(0.0, mean - reach), min(1.0, mean + reach)

    @property
    def suffix(self) -> str:
        """What follows a figure: nothing, or that it is an error."""
        return " error" if self.are_errors else ""

    def describe_mean(self) -> str:
        """Return such as "99.57% ± 0.05"."""
        mean, deviation = statistics.mean(self.figures), statistics.stdev(self.figures)
        return f"{mean:.2%} ± {100 * deviation:.2f}"

    def describe_interval(self) -> str:
        """Return such as "99.46% to 99.68%"."""
        low, high = self.interval
        return f"{low:.2%} to {high:.2%}"

    def compare(self, published: str) -> str:
        """Return " (beaten)" or " (missed)" where the interval tells, of a published error."""
        if not self.are_errors:
            return ""
        error, (low, high) = float(published.split(maxsplit=1)[0]) / 100, self.interval
        return " (beaten)" if high < error else " (missed)" if low > error else ""


def train(config: Path, seeds: Iterable[int] = SEEDS) -> None:
    """Train a config with each seed that has no complete run of it yet."""
    for seed in seeds:
        run = run_of(config, seed)
        if not is_measured(config, seed):
            shutil.rmtree(run, ignore_errors=True)
            started = time.perf_counter()
            options = ["--set", f"seed={seed}", "--run-dir", str(run), "--quiet", "--json"]
            subprocess.run(
                [COMMAND, "train", config, *options], stdout=subprocess.DEVNULL, check=True
            )
            (run / "seconds.json").write_text(json.dumps(time.perf_counter() - started))
            print(f"{config.stem} seed {seed}: {read(run / 'run.json')['metrics']}", flush=True)


def is_measured(config: Path, seed: int) -> bool:
    """Return whether there is a complete run of the config as it is now."""
    run = run_of(config, seed)
    if not (run / "seconds.json").exists():
        return False
    record = read(run / "run.json")
    expected = dump_config(load_config(config, [f"seed={seed}"]).config)
    return bool(record["status"] == "completed" and record["config"] == expected)


def run_of(config: Path, seed: int) -> Path:
    """Return the run directory of a config and a seed."""
    return RUNS / "-".join([*config.relative_to(CONFIGS).with_suffix("").parts, str(seed)])


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def measure(config: Path) -> Measured:
    """Read the runs of a config; its parameters from `mnistcli summary`."""
    runs = [run_of(config, seed) for seed in SEEDS]
    records = [read(run / "run.json") for run in runs]
    summary = subprocess.run(
        [COMMAND, "summary", config, "--json"], capture_output=True, check=True, text=True
    )
    hardware = records[0]["hardware"]
    accuracies = [record["metrics"]["test_accuracy"] for record in records]
    are_errors = read_header(config).get("Published", "").endswith("error")
    return Measured(
        figures=[1 - accuracy for accuracy in accuracies] if are_errors else accuracies,
        are_errors=are_errors,
        seconds=min(read(run / "seconds.json") for run in runs),
        epochs=load_config(config).config.epochs,
        parameters=json.loads(summary.stdout)["parameters"],
        hardware=f"{hardware['processor']}, {hardware['cores']} cores",
    )


def read_header(config: Path) -> dict[str, str]:
    """Return the lines `# Source:` and `# Published:` of a config of the gallery."""
    text = config.read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^# (Source|Published): (.*)$", text))


def write_header(config: Path, measured: Measured) -> None:
    """Replace the line `# Measured:` of a config."""
    lines = (
        f"# Measured: {measured.describe_mean()}{measured.suffix} on the test images (mean and "
        "deviation of\n"
        f"#   seeds 0 to 2; 95 % interval of the mean {measured.describe_interval()}),\n"
        f"#   {measured.seconds:.0f} s in all, {measured.hardware}."
    )
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"(?m)^# Measured:.*(\n#   .*)*$", lines, text), encoding="utf-8")


def write_row(config: Path, measured: Measured) -> None:
    """Replace a config's row in the table that lists it; what it is stays as it was written."""
    mean, interval = measured.describe_mean() + measured.suffix, measured.describe_interval()
    seconds = f"{measured.seconds:.0f} s"
    if config.parent == CONFIGS:
        table, name = ROOT / "README.md", f"configs/{config.name}"
        cells = [f"{measured.parameters:,}", mean, interval, seconds]
    else:
        table, name = CONFIGS / "README.md", config.relative_to(CONFIGS).as_posix()
        header = read_header(config)
        verdict = measured.compare(header["Published"])
        cells = [header["Source"], header["Published"], mean + verdict, interval]
        cells += [f"{measured.parameters:,}", str(measured.epochs), seconds]
    text = table.read_text(encoding="utf-8")
    row = re.search(rf"(?m)^\| \[{re.escape(name)}\].*$", text)
    if not row:
        raise SystemExit(f"{table} has no row for {name}")
    kept = 2 if config.parent == CONFIGS else 1  # the cells that are written by hand
    described = [cell.strip("| ") for cell in row[0].split(" | ")[:kept]]
    line = f"| {' | '.join([*described, *cells])} |"
    text = text[: row.start()] + line + text[row.end() :]
    table.write_text(text, encoding="utf-8")


def main() -> None:
    """Train, and write what came of it."""
    configs = [Path(name).resolve() for name in sys.argv[1:]]
    for config in configs or sorted(CONFIGS.rglob("*.yaml")):
        if config.parent.name == "sweeps":
            continue
        train(config)
        measured = measure(config)
        write_header(config, measured)
        write_row(config, measured)


if __name__ == "__main__":
    main()
