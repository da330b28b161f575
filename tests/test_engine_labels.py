"""Labels that augmentation changes with the images."""

import numpy as np
import pytest
from config_texts import Load
from loops import DENSE, run_epoch

from mnistcli import engine
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop, TrainingLoop
from mnistcli.model import build_network
from mnistcli.model.backend import tf
from mnistcli.model.distortions import _draw_pool


# Keras takes the share of CutMix before it rounds and clips the box.
@pytest.mark.parametrize(("mixer", "tolerance"), [("{MixUp: {alpha: 1.0}}", 0.02), ("CutMix", 0.6)])
def test_labels_are_mixed_with_their_images(mixer: str, tolerance: float, load_text: Load) -> None:
    text = (
        f"layers:\n{DENSE}loss: categorical_crossentropy\nmetrics: [CategoricalCrossentropy]\n"
        f"augment: [RandomFlip, {mixer}]\n"
    )
    network = build_network(load_text(text), 10)
    # Each image is of its class's grey level, so that its pixels tell how it was mixed.
    labels = tf.constant(np.tile(np.arange(10, dtype=np.int32), 8))
    images = tf.cast(labels, tf.float32)[:, None, None, None] * tf.ones((1, 28, 28, 1))

    mixed, targets = engine.training.augment_batch(
        network, images, engine.training.make_targets(labels, 10)
    )

    means = tf.reduce_mean(mixed, axis=(1, 2, 3))
    expected = tf.linalg.matvec(targets.one_hot, tf.range(10, dtype=tf.float32))
    np.testing.assert_allclose(means, expected, atol=tolerance)
    assert np.abs(means - tf.cast(labels, tf.float32)).max() > 0.5, "some images were mixed"
    assert np.array_equal(targets.classes, np.argmax(targets.one_hot, axis=1))


def test_drawings_keep_their_labels_where_a_batch_is_cut(load_text: Load, digits: Dataset) -> None:
    text = (
        f"layers:\n{DENSE}loss: categorical_crossentropy\n"
        "augment: [{RandomDrawings: {digits: 0.5, others: 0.2}}]\n"
    )
    network = build_network(load_text(text), 10)
    images = tf.constant(digits.test_images[:65, ..., np.newaxis], tf.float32)
    labels = tf.constant(digits.test_labels[:65], tf.int32)

    drawn, targets = engine.training.augment_batch(
        network, images, engine.training.make_targets(labels, 10), shards=2
    )

    seed = network.augment[0].drawing_seed
    pool, pool_digits = (each.numpy() for each in _draw_pool(seed))
    is_drawn = np.any(drawn != images, axis=(1, 2, 3))
    assert 20 < is_drawn.sum() < 65
    for image, one_hot, label, was_drawn in zip(
        drawn.numpy(), targets.one_hot.numpy(), labels.numpy(), is_drawn, strict=True
    ):
        if not was_drawn:
            assert one_hot[label] == 1
            continue
        (place,) = np.flatnonzero((pool == image[..., 0]).all(axis=(1, 2)))[:1]
        is_digit = place < len(pool_digits)
        expected = np.eye(10)[pool_digits[place]] if is_digit else np.full(10, np.float32(0.1))
        np.testing.assert_allclose(one_hot, expected)
    assert np.array_equal(targets.classes, np.argmax(targets.one_hot, axis=1))
    # Any answer is right where all classes have the same share.
    zeros = tf.one_hot(tf.zeros(65, tf.int32), 10)
    is_right = (targets.one_hot[:, 0] == 1) | (np.ptp(targets.one_hot, axis=1) == 0)
    assert engine.training.count_correct(targets, zeros) == np.sum(is_right)


def test_mixed_labels_learn_what_they_should(load_text: Load, digits: Dataset) -> None:
    text = (
        f"layers:\n{DENSE}loss: categorical_crossentropy\n"
        "optimizer: {Adam: {learning_rate: 0.01}}\n"
        "augment: [{MixUp: {alpha: 1.0}}]\n"
    )
    network = build_network(load_text(text), 10)
    loop = TrainingLoop(network, digits.train_images, digits.train_labels, 64)
    for epoch in range(6):
        run_epoch(loop, np.random.default_rng(epoch).permutation(1438).astype(np.int32))
    assert (
        EvaluationLoop(network).evaluate(digits.test_images, digits.test_labels)["accuracy"] > 0.85
    )
