"""Where the time of a training step goes: a table for each config.

    python tests/benchmarks/step_profile.py [CONFIG...]

TensorFlow's profiler tells how long each kernel runs; they are added up by what they are for.
The rest of the threads' time is between kernels: starting them, and waiting for other threads.
MNIST must be on this machine already.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mnistcli.config import load_config
from mnistcli.data import load_dataset
from mnistcli.execution import preferred_kernels, request_kernels

CONFIGS = Path(__file__).parents[2] / "configs"
DEFAULT = ("cnn.yaml", "fast.yaml", "robust.yaml", "resnet.yaml", "papers/lenet5.yaml")
STEPS = 50

# The first one that matches "the name of an operation:its kernel".
GROUPS = {
    "optimizer": r"/(adam\w*|sgd|rmsprop)/",
    "augmentation": r"/random_|CpuExecutable",  # XLA runs nothing else there
    "batch normalization": r"batch_normalization",
    "dropout": r"dropout",
    "convolutions": r"Conv2D$|FusedConv2D$",
    "their gradients": r"Conv2DBackprop",
    "pooling": r"Pool",
    "activations": r"Relu|Softmax|Elu|Sigmoid|Tanh",
    "matrix products": r"MatMul",
    "other kernels": r"",
}


def profile_config(path: Path) -> tuple[float, dict[str, float]]:
    """Milliseconds of a step, and how many of them each thread spends on each group on average."""
    file = load_config(path)
    request_kernels(preferred_kernels(file.config))
    from mnistcli.training import prepare

    preparation = prepare(file, load_dataset("mnist"))
    loop, threads = preparation.training, preparation.runtime.threads
    loop.run_steps(STEPS)
    wall = min(_time(loop.run_steps) for _ in range(5))
    busy = dict.fromkeys(GROUPS, 0.0)
    for name, milliseconds in _profile(loop.run_steps):
        group = next(group for group, pattern in GROUPS.items() if re.search(pattern, name))
        busy[group] += milliseconds / threads
    busy["between kernels"] = wall - sum(busy.values())
    return wall, busy


def _time(run_steps: Callable[[int], None]) -> float:
    started = time.perf_counter()
    run_steps(STEPS)
    return (time.perf_counter() - started) / STEPS * 1000


def _profile(run_steps: Callable[[int], None]) -> Iterator[tuple[str, float]]:
    """Yield how many milliseconds of a step each call of a kernel takes, and its name."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    from mnistcli.model.backend import tf

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            run_steps(STEPS)
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    (plane,) = (plane for plane in space.planes if plane.name == "/host:CPU")
    for line in plane.lines:
        for event in line.events:
            name = plane.event_metadata[event.metadata_id].name
            if re.match(r"while/.*:\w+$|CpuExecutable::ExecuteAsyncOnStream$", name):
                yield name, event.duration_ps / 1e9 / STEPS


def main() -> None:
    names = sys.argv[1:] or DEFAULT
    print("| a step of |", " | ".join([*GROUPS, "between kernels"]), "| in all |")
    print("| --- |", " | ".join(["---"] * (len(GROUPS) + 1)), "| --- |")
    for name in names:
        path = Path(name) if Path(name).exists() else CONFIGS / name
        wall, busy = profile_config(path)
        cells = [f"{milliseconds:.2f}" for milliseconds in busy.values()]
        print(f"| {path.name} |", " | ".join(cells), f"| {wall:.2f} ms |", flush=True)


if __name__ == "__main__":
    main()
