"""An epoch of training, many steps per call of one tf.function.

Images and labels are tensors on the device and an epoch is a permutation of them,
so a batch is a gather inside the graph and Python runs a few times a second.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnistcli.engine.compilation import compile_dense_network
from mnistcli.model import Network

# The sum of the losses of images, float64, and how many were right, int32.
Sums = tuple[tf.Tensor, tf.Tensor]

# Seconds of training between two looks at the clock: bars move ten times a second.
CHUNK_SECONDS = 0.1


@dataclass(frozen=True)
class EpochProgress:
    """How an epoch stands: means over the images seen in it."""

    images: int
    loss: float
    accuracy: float


class TrainingLoop:
    """Trains a network on one set of images."""

    def __init__(
        self,
        network: Network,
        images: NDArray[np.uint8],
        labels: NDArray[np.integer[Any]],
        batch_size: int,
    ) -> None:
        """Move the data to the device.

        Args:
            images: (N, 28, 28), 0 to 255. They stay uint8 there: a quarter of float32.
            labels: (N,), class numbers.
        """
        self.network = network
        self.batch_size = batch_size
        self.images = tf.constant(images[..., np.newaxis])
        self.labels = tf.constant(labels, tf.int32)
        self.steps_per_epoch = -(-len(labels) // batch_size)
        self.is_compiled = compile_dense_network(network)
        # Keras' layers need no AutoGraph, and converting them took 0.7 s.
        self._steps_in_xla = tf.function(self._train_steps, jit_compile=True, autograph=False)
        self._steps_in_kernels = tf.function(self._train_steps, autograph=False)
        self._chunk_steps = 1

    def run_epoch(
        self, order: NDArray[np.int32], report: Callable[[EpochProgress], None]
    ) -> dict[str, float]:
        """Train once on each image, the last incomplete batch included.

        Args:
            order: (N,), a permutation of the images.
            report: called about ten times a second.

        Returns:
            Means over the epoch, each image as it was seen: loss, accuracy, and the
            network's other metrics.
        """
        for metric in self.network.metrics:
            metric.metric.reset_state()
        order_tensor = tf.constant(order, tf.int32)
        step, sums = 0, _no_sums()
        while step < self.steps_per_epoch:
            stop = min(step + self._chunk_steps, self.steps_per_epoch)
            started = time.perf_counter()
            sums = self._run_chunk(order_tensor, step, stop, sums)
            images = min(stop * self.batch_size, len(order))
            progress = EpochProgress(images, float(sums[0]) / images, int(sums[1]) / images)
            self._adapt_chunk(stop - step, time.perf_counter() - started)
            step = stop
            report(progress)
        metrics = {m.name: float(m.metric.result()) for m in self.network.metrics}
        return {"loss": progress.loss, "accuracy": progress.accuracy} | metrics

    def run_steps(self, count: int) -> None:
        """The first steps of an epoch in the order of the data, as a trial."""
        order = tf.range(len(self.labels), dtype=tf.int32)
        loss_sum, _ = self._run_chunk(order, 0, count, _no_sums())
        float(loss_sum)  # waits for the steps

    def _adapt_chunk(self, steps: int, elapsed_seconds: float) -> None:
        """Aim at `CHUNK_SECONDS`, growing at most fourfold: the first call also traces."""
        ideal = int(steps * CHUNK_SECONDS / max(elapsed_seconds, 1e-9))
        self._chunk_steps = max(1, min(ideal, 4 * self._chunk_steps, self.steps_per_epoch))

    def _run_chunk(self, order: tf.Tensor, start: int, stop: int, sums: Sums) -> Sums:
        """Steps `start` to `stop` of an epoch, which go on with the sums of those before."""
        if self.is_compiled:
            # XLA has to know the size of a batch; the incomplete one is left to the kernels.
            whole = min(stop, len(order) // self.batch_size)
            if start < whole:
                sums = self._steps_in_xla(
                    order, tf.constant(start), tf.constant(whole), sums, fixed_size=True
                )
            start = whole
        if start < stop:
            sums = self._steps_in_kernels(order, tf.constant(start), tf.constant(stop), sums)
        return sums

    def _train_steps(
        self,
        order: tf.Tensor,
        start: tf.Tensor,
        stop: tf.Tensor,
        sums: Sums,
        fixed_size: bool = False,
    ) -> Sums:
        """What one call of TensorFlow runs.

        The sums go through the graph, not from chunk to chunk in Python: their rounding
        must not depend on where the clock cuts an epoch into chunks.
        """

        def run_step(step: tf.Tensor, sums: Sums) -> tuple[tf.Tensor, Sums]:
            first = step * self.batch_size
            size = self.batch_size
            if not fixed_size:
                size = tf.minimum(size, tf.size(order) - first)
            loss, correct = self._train_step(tf.slice(order, [first], [size]))
            batch_loss = tf.cast(loss, tf.float64) * tf.cast(size, tf.float64)
            return step + 1, (sums[0] + batch_loss, sums[1] + correct)

        _, sums = tf.while_loop(lambda step, sums: step < stop, run_step, (start, sums))
        return sums

    def _train_step(self, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        network, model = self.network, self.network.model
        labels = tf.gather(self.labels, batch)
        images = tf.cast(tf.gather(self.images, batch), tf.float32)  # (B, 28, 28, 1)
        for layer in network.augment:
            images = layer(images, training=True)
        with tf.GradientTape() as tape:
            outputs = run_model(network, images, training=True)
            loss = compute_loss(network, labels, outputs)
            scaled_loss = network.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        network.optimizer.apply(gradients, model.trainable_variables)
        update_metrics(network, labels, outputs)
        return loss, count_correct(labels, outputs)


def _no_sums() -> Sums:
    return tf.constant(0.0, tf.float64), tf.constant(0)


def run_model(network: Network, images: tf.Tensor, training: bool) -> tf.Tensor:
    """Outputs in float32, of images laid out as the model's input is."""
    shape = network.model.input_shape[1:]
    outputs = network.model(tf.reshape(images, (-1, *shape)), training=training)
    return tf.cast(outputs, tf.float32)


def compute_loss(network: Network, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """The loss with the layers' own penalties, as Keras' fit computes it."""
    targets = encode_labels(labels, network.num_classes, network.loss_takes_one_hot)
    return tf.add_n([network.loss(targets, outputs), *network.model.losses])


def update_metrics(network: Network, labels: tf.Tensor, outputs: tf.Tensor) -> None:
    """Add a batch to the metrics beside loss and accuracy."""
    for metric in network.metrics:
        targets = encode_labels(labels, network.num_classes, metric.takes_one_hot)
        metric.metric.update_state(targets, outputs)


def encode_labels(labels: tf.Tensor, num_classes: int, one_hot: bool) -> tf.Tensor:
    """Class numbers as they are, or one-hot as float32 (B, num_classes)."""
    return tf.one_hot(labels, num_classes) if one_hot else labels


def count_correct(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """How many of the images have their largest output at their label."""
    predicted = tf.argmax(outputs, axis=1, output_type=tf.int32)
    return tf.math.count_nonzero(predicted == labels, dtype=tf.int32)
