"""What the engine does in another way, against Keras and TensorFlow's kernels."""

import numpy as np
import pytest
import tensorflow as tf
from config_texts import Load
from loops import BATCH_SIZE, COUNT, DENSE, in_order, make_loop, run_epoch

from mnistcli.data import Dataset
from mnistcli.execution import Execution
from mnistcli.model import build_network

DROPOUT = "layers:\n  - Flatten\n  - Dropout: {rate: 0.3%s}\n" + DENSE


@pytest.mark.parametrize(
    ("optimizer", "precision"),
    [
        *((name, "float32") for name in ("Adam", "Lamb", "Muon", "Nadam", "Lion")),
        ("Adam", "mixed_float16"),
        ("Muon", "mixed_float16"),
    ],
)
def test_xla_trains_as_the_kernels_do(
    load_text: Load, digits: Dataset, optimizer: str, precision: str
) -> None:
    text = (
        "layers:\n  - Dense: {units: 16, activation: relu}\n"
        f"{DENSE}optimizer: {optimizer}\nprecision: {precision}\n"
        "metrics: [{TopKCategoricalAccuracy: {k: 3}}]\n"
    )
    networks = [build_network(load_text(text), 10) for _ in range(2)]
    loops = [
        make_loop(network, digits, execution=Execution(in_xla=in_xla))
        for network, in_xla in zip(networks, (True, False), strict=True)
    ]

    rows = [run_epoch(loop, in_order()) for loop in loops]

    assert rows[0] == pytest.approx(rows[1], rel=1e-5)
    weights = [network.model.get_weights() for network in networks]
    for in_xla, in_kernels in zip(*weights, strict=True):
        np.testing.assert_allclose(in_xla, in_kernels, atol=1e-5)


@pytest.mark.parametrize("in_xla", [True, False])
def test_dropout_drops_others_each_time_and_keeps_the_mean(
    load_text: Load, digits: Dataset, in_xla: bool
) -> None:
    network = build_network(load_text(DROPOUT % ""), 10)
    make_loop(network, digits, execution=Execution(in_xla=True))
    dropout = network.model.get_layer("dropout")
    call = tf.function(lambda x: dropout(x, training=True), jit_compile=in_xla)
    ones = tf.ones((200, 784))

    first, second = call(ones).numpy(), call(ones).numpy()

    for dropped in (first, second):
        assert set(np.unique(dropped)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
        assert np.mean(dropped == 0) == pytest.approx(0.3, abs=0.005)  # 4 deviations
    assert np.mean((first == 0) & (second == 0)) == pytest.approx(0.09, abs=0.005)
    np.testing.assert_array_equal(dropout(ones, training=False), ones)


CONVOLUTIONS = """
layers:
  - Conv2D: {filters: 3, kernel_size: 5, activation: relu}
  - AveragePooling2D
  - AveragePooling2D: {pool_size: [2, 3], padding: same}
  - AveragePooling2D: {pool_size: 2, strides: 1}
  - Conv2D: {filters: 5, kernel_size: [5, 3], activation: tanh}
  - Flatten
"""


def test_replaced_layers_train_as_those_of_keras(load_text: Load, digits: Dataset) -> None:
    text = f"{CONVOLUTIONS}{DENSE}optimizer: {{SGD: {{learning_rate: 0.1}}}}\n"
    network, twin = (build_network(load_text(text), 10) for _ in range(2))
    twin.model.compile(twin.optimizer, twin.loss)
    images = digits.train_images[:COUNT, ..., np.newaxis].astype(np.float32)
    labels = digits.train_labels[:COUNT].astype(np.int32)
    twin.model.fit(images, labels, batch_size=BATCH_SIZE, epochs=1, shuffle=False, verbose=0)

    run_epoch(make_loop(network, digits), in_order())

    first, second, third = (
        layer for layer in network.model.layers if layer.name.startswith("average_pooling2d")
    )
    assert "call" in vars(first)
    assert "call" in vars(second)
    assert "call" not in vars(third), "its windows overlap"
    assert "convolution_op" in vars(network.model.get_layer("conv2d_1"))
    for got, expected in zip(network.model.get_weights(), twin.model.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
