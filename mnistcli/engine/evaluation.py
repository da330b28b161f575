"""A pass over images without training."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.engine.training import (
    compute_loss,
    count_correct,
    make_targets,
    run_model,
    update_metrics,
)
from mnistcli.model import Network, largest_output_bytes
from mnistcli.model.backend import tf

# Large, since nothing is kept for a backward pass; a conv of 32 maps then takes 100 MB.
BATCH_SIZE = 1000
MAXIMUM_OUTPUT_BYTES = 1024**3  # of a layer, for a batch


class EvaluationLoop:
    """Runs a network on images: for its metrics, or for its outputs."""

    def __init__(self, network: Network, shards: int = 1) -> None:
        """Take a network; its batches are cut into so many shards, if they have the images."""
        self.network, self.shards = network, shards
        fitting = MAXIMUM_OUTPUT_BYTES // largest_output_bytes(network.model)
        self.batch_size = max(1, min(BATCH_SIZE, fitting))
        # Of its own: those of the network may be in the middle of an epoch of training.
        self.metrics = [
            metric._replace(metric=type(metric.metric).from_config(metric.metric.get_config()))
            for metric in network.metrics
        ]

    def evaluate(
        self, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]]
    ) -> dict[str, float]:
        """Return means over all images: loss, accuracy, and the network's other metrics.

        Args:
            images: (N, 28, 28), 0 to 255.
            labels: (N,), class numbers.
        """
        return self.measure(images, labels)[0]

    def measure(
        self, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]]
    ) -> tuple[dict[str, float], NDArray[np.float32]]:
        """Return what `evaluate` does, and the outputs (N, num_classes), of one pass."""
        for metric in self.metrics:
            metric.metric.reset_state()
        loss_sum, correct, outputs = 0.0, 0, []
        for start in range(0, len(labels), self.batch_size):
            batch = slice(start, start + self.batch_size)
            batch_images, batch_labels = images[batch], tf.constant(labels[batch], tf.int32)
            shards = self._count_shards(batch_images)
            loss, right, output = self._measure_batch(
                tf.constant(batch_images), batch_labels, shards
            )
            loss_sum += float(loss) * len(batch_images)
            correct += int(right)
            outputs.append(output.numpy())
        metrics = {m.name: float(m.metric.result()) for m in self.metrics}
        means = {"loss": loss_sum / len(labels), "accuracy": correct / len(labels)}
        return means | metrics, np.concatenate(outputs)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the outputs (N, num_classes) for images (N, 28, 28), 0 to 255."""
        outputs = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            outputs.append(self._predict_batch(tf.constant(batch), self._count_shards(batch)))
        return np.concatenate([output.numpy() for output in outputs])

    def _count_shards(self, batch: NDArray[np.uint8]) -> int:
        """TensorFlow fails on a shard without images."""
        return self.shards if len(batch) >= self.shards else 1

    @tf.function(reduce_retracing=True, autograph=False)
    def _measure_batch(
        self, images: tf.Tensor, labels: tf.Tensor, shards: int
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        outputs = run_model(self.network, tf.cast(images, tf.float32), False, shards)
        targets = make_targets(labels, self.network.num_classes)
        update_metrics(self.metrics, targets, outputs)
        loss = compute_loss(self.network, targets, outputs)
        return loss, count_correct(targets, outputs), outputs

    @tf.function(reduce_retracing=True, autograph=False)
    def _predict_batch(self, images: tf.Tensor, shards: int) -> tf.Tensor:
        return run_model(self.network, tf.cast(images, tf.float32), False, shards)
