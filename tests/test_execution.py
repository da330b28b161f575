"""How a network's steps are run, as its config and the processor have it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
from config_texts import Load
from loops import CONVOLUTION, DENSE

from mnistcli import execution
from mnistcli.execution import (
    ONEDNN_SETTING,
    Execution,
    choose_execution,
    preferred_kernels,
    request_kernels,
)

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


@pytest.fixture
def no_setting() -> Iterator[None]:
    """An environment that says nothing of kernels, and that a test may change."""
    with mock.patch.dict(os.environ):
        os.environ.pop(ONEDNN_SETTING, None)
        yield


@pytest.mark.usefixtures("no_setting")
@pytest.mark.parametrize(
    ("requested", "setting", "expected"),
    [
        ("Eigen", None, "0"),
        ("oneDNN", None, "1"),
        ("oneDNN", "0", "0"),  # the user's own
        ("CUDA", None, None),
        (None, None, None),
    ],
)
def test_kernels_are_requested_where_the_user_has_no_wish(
    monkeypatch: pytest.MonkeyPatch,
    requested: str | None,
    setting: str | None,
    expected: str | None,
) -> None:
    """That TensorFlow heeds the setting is seen in test_cli_train and test_training_resume."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    if setting:
        monkeypatch.setenv(ONEDNN_SETTING, setting)

    request_kernels(requested)

    assert os.environ.get(ONEDNN_SETTING) == expected


@pytest.mark.usefixtures("no_setting")
def test_a_request_after_tensorflow_has_started_is_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))

    request_kernels("Eigen")

    assert ONEDNN_SETTING not in os.environ
