"""Networks of one structure, which are compiled once."""

from pathlib import Path

import pytest
from config_texts import Load
from trainings import assert_same_epochs

from mnistcli.data import Dataset
from mnistcli.runs import RunDirectory
from mnistcli.training import CompiledNetworks, prepare, validate_config

TEXT = """
layers:
  - Flatten
  - Dropout: {rate: 0.2}
  - Dense: {units: 10, activation: softmax}
optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 1e-2}}
epochs: 1
"""
SCHEDULE = "{CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 9}}"
OTHER_VALUES = (
    "optimizer.AdamW.learning_rate=3e-3",
    "optimizer.AdamW.weight_decay=0.3",
    "layers.1.Dropout.rate=0.45",
    "seed=1",
)


def test_a_network_that_is_trained_again_is_that_of_its_own_config(
    load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    compiled, file = CompiledNetworks(), load_text(TEXT, *OTHER_VALUES)
    validate_config(load_text(TEXT), digits, path=tmp_path / "first", compiled=compiled)
    validate_config(file, digits, path=tmp_path / "second", compiled=compiled)
    validate_config(file, digits, path=tmp_path / "alone")

    assert_same_epochs(RunDirectory(tmp_path / "second"), RunDirectory(tmp_path / "alone"))


@pytest.mark.parametrize(
    ("overrides", "is_equal"),
    [
        (OTHER_VALUES, True),
        (["layers.2.Dense.kernel_regularizer=L2"], False),
        (["layers.1.Dropout.rate=0"], False),
        ([f"optimizer.AdamW.learning_rate={SCHEDULE}"], False),
    ],
)
def test_what_is_compiled_anew(
    load_text: Load, digits: Dataset, overrides: list[str], is_equal: bool
) -> None:
    compiled, other = CompiledNetworks(), load_text(TEXT, *overrides)

    first = compiled.reuse(prepare(load_text(TEXT), digits))
    second = compiled.reuse(prepare(other, digits))

    assert (second.network is first.network) == is_equal
    rate = other.config.layers[1].arguments["rate"]
    assert second.network.model.get_layer("dropout").rate == rate
