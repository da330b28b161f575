"""Trains the shipped configs, and writes what they reach into their headers and into the tables.

    python tests/benchmarks/measure_configs.py [CONFIG...]

Each config (or those named) is trained by `mnistcli train CONFIG --seeds 0-2`, into a folder under
runs/measured/. Complete runs of the very config are not trained again: delete one to measure it
anew. Then the lines `# Measured:` of the configs, and their rows in
the tables of README (configs/) and of the gallery (configs/*/), are written from the run
directories alone. The rows of other configs stay as they are.

A figure is the share of right answers to the test images, or of wrong ones where that is what was
published. The 95 % interval is Student's, of the mean of three seeds: it is wide. A published error
is "beaten" where the whole interval is below it, and "missed" where all of it is above. The time is
that of the fastest run, without the start of TensorFlow. MNIST must be on this machine.
"""

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnistcli.comparison import read_row
from mnistcli.config import dump_config, load_config
from mnistcli.runs import RunDirectory
from mnistcli.scores import mean_interval

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
RUNS = ROOT / "runs" / "measured"
COMMAND = Path(sys.executable).parent / "mnistcli"
SEEDS = (0, 1, 2)


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
        interval = mean_interval(self.figures)
        if interval is None:
            raise SystemExit("one seed has no interval")
        return max(0.0, interval.low), min(1.0, interval.high)

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


def train(config: Path, seeds: Sequence[int] = SEEDS) -> None:
    """Train a config with each seed that has no complete run of it yet."""
    missing = [seed for seed in seeds if not is_measured(config, seed)]
    if not missing:
        return
    folder = RUNS / f"{name_of(config)}-seeds-{'-'.join(map(str, missing))}"
    command: list[str | Path] = [COMMAND, "train"]
    if folder.exists():
        command += ["--resume", folder]
    else:
        command += [config, "--seeds", ",".join(map(str, missing)), "--run-dir", folder]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def is_measured(config: Path, seed: int) -> bool:
    """Return whether there is a complete run of the config as it is now."""
    run = find_run(config, seed)
    if run is None:
        return False
    expected, measured = load_config(config, [f"seed={seed}"]), load_config(run / "config.yaml")
    return bool(
        read(run / "run.json")["status"] == "completed"
        # Written anew: an older run has no keys that came since.
        and dump_config(measured.config) == dump_config(expected.config)
    )


def find_run(config: Path, seed: int) -> Path | None:
    """Return the run directory of a config and a seed, the latest of several."""
    runs = RUNS.glob(f"{name_of(config)}-seeds-*/seed-{seed}")
    return max(runs, key=lambda run: run.stat().st_mtime, default=None)


def run_of(config: Path, seed: int) -> Path:
    """Return the run directory of a config and a seed, which must exist."""
    run = find_run(config, seed)
    if run is None:
        raise SystemExit(f"{config} was not trained with seed {seed}")
    return run


def name_of(config: Path) -> str:
    """Return such as papers-lenet5."""
    return "-".join(config.relative_to(CONFIGS).with_suffix("").parts)


def measure_seconds(run: Path) -> float:
    """Return how long a run took."""
    seconds = read_row(RunDirectory(run)).seconds
    if seconds is None:
        raise SystemExit(f"{run} is damaged")
    return seconds


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
        seconds=min(map(measure_seconds, runs)),
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
        f"#   {measured.seconds:.0f} s without the start of TensorFlow, {measured.hardware}."
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
    shipped = [path for path in sorted(CONFIGS.rglob("*.yaml")) if path.parent.name != "sweeps"]
    for config in configs or shipped:
        train(config)
        measured = measure(config)
        write_header(config, measured)
        write_row(config, measured)


if __name__ == "__main__":
    main()
