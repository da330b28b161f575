"""The weights that meet the image, as a checkpoint holds them."""

from pathlib import Path

import keras
import numpy as np
import pytest
from config_texts import Load
from run_records import make_record

from mnistcli.artifacts import save_checkpoint
from mnistcli.errors import RunError
from mnistcli.model import build_network, describe_layers
from mnistcli.reports import Filters, read_filters
from mnistcli.runs import RunDirectory

END = "  - Flatten\n  - Dense: {units: 10, activation: softmax}\n"


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    run.checkpoints.mkdir()
    return run


def read_built(run: RunDirectory, file: Load, layers: str) -> tuple[keras.Model, Filters | None]:
    """A network in a run's checkpoint, and its filters there."""
    network = build_network(file(f"layers:\n{layers}"), 10)
    save_checkpoint(run.best_checkpoint, network, {"epoch": 1})
    run.write_record(make_record(layers=describe_layers(network.model)))
    return network.model, read_filters(run)


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        ("Conv2D: {filters: 3, kernel_size: 3}", (3, 3, 3)),
        ("DepthwiseConv2D: {kernel_size: 3, depth_multiplier: 2}", (3, 3, 2)),
        ("BatchNormalization: {}}\n  - {Conv2D: {filters: 4, kernel_size: 5}", (5, 5, 4)),
        ("Conv2DTranspose: {filters: 1, kernel_size: 3}", None),
        ("SeparableConv2D: {filters: 2, kernel_size: 3}", None),
        ("AveragePooling2D: {pool_size: 2}", None),
    ],
)
def test_only_weights_that_meet_the_image_are_filters(
    first: str, shape: tuple[int, ...] | None, run: RunDirectory, load_text: Load
) -> None:
    _, filters = read_built(run, load_text, f"  - {{{first}}}\n{END}")
    assert (filters.weights.shape if filters else None) == shape


def test_those_of_a_dense_layer_are_images(run: RunDirectory, load_text: Load) -> None:
    model, filters = read_built(run, load_text, END)
    assert filters is not None
    assert (filters.layer, filters.weights.shape) == ("dense (Dense)", (28, 28, 10))
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel)
    assert np.array_equal(filters.weights[3, 5], kernel[3 * 28 + 5])


def test_a_checkpoint_that_names_variables_by_their_places(run: RunDirectory) -> None:
    kernel = np.arange(784 * 2, dtype=np.float32).reshape(784, 2)
    arrays = {"model/0000": np.ones(1, np.float32), "model/0001": kernel}
    np.savez(run.best_checkpoint, progress=np.zeros(2, np.uint8), **arrays)  # type: ignore[arg-type]
    run.write_record(make_record())
    filters = read_filters(run)
    assert filters is not None
    assert filters.layer == "the first layer"
    assert np.array_equal(filters.weights.reshape(784, 2), kernel)


def test_a_damaged_checkpoint_is_said_to_be_so(run: RunDirectory) -> None:
    run.write_record(make_record())
    with pytest.raises(RunError, match=r"no checkpoint best\.npz"):
        read_filters(run)
    run.best_checkpoint.write_bytes(b"PK no archive")
    with pytest.raises(RunError, match=r"best\.npz is damaged"):
        read_filters(run)
