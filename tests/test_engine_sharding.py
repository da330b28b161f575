"""A batch in shards, against the batch in one piece."""

import numpy as np
import pytest
import tensorflow as tf
from config_texts import Load
from loops import COUNT, DENSE, in_order, run_epoch

from mnistcli.data import Dataset
from mnistcli.engine import TrainingLoop
from mnistcli.engine.sharding import run_shards
from mnistcli.engine.training import augment_batch, make_targets
from mnistcli.execution import Execution
from mnistcli.model import build_network

EVERY_KIND = """
layers:
  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, use_bias: false, name: stem}
  - BatchNormalization: {momentum: 0.5, name: first}
  - ReLU
  - DepthwiseConv2D: {kernel_size: 3, padding: same, depthwise_regularizer: L2}
  - BatchNormalization: {scale: false, name: second}
  - Add: {inputs: [first, second], name: sum}
  - BatchNormalization: {trainable: false, name: fixed}
  - AveragePooling2D: {inputs: sum, name: mean}
  - MaxPooling2D: {inputs: fixed, name: largest}
  - Concatenate: {inputs: [mean, largest], axis: 1}
  - Flatten
  - BatchNormalization: {center: false}
"""


def both_ways(
    load_text: Load, data: Dataset, text: str, shards: int, count: int = COUNT
) -> tuple[list[dict[str, float]], list[list[np.ndarray]]]:
    """The metrics of an epoch, and the weights and states after it: whole, and in shards."""
    rows, weights = [], []
    for execution in (Execution(), Execution(shards=shards)):
        network = build_network(load_text(text), 10)
        loop = TrainingLoop(
            network, data.train_images[:count], data.train_labels[:count], 32, execution
        )
        rows.append(run_epoch(loop, in_order(count)))
        weights.append(network.model.get_weights())
    return rows, weights


@pytest.mark.parametrize("shards", [2, 3])
@pytest.mark.parametrize("count", [COUNT, 33])  # the last batch of 33 images has one
def test_shards_train_as_the_whole_batch_does(
    load_text: Load, digits: Dataset, shards: int, count: int
) -> None:
    text = f"{EVERY_KIND}{DENSE}optimizer: {{SGD: {{learning_rate: 0.1}}}}\nmetrics: [AUC]\n"

    rows, weights = both_ways(load_text, digits, text, shards, count)

    assert rows[0] == pytest.approx(rows[1], rel=1e-4)
    for whole, in_shards in zip(*weights, strict=True):
        np.testing.assert_allclose(in_shards, whole, rtol=1e-3, atol=1e-5)


def test_shards_train_under_mixed_precision(load_text: Load, digits: Dataset) -> None:
    text = f"{EVERY_KIND}{DENSE}optimizer: {{SGD: {{learning_rate: 0.01}}}}\n"

    rows, weights = both_ways(load_text, digits, f"{text}precision: mixed_bfloat16\n", 2)

    assert rows[0]["loss"] == pytest.approx(rows[1]["loss"], rel=0.01)
    for whole, in_shards in zip(*weights, strict=True):
        np.testing.assert_allclose(in_shards, whole, atol=0.01)


@pytest.mark.parametrize(
    ("augment", "sizes"),
    [
        ("[RandomInvert]", [16, 16]),
        ("[RandomInvert, {BatchNormalization: {name: all}}]", [32]),  # looks at the whole batch
    ],
)
def test_shards_are_augmented_each_by_itself(
    load_text: Load, digits: Dataset, augment: str, sizes: list[int]
) -> None:
    network = build_network(load_text(f"{EVERY_KIND}{DENSE}augment: {augment}\n"), 10)
    seen = []

    def note_size(images: tf.Tensor, training: bool) -> tf.Tensor:
        seen.append(len(images))
        return images

    network.augment[0].call = note_size
    images = tf.constant(digits.train_images[:32, ..., np.newaxis], tf.float32)
    targets = make_targets(tf.constant(digits.train_labels[:32], tf.int32), 10)

    augment_batch(network, images, targets, shards=2)

    assert seen == sizes


def test_dropout_differs_between_shards(load_text: Load, digits: Dataset) -> None:
    text = "layers:\n  - Flatten\n  - Dropout: {rate: 0.5, name: dropout}\n" + DENSE
    network = build_network(load_text(text), 10)
    images = tf.ones((4, 28, 28, 1))

    one, other = run_shards(network.model, [images, images], training=True)

    assert not np.allclose(one, other)
