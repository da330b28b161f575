"""Checkpoints: all of a training's state in one file, or a clear error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from config_texts import Load
from hypothesis import given
from hypothesis import strategies as st
from test_any_file import damaged, property_test

from mnistcli.artifacts import load_checkpoint, save_checkpoint
from mnistcli.errors import RunError
from mnistcli.model import Network, build_network

TEXT = """
layers:
  - Flatten
  - BatchNormalization
  - Dropout: {rate: 0.5}
  - Dense: {units: 10, activation: softmax}
augment: [{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]
optimizer: {Adam: {use_ema: true}}
metrics: [AUC]
precision: mixed_float16
"""
PROGRESS = {"epoch": 3, "loss": float("inf"), "best": {"best": None, "values": [0.1, float("inf")]}}


@pytest.fixture(scope="module")
def trained(load_text: Load) -> Network:
    """A network every variable of which has left its initial value."""
    network = build_network(load_text(TEXT), 10)
    for i, variable in enumerate(all_variables(network)):
        variable.assign(np.full(variable.shape, i + 1))
    return network


@pytest.fixture(scope="module")
def checkpoint(trained: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "epoch-0003.npz"
    save_checkpoint(path, trained, PROGRESS)
    return path


def all_variables(network: Network) -> list[keras.Variable]:
    layers = (network.model, *network.augment)
    metrics = [v for metric in network.metrics for v in metric.metric.variables]
    of_layers = [v for layer in layers for v in layer.variables]
    return [*of_layers, *network.optimizer.variables, *metrics]


def values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def test_every_variable_comes_back(load_text: Load, trained: Network, checkpoint: Path) -> None:
    network = build_network(load_text(TEXT), 10)

    assert load_checkpoint(checkpoint, network) == PROGRESS

    names = [variable.path for variable in all_variables(network)]
    assert any("seed_generator" in name for name in names[:-1])
    for name, got, expected in zip(
        names, values(all_variables(network)), values(all_variables(trained)), strict=True
    ):
        np.testing.assert_array_equal(got, expected, err_msg=name)


def test_weights_alone_leave_the_rest_as_it_is(
    load_text: Load, trained: Network, checkpoint: Path
) -> None:
    # Another optimizer: of no matter to a network that will not be trained.
    network = build_network(load_text(TEXT, "optimizer=sgd", "seed=1"), 10)
    before = values(network.optimizer.variables), values(network.augment[0].variables)

    load_checkpoint(checkpoint, network, weights_only=True)

    for got, expected in zip(network.model.get_weights(), trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    after = values(network.optimizer.variables), values(network.augment[0].variables)
    for old, new in zip(before, after, strict=True):
        for one, two in zip(old, new, strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_checkpoint_that_is_missing_is_an_error(trained: Network, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no checkpoint .*best\.npz"):
        load_checkpoint(tmp_path / "best.npz", trained)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_an_error(
    trained: Network, checkpoint: Path, tmp_path: Path, share: float
) -> None:
    whole = checkpoint.read_bytes()
    torn = tmp_path / "torn.npz"
    torn.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(RunError, match=r"the checkpoint .*torn\.npz is damaged: "):
        load_checkpoint(torn, trained)


def test_a_bit_that_flipped_is_an_error_and_changes_nothing(
    trained: Network, checkpoint: Path, tmp_path: Path
) -> None:
    content = bytearray(checkpoint.read_bytes())
    flipped = tmp_path / "flipped.npz"
    before = values(all_variables(trained))
    for place in range(100, len(content), len(content) // 25):
        content[place] ^= 4
        flipped.write_bytes(content)
        with pytest.raises(RunError, match=r"flipped\.npz is"):
            load_checkpoint(flipped, trained)
        content[place] ^= 4
    for one, two in zip(before, values(all_variables(trained)), strict=True):
        np.testing.assert_array_equal(one, two)


def write_text(path: Path) -> None:
    path.write_text("PK but not a zip file")


def write_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def write_arrays(path: Path) -> None:
    np.savez(path, x_train=np.zeros(3))


def write_pickle(path: Path) -> None:
    np.savez(path, progress=np.array([{"epoch": 1}], dtype=object))


def write_huge_progress(path: Path) -> None:
    """65 MiB of zeros in 64 KiB, as a stranger might send them."""
    np.savez_compressed(path, progress=np.zeros(65 * 1024**2, np.uint8))


def write_deep_progress(path: Path) -> None:
    np.savez(path, progress=np.frombuffer(b"[" * 10**6, np.uint8))


def write_other_progress(path: Path) -> None:
    np.savez(path, progress=np.frombuffer(b"\xff{", np.uint8))


@pytest.mark.parametrize(
    "write",
    [
        write_text,
        write_array,
        write_arrays,
        write_pickle,
        write_huge_progress,
        write_deep_progress,
        write_other_progress,
    ],
)
def test_a_foreign_file_is_an_error(trained: Network, tmp_path: Path, write: object) -> None:
    path = tmp_path / "foreign.npz"
    write(path)  # type: ignore[operator]

    with pytest.raises(RunError, match=r"the checkpoint .*foreign\.npz is damaged: "):
        load_checkpoint(path, trained)


@pytest.mark.parametrize(
    "override",
    [
        "layers.3.Dense.use_bias=false",
        "layers.3.Dense.name=other",
        "layers.1=ReLU",
        "optimizer=lion",
        "precision=float32",
    ],
)
def test_a_checkpoint_of_another_network_is_an_error_and_changes_nothing(
    load_text: Load, checkpoint: Path, override: str
) -> None:
    network = build_network(load_text(TEXT, override), 10)
    before = values(all_variables(network))

    with pytest.raises(RunError, match=r"is of another network: .* does not fit"):
        load_checkpoint(checkpoint, network)

    for one, two in zip(before, values(all_variables(network)), strict=True):
        np.testing.assert_array_equal(one, two)


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


def test_variables_go_by_their_paths(
    load_text: Load, trained: Network, checkpoint: Path, tmp_path: Path
) -> None:
    arrays = arrays_of(checkpoint)
    names = [name for name in arrays if name != "progress"]
    assert len(names) == len(all_variables(trained))
    assert {"model/dense/kernel", "model/dense/bias"} <= set(names)
    reversed_order = tmp_path / "reversed.npz"
    np.savez(reversed_order, allow_pickle=False, **dict(reversed(arrays.items())))
    network = build_network(load_text(TEXT), 10)

    load_checkpoint(reversed_order, network)

    for got, expected in zip(
        values(all_variables(network)), values(all_variables(trained)), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("weights_only", [False, True])
def test_a_checkpoint_by_place_is_still_read(
    load_text: Load, trained: Network, checkpoint: Path, tmp_path: Path, weights_only: bool
) -> None:
    """As versions wrote them whose variables had no names: model/0000, model/0001, …."""
    counts: dict[str, int] = {}
    arrays = {}
    for name, array in arrays_of(checkpoint).items():
        group = name.partition("/")[0]
        counts[group] = counts.get(group, -1) + 1
        arrays[name if name == "progress" else f"{group}/{counts[group]:04d}"] = array
    np.savez(tmp_path / "older.npz", allow_pickle=False, **arrays)
    network = build_network(load_text(TEXT, "seed=1"), 10)

    assert load_checkpoint(tmp_path / "older.npz", network, weights_only) == PROGRESS

    for got, expected in zip(network.model.get_weights(), trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


KERNEL = "model/dense/kernel"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({KERNEL: lambda array: array.astype(">f4")}, "is damaged: .* holds >f4, expected float32"),
        ({KERNEL: lambda array: array.astype(np.int32)}, "is damaged: .* holds int32, expected"),
        ({KERNEL: lambda array: array.astype(np.float64)}, "is damaged: .* holds float64"),
        ({KERNEL: lambda array: array.view("V4")}, "is damaged: .* holds .V4, expected"),
        ({KERNEL: np.asfortranarray}, "is damaged: .* Fortran"),
        ({KERNEL: lambda array: array[:-1]}, "is of another network: dense/kernel"),
        ({KERNEL: lambda array: np.tile(array, (2, 1))}, "is of another network"),
        ({KERNEL: None}, "is of another network: dense/kernel does not fit"),
        ({"progress": None}, "is damaged: progress: "),
        ({"progress": lambda _: np.frombuffer(b"{}", np.uint8)}, "is damaged: .* no epoch"),
        ({"progress": lambda _: np.frombuffer(b'{"epoch": "3"}', np.uint8)}, "no epoch"),
        ({"progress": lambda _: np.frombuffer(b'{"epoch": true}', np.uint8)}, "no epoch"),
        ({"progress": lambda _: np.frombuffer(b"3", np.uint8)}, "is damaged: .* no epoch"),
        (
            {"progress": lambda array: array.astype(np.int64)},
            "is damaged: .* holds int64",
        ),
    ],
)
@pytest.mark.parametrize("weights_only", [False, True])
def test_what_is_not_as_it_was_written_is_an_error(
    trained: Network,
    checkpoint: Path,
    tmp_path: Path,
    change: dict[str, Callable[[np.ndarray], np.ndarray] | None],
    told: str,
    weights_only: bool,
) -> None:
    arrays = arrays_of(checkpoint)
    for name, replace in change.items():
        array = arrays.pop(name)
        if replace:
            arrays[name] = replace(array)
    np.savez(tmp_path / "changed.npz", allow_pickle=False, **arrays)
    before = values(all_variables(trained))

    with pytest.raises(RunError, match=told):
        load_checkpoint(tmp_path / "changed.npz", trained, weights_only)

    for one, two in zip(before, values(all_variables(trained)), strict=True):
        np.testing.assert_array_equal(one, two)


def test_bfloat16_comes_back(load_text: Load, tmp_path: Path) -> None:
    """NumPy has no name for it: it is written as two raw bytes."""
    text = "layers: [Flatten, Dense: {units: 10, activation: softmax, dtype: bfloat16}]"
    network, other = (build_network(load_text(text, f"seed={seed}"), 10) for seed in (0, 1))
    assert network.model.weights[0].dtype == "bfloat16"
    save_checkpoint(tmp_path / "a.npz", network, PROGRESS)

    load_checkpoint(tmp_path / "a.npz", other)

    for one, two in zip(network.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


@pytest.fixture(scope="module")
def small(load_text: Load) -> Network:
    return build_network(load_text("layers: [Flatten, Dense: {units: 2, activation: softmax}]"), 2)


@property_test
@given(data=st.data())
def test_any_bytes(small: Network, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    if not path.exists():
        save_checkpoint(path, small, PROGRESS)
    whole = path.read_bytes()
    changed = path.with_name("changed.npz")
    changed.write_bytes(data.draw(damaged([whole]) | st.binary(max_size=50)))
    try:
        progress = load_checkpoint(changed, small)
    except RunError:
        return
    assert type(progress["epoch"]) is int
