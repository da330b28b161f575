"""How fast mnistcli trains, side by side with what a user would use instead.

    python tests/benchmarks/training_speed.py [--repeats N] [--epochs N] [--json FILE] [--readme]

Every figure is a process of its own, and the two of a pair run in turn (A B A B …), so that
a machine that drifts slows both. Printed are medians over the repeats, the ratio of the
medians, and the peak memory of the largest process; then, of `step_profile.py`, where the
time of a step goes. JAX and PyTorch are compared with where they are installed. MNIST must be
on this machine already; MNISTCLI_DATA_DIR names it. `--readme` puts the table into tests/README.md.

Goals are those of the project's performance issue; a ratio below its goal is marked.
"""

import argparse
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readme import describe_machine, write_block

from mnistcli.execution import ONEDNN_SETTING

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
COMMAND = str(Path(sys.executable).parent / "mnistcli")


@dataclass(frozen=True)
class Comparison:
    """Two ways to do the same work; `goal` is how many times as fast ours is to be."""

    name: str
    ours: Callable[[], dict[str, float]]
    theirs: Callable[[], dict[str, float]]
    goal: float


def run_worker(engine: str, model: str, precision: str, epochs: int, *more: str) -> dict[str, Any]:
    """A worker's figures; `seconds` becomes the median of its epochs.

    Of "fit", TensorFlow has the kernels that it chooses itself; of "fit with oneDNN", those.
    """
    worker = str(HERE / "workers.py")
    name, _, kernels = engine.partition(" with ")
    arguments = [sys.executable, worker, name, model, precision, str(epochs), *more]
    environment = {name: os.environ[name] for name in os.environ if name != ONEDNN_SETTING}
    if kernels:
        environment[ONEDNN_SETTING] = "1"
    done = subprocess.run(
        arguments,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["seconds"] = statistics.median(result["seconds"])
    return result


def time_process(arguments: Sequence[str | Path], terminal: bool = False) -> dict[str, Any]:
    """Wall seconds and peak memory of a whole process, on a terminal of 80 columns or on none."""
    started = time.perf_counter()
    ours, theirs = pty.openpty() if terminal else (-1, os.open(os.devnull, os.O_RDWR))
    process = subprocess.Popen(arguments, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    if terminal:
        _read_all(ours)  # until the process is gone
        os.close(ours)
    _, status, usage = os.wait4(process.pid, 0)  # its own, and not of all before it
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return {"seconds": time.perf_counter() - started, "peak_bytes": usage.ru_maxrss * 1024}


def _read_all(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:  # the other side is closed
        pass


def train(config: str, *options: str, terminal: bool = False) -> dict[str, Any]:
    """The whole process of `mnistcli train`, everything written."""
    with tempfile.TemporaryDirectory() as folder:
        run = f"{folder}/run"
        arguments = [str(COMMAND), "train", str(CONFIGS / config), "--run-dir", run, *options]
        result = time_process(arguments, terminal)
        rows = (Path(folder) / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        result["epoch_seconds"] = statistics.median(json.loads(r)["seconds"] for r in rows[-4:])
        return result


def train_with_keras(script: str) -> dict[str, Any]:
    """The whole process of a plain Keras script."""
    with tempfile.TemporaryDirectory() as folder:
        return time_process([sys.executable, str(HERE / script), f"{folder}/model.keras"])


def epoch_of(result: dict[str, Any]) -> dict[str, Any]:
    return result | {"seconds": result["epoch_seconds"]}


def comparisons(epochs: int) -> list[Comparison]:
    """What is compared, with the goals as ratios."""

    def pair(
        name: str,
        goal: float,
        model: str,
        other: str = "fit",
        precision: str = "float32",
        *more: str,
    ) -> Comparison:
        return Comparison(
            f"{name}, against {other}",
            lambda: run_worker("mnistcli", model, precision, epochs, *more),
            lambda: run_worker(other, model, precision, epochs, *more),
            goal,
        )

    convnet, fast = "convnet, batch 128: epoch", "fast.yaml's network, batch 96: epoch"
    lenet, robust = "LeNet-5, batch 128: epoch", "robust.yaml: epoch"
    found = [
        pair("Dense 128, batch 32: epoch", 5, "dense128"),
        pair("Dense 512, batch 128: epoch", 2.5, "dense512"),
        pair(convnet, 1.2, "convnet", "fit with oneDNN"),
        pair(convnet, 0.75, "convnet", "products"),
        pair(fast, 1.5, "fast", "fit with oneDNN"),
        # A step's arithmetic is 0.3 GFLOP, 2 ms; with maps of 6 and 16 channels TensorFlow's
        # convolutions reach half of that.
        pair(lenet, 2.5, "lenet5"),
        pair(robust, 3, "robust", "fit", "float32", "augmented"),
        pair(f"{robust} without augmentation", 1.5, "robust"),
        Comparison(
            f"{robust} with augmentation, against without",
            lambda: run_worker("mnistcli", "robust", "float32", epochs, "augmented"),
            lambda: run_worker("mnistcli", "robust", "float32", epochs),
            0.75,
        ),
        Comparison(
            "train configs/mlp.yaml: process, against a Keras script",
            lambda: train("mlp.yaml"),
            lambda: train_with_keras("keras_mlp.py"),
            1 / 0.45,
        ),
        Comparison(
            "train configs/fast.yaml: process, against Keras' convnet example to 99 %",
            lambda: train("fast.yaml"),
            lambda: train_with_keras("keras_convnet.py"),
            1 / 0.06,
        ),
        Comparison(
            "live bars: epoch, against --quiet",
            lambda: epoch_of(train("mlp.yaml", terminal=True)),
            lambda: epoch_of(train("mlp.yaml", "--quiet")),
            1 / 1.03,
        ),
        Comparison(
            "ten times the images: a tenth of the epoch, against the epoch",
            lambda: _tenth(run_worker("mnistcli", "dense128", "float32", 1, "10")),
            lambda: run_worker("mnistcli", "dense128", "float32", epochs),
            1 / 1.1,
        ),
    ]
    if _installed_kernels() != "oneDNN":  # else it is one and the same
        found += [pair(convnet, 2, "convnet"), pair(fast, 2.5, "fast")]
    if _has_bfloat16():  # elsewhere an epoch takes minutes, on either side
        name = "convnet, mixed_bfloat16: epoch"
        found.append(pair(name, 1.8, "convnet", "fit", "mixed_bfloat16"))
    if find_spec("jax"):
        found.append(pair("Dense 128, batch 32: epoch", 1, "dense128", "jax"))
        found.append(pair("Dense 512, batch 128: epoch", 1, "dense512", "jax"))
    if find_spec("torch"):
        names = {"convnet": convnet, "fast": fast, "lenet5": lenet}
        found += [pair(name, 1, model, "PyTorch") for model, name in names.items()]
    return found


def _installed_kernels() -> str:
    """The kernels that TensorFlow chooses itself here."""
    code = "import tensorflow; from mnistcli.model.backend import cpu_kernels; print(cpu_kernels())"
    environment = {name: os.environ[name] for name in os.environ if name != ONEDNN_SETTING}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _has_bfloat16() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "bf16" in cpuinfo.read_text(encoding="utf-8")


def _tenth(result: dict[str, Any]) -> dict[str, Any]:
    return result | {"seconds": result["seconds"] / 10}


def measure(comparison: Comparison, repeats: int) -> dict[str, Any]:
    """Run a pair in turn, and take medians."""
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(comparison.ours())
        theirs.append(comparison.theirs())
    seconds = [statistics.median(each["seconds"] for each in side) for side in (ours, theirs)]
    return {
        "name": comparison.name,
        "ours_seconds": seconds[0],
        "theirs_seconds": seconds[1],
        "times_as_fast": seconds[1] / seconds[0],
        "goal": comparison.goal,
        "ours_peak_bytes": max(each["peak_bytes"] for each in ours),
        "theirs_peak_bytes": max(each["peak_bytes"] for each in theirs),
        "ours": ours,
        "theirs": theirs,
    }


def row(result: dict[str, Any]) -> str:
    met = "" if result["times_as_fast"] >= result["goal"] else " (missed)"
    memory = (f"{result[f'{side}_peak_bytes'] / 1e6:,.0f} MB" for side in ("ours", "theirs"))
    return (
        f"| {result['name']} | {result['ours_seconds']:.2f} s | {result['theirs_seconds']:.2f} s "
        f"| {result['times_as_fast']:.2f} | {result['goal']:.2f}{met} "
        f"| {' | '.join(memory)} |"
    )


TABLE_HEAD = """\
| what | mnistcli | other | times as fast | goal | memory | other's |
| --- | --- | --- | --- | --- | --- | --- |"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--only", default="", help="comparisons whose name holds this text")
    parser.add_argument("--json", type=Path, help="results are added to those in it")
    parser.add_argument("--readme", action="store_true", help="put the table into tests/README.md")
    options = parser.parse_args()
    print(TABLE_HEAD)
    results = {}
    if options.json and options.json.exists():
        results = {r["name"]: r for r in json.loads(options.json.read_text(encoding="utf-8"))}
    for comparison in comparisons(options.epochs):
        if options.only in comparison.name:
            results[comparison.name] = measure(comparison, options.repeats)
            print(row(results[comparison.name]), flush=True)
            if options.json:
                text = json.dumps(list(results.values()), indent=2)
                options.json.write_text(text, encoding="utf-8")
    if not options.only:
        subprocess.run([sys.executable, HERE / "step_profile.py"], check=True)
    if options.readme:
        command = "python tests/benchmarks/training_speed.py"
        runs = f"{options.repeats} run{'s' * (options.repeats > 1)} each"
        table = "\n".join([TABLE_HEAD, *map(row, results.values())])
        measured = f"Measured on {describe_machine()}, with `{command}`, {runs}."
        write_block("speed", f"{table}\n\n{measured}")


if __name__ == "__main__":
    main()
