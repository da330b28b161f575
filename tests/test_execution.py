"""How a network's steps are run, as its config and the processor have it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from config_texts import Load
from loops import CONVOLUTION, DENSE

from mnistcli import execution
from mnistcli.execution import Execution, choose_execution, preferred_kernels

DROPOUT = "layers:\n  - Flatten\n  - Dropout: {rate: 0.3%s}\n" + DENSE
IN_XLA, IN_SHARDS, WHOLE = Execution(in_xla=True), Execution(shards=2), Execution()


FLAT = "  - Flatten\n" + DENSE
CONV2D = "Conv2D: {filters: 1, kernel_size: 3}"
AUGMENTED = "augment: [RandomInvert]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"layers:\n{DENSE}", IN_XLA),
        (DROPOUT % "", IN_XLA),
        (f"layers:\n{DENSE}{AUGMENTED}", IN_SHARDS),
        (CONVOLUTION, IN_SHARDS),
        (f"{CONVOLUTION}batch_size: 1", WHOLE),
        (DROPOUT % ", noise_shape: [1, 784]", WHOLE),
        (f"layers:\n  - ActivityRegularization: {{l2: 1}}\n{DENSE}", WHOLE),
        (f"layers:\n  - {CONV2D[:-1]}, activity_regularizer: L2}}\n{FLAT}", WHOLE),
        (f"layers:\n  - {CONV2D}\n  - MaxPool2D\n{FLAT}", IN_SHARDS),
        (f"layers:\n  - BatchNormalization\n  - {CONV2D}\n{FLAT}", IN_SHARDS),
        (f"layers:\n  - BatchNormalization: {{axis: 1}}\n  - {CONV2D}\n{FLAT}", WHOLE),
        (f"layers:\n  - BatchNormalization: {{dtype: float64}}\n  - {CONV2D}\n{FLAT}", WHOLE),
        (f"layers:\n  - UnitNormalization: {{axis: 0}}\n  - {CONV2D}\n{FLAT}", WHOLE),
        (f"layers:\n  - Softmax: {{axis: [0, 1]}}\n  - {CONV2D}\n{FLAT}", WHOLE),
        (f"layers:\n  - BatchNormalization: {{renorm: true}}\n  - {CONV2D}\n{FLAT}", WHOLE),
        (f"layers:\n  - SpectralNormalization: {{layer: {{{CONV2D}}}}}\n{FLAT}", WHOLE),
    ],
)
def test_the_layers_say_how_steps_are_run(load_text: Load, text: str, expected: Execution) -> None:
    assert choose_execution(load_text(text).config) == expected


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        (CONVOLUTION, "flags : fpu avx2", "oneDNN"),
        (f"layers:\n{DENSE}", "flags : fpu avx2", "Eigen"),
        (CONVOLUTION, "Features : asimd", None),
    ],
)
def test_kernels_are_chosen_by_processor_and_network(
    load_text: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    flags: str,
    expected: str | None,
) -> None:
    (tmp_path / "cpuinfo").write_text(f"{flags}\n")
    monkeypatch.setattr(execution, "CPUINFO", tmp_path / "cpuinfo")

    assert preferred_kernels(load_text(text).config) == expected


@pytest.mark.parametrize(
    ("requested", "setting", "kernels"),
    [
        ("Eigen", None, "Eigen"),
        ("oneDNN", None, "oneDNN"),
        ("oneDNN", "0", "Eigen"),  # the user's own
        ("CUDA", "0", "Eigen"),
    ],
)
def test_requested_kernels_are_those_that_tensorflow_uses(
    requested: str, setting: str | None, kernels: str
) -> None:
    code = (
        "from mnistcli.execution import request_kernels\n"
        f"request_kernels({requested!r})\n"
        "from mnistcli.model.backend import cpu_kernels\n"
        "print(cpu_kernels())"
    )
    environment = {name: value for name, value in os.environ.items() if "ONEDNN" not in name}
    if setting:
        environment["TF_ENABLE_ONEDNN_OPTS"] = setting
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [kernels]
