"""Threads and precision, as the machine has them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from config_texts import Load
from loops import CONVOLUTION

from mnistcli import execution
from mnistcli.engine import explain_precision, start_runtime


def without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)


@pytest.mark.parametrize("prepare", [without_affinity, lambda monkeypatch: None])
def test_automatic_threads_work_where_tensorflow_is_running_already(
    prepare: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    load_text: Load,
) -> None:
    prepare(monkeypatch)
    tf.zeros(1)

    in_use = start_runtime(load_text(CONVOLUTION).config)

    assert 1 <= in_use.threads <= (os.cpu_count() or 1)
    assert start_runtime(load_text(CONVOLUTION, "threads=1000").config) == in_use


def test_threads_are_one_per_core_or_as_many_as_the_config_says(tmp_path: Path) -> None:
    """In a process of its own: TensorFlow takes the number before its first kernel only."""
    cores = os.cpu_count() if not hasattr(os, "sched_getaffinity") else len(os.sched_getaffinity(0))
    expected = {f"{CONVOLUTION}\nthreads: 3": 3, CONVOLUTION: cores}
    for i, text in enumerate(expected):
        (tmp_path / f"{i}.yaml").write_text(text)
    code = (
        "import tensorflow as tf\n"
        "from mnistcli.config import load_config\n"
        "from mnistcli.engine import start_runtime\n"
        f"for i in range({len(expected)}):\n"
        "    runtime = start_runtime(load_config(f'{i}.yaml').config)\n"
        "    threading = tf.config.threading\n"
        "    assert threading.get_inter_op_parallelism_threads() == runtime.threads\n"
        "    within = 1 if runtime.threads <= 2 else runtime.threads\n"
        "    assert threading.get_intra_op_parallelism_threads() == within\n"
        "    print(runtime.threads)\n"
        # As in a run that was trained beside others; not where it had other threads.
        "from mnistcli.runs import Environment\n"
        "for threads, expected in ((runtime.threads, 5), (runtime.threads + 1, within)):\n"
        "    record = Environment(threads=threads, kernel_threads=5)\n"
        "    runtime = start_runtime(load_config('1.yaml').config, record)\n"
        "    assert threading.get_intra_op_parallelism_threads() == expected\n"
        "    assert runtime.kernel_threads == expected\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(count) for count in expected.values()], done.stderr


@pytest.mark.parametrize(
    ("cpuinfo", "precision", "expected"),
    [
        ("flags : fpu avx2", "float32", "fastest"),
        ("flags : fpu avx512_bf16", "float32", "mixed_bfloat16 may be faster"),
        ("flags : fpu avx2", "mixed_bfloat16", "float32 would be faster"),
        ("Features : asimd bf16 sve", "mixed_bfloat16", "has bfloat16 arithmetic"),
        (None, "mixed_bfloat16", ""),
        ("flags : fpu avx512_bf16", "mixed_float16", ""),
    ],
)
def test_the_precision_is_explained_by_the_processor(
    tmp_path: Path,
    load_text: Load,
    monkeypatch: pytest.MonkeyPatch,
    cpuinfo: str | None,
    precision: str,
    expected: str,
) -> None:
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(f"model name : x\n{cpuinfo}\n")
    monkeypatch.setattr(execution, "CPUINFO", tmp_path / "cpuinfo")

    reason = explain_precision(load_text(CONVOLUTION, f"precision={precision}").config)

    assert expected in reason
    assert bool(reason) == bool(expected)
