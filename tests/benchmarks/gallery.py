"""Trains the configs of the gallery, and writes their headers and configs/README.md.

    python tests/benchmarks/gallery.py [CONFIG...]

Each config under configs/tutorials/ and configs/papers/ (or those named) is trained with seeds 0,
1 and 2 by the installed command, into a folder per config and seed under runs/gallery/. Complete
runs of the very config are not trained again: delete one to measure it anew. Then every config's
lines `# Measured:` and the table in configs/README.md are written from the run directories alone,
with what the headers say of source and published figure: the share of right answers, or of wrong
ones where that is what was published. MNIST must be on this machine.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnistcli.config import dump_config, load_config

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "runs" / "gallery"
COMMAND = Path(sys.executable).parent / "mnistcli"
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Measured:
    """What the run directories of one config tell."""

    untrained: list[float]
    accuracies: list[float]
    seconds: list[float]
    epochs: int
    parameters: int
    hardware: str


def train(config: Path) -> None:
    """Train a config with each seed that has no complete run of it yet."""
    for seed in SEEDS:
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
    """There is a complete run of the config as it is now."""
    run = run_of(config, seed)
    described = dump_config(load_config(config, [f"seed={seed}"]).config)
    return (run / "seconds.json").exists() and (run / "config.yaml").read_text() == described


def run_of(config: Path, seed: int) -> Path:
    return RUNS / f"{config.parent.name}-{config.stem}-{seed}"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def measure(config: Path) -> Measured:
    """Read the runs of a config; its parameters from `mnistcli summary`."""
    runs = [run_of(config, seed) for seed in SEEDS]
    records = [read(run / "run.json") for run in runs]
    rows = [(run / "metrics.jsonl").read_text(encoding="utf-8").splitlines() for run in runs]
    summary = subprocess.run(
        [COMMAND, "summary", config, "--json"], capture_output=True, check=True, text=True
    )
    hardware = records[0]["hardware"]
    return Measured(
        untrained=[json.loads(lines[0])["val_accuracy"] for lines in rows],
        accuracies=[record["metrics"]["test_accuracy"] for record in records],
        seconds=[read(run / "seconds.json") for run in runs],
        epochs=len(rows[0]) - 1,
        parameters=json.loads(summary.stdout)["parameters"],
        hardware=f"{hardware['processor']}, {hardware['cores']} cores",
    )


def as_published(accuracies: list[float], published: str) -> tuple[list[float], str]:
    """Accuracies as such, or as errors, and the word for them in a table."""
    if published.endswith("error"):
        return [1 - accuracy for accuracy in accuracies], " error"
    return accuracies, ""


def write_header(config: Path, measured: Measured) -> None:
    """Replace the line `# Measured:` of a config."""
    text = config.read_text(encoding="utf-8")
    published = read_header(text)["Published"]
    found, kind = as_published(measured.accuracies, published)
    before, _ = as_published(measured.untrained, published)
    line = (
        f"# Measured: {statistics.mean(found):.2%}{kind} on the test images ({min(found):.2%} to "
        f"{max(found):.2%} with\n#   seeds 0 to 2; {statistics.mean(before):.1%}{kind} on the "
        "validation images before training),\n"
        f"#   {min(measured.seconds):.0f} s in all, {measured.hardware}."
    )
    config.write_text(re.sub(r"(?m)^# Measured:.*(\n#   .*)*$", line, text), encoding="utf-8")


def read_header(text: str) -> dict[str, str]:
    """The lines `# Source:` and `# Published:` of a config."""
    return dict(re.findall(r"(?m)^# (Source|Published): (.*)$", text))


def order(config: Path) -> tuple[bool, float, str]:
    """Tutorials first, then papers, from the largest published error to the smallest."""
    published = read_header(config.read_text(encoding="utf-8"))["Published"]
    of_paper = config.parent.name == "papers"
    return of_paper, -float(published.split()[0]) if of_paper else 0, config.name


def table_row(config: Path, measured: Measured) -> str:
    """A row of configs/README.md."""
    header = read_header(config.read_text(encoding="utf-8"))
    found, kind = as_published(measured.accuracies, header["Published"])
    name = config.relative_to(ROOT / "configs").as_posix()
    mean = statistics.mean(found)
    missed = kind and 100 * mean > float(header["Published"].split()[0])
    return (
        f"| [{name}]({name}) | {header['Source']} | {header['Published']} | "
        f"{mean:.2%}{kind}{' (missed)' if missed else ''} | {min(found):.2%} to {max(found):.2%} | "
        f"{measured.parameters:,} | {measured.epochs} | {min(measured.seconds):.0f} s |"
    )


def main() -> None:
    gallery = sorted((ROOT / "configs").glob("*/*.yaml"), key=order)
    for config in [Path(name).resolve() for name in sys.argv[1:]] or gallery:
        train(config)
    trained = [config for config in gallery if all(is_measured(config, seed) for seed in SEEDS)]
    rows, hardware = [], set()
    for config in trained:
        measured = measure(config)
        write_header(config, measured)
        rows.append(table_row(config, measured))
        hardware.add(measured.hardware)
    head = (
        "| config | source | published | ours, mean | seeds 0 to 2 | parameters | epochs | time |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    readme = ROOT / "configs" / "README.md"
    text = readme.read_text(encoding="utf-8")
    table = "\n".join(
        [
            *(head, *rows, ""),
            "(On the test images; the time is that of the whole process, the fastest of three. "
            f"{', '.join(hardware)}.)",
        ]
    )
    marks = "<!-- table -->", "<!-- end of the table -->"
    before, _, rest = text.partition(marks[0])
    _, _, after = rest.partition(marks[1])
    readme.write_text(f"{before}{marks[0]}\n{table}\n{marks[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
