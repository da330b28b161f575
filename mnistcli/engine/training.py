"""An epoch of training, many steps per call of one tf.function.

Images and labels are tensors on the device and an epoch is a permutation of them,
so a batch is a gather inside the graph and Python runs a few times a second.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.data import SelectedImages, align
from mnistcli.engine.replacements import replace_layers
from mnistcli.engine.settings import find_settings, in_variables
from mnistcli.engine.sharding import run_shards, split_batch
from mnistcli.execution import BY_KERNELS, Execution
from mnistcli.model import Metric, Network, apply_augmentation
from mnistcli.model.backend import tf

# The steps done, int32, the sum of the losses of images, float64, and how many were right, int32.
LoopState = tuple[tf.Tensor, tf.Tensor, tf.Tensor]

# Seconds of training between two looks at the clock: bars move ten times a second.
CHUNK_SECONDS = 0.1


@dataclass(frozen=True)
class EpochProgress:
    """How an epoch stands: all that it takes, beside the network's variables, to go on with it.

    Attributes:
        step: steps done.
        images: images seen in them.
        loss_sum: the sum of the losses of those images.
        correct: how many of them were right.
    """

    step: int = 0
    images: int = 0
    loss_sum: float = 0.0
    correct: int = 0

    @property
    def loss(self) -> float:
        """The mean over the images seen."""
        return self.loss_sum / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """The share of the images seen that were right."""
        return self.correct / max(self.images, 1)

    @property
    def is_finite(self) -> bool:
        """No loss was NaN or infinite."""
        return math.isfinite(self.loss_sum)


BEFORE_FIRST_STEP = EpochProgress()


class Targets(NamedTuple):
    """What losses and metrics compare the outputs for a batch with.

    Where augmentation mixes images and labels, `one_hot` is the mixture, and `classes` the class
    with the largest share in it.

    Attributes:
        classes: (B,) int32.
        one_hot: (B, num_classes) float32.
    """

    classes: tf.Tensor
    one_hot: tf.Tensor


class TrainingLoop:
    """Trains a network on one set of images."""

    def __init__(
        self,
        network: Network,
        images: NDArray[np.uint8] | SelectedImages,
        labels: NDArray[np.integer[Any]],
        batch_size: int,
        execution: Execution = BY_KERNELS,
    ) -> None:
        """Move the data to the device.

        Args:
            images: (N, 28, 28), 0 to 255. They stay uint8 there: a quarter of float32. Those
                that were selected of others are there among them, and not once more. The loop may
                share the array's memory: do not write into it.
            labels: (N,), class numbers.
            execution: of `choose_execution`, for the network's config.
        """
        self.network = network
        self.batch_size = batch_size
        if not isinstance(images, SelectedImages):
            images = SelectedImages(images, np.arange(len(images)))
        self.images = _share(images.array)
        self.rows = tf.constant(images.rows, tf.int32)  # of `self.images`
        self.labels = tf.constant(labels, tf.int32)
        self.steps_per_epoch = -(-len(labels) // batch_size)
        self.execution = execution
        replace_layers(network, execution)
        self.settings = find_settings(network, execution)
        # The incomplete last batch: XLA has to know a batch's size, and a shard needs an image.
        self._last_execution = execution
        if execution.in_xla or len(labels) % batch_size < execution.shards:
            self._last_execution = BY_KERNELS
        # Keras' layers need no AutoGraph, and converting them took 0.7 s.
        self._in_xla = tf.function(self._train_steps, jit_compile=True, autograph=False)
        self._in_kernels = tf.function(self._train_steps, autograph=False)
        self._chunk_steps = 1

    def run_epoch(
        self, order: NDArray[np.int32], progress: EpochProgress = BEFORE_FIRST_STEP
    ) -> Iterator[EpochProgress]:
        """Train once on each image, the last incomplete batch included.

        Between two steps that it yields at, everything is as `EpochProgress` says: training
        can go on from there in another process, and ends the same to the last bit.

        Args:
            order: (N,), a permutation of the images.
            progress: where to go on; the network's variables and metrics are as they were there.

        Yields:
            About ten times a second, how the epoch stands. A loss that is not finite ends it
            at that step.
        """
        if progress.step == 0:
            for metric in self.network.metrics:
                metric.metric.reset_state()
        order_tensor = tf.constant(order, tf.int32)
        while progress.step < self.steps_per_epoch and progress.is_finite:
            stop = min(progress.step + self._chunk_steps, self.steps_per_epoch)
            started, first_step = time.perf_counter(), progress.step
            progress = self._run_chunk(order_tensor, progress, stop)
            self._adapt_chunk(progress.step - first_step, time.perf_counter() - started)
            yield progress

    def take_state(self, other: "TrainingLoop") -> None:
        """Make the network one of another loop, which has the same structure.

        Its variables and settings are all that the compiled steps do not hold.
        """
        others = other.network.variable_groups()
        for group, variables in self.network.variable_groups().items():
            for variable, value in zip(variables, others[group], strict=True):
                variable.assign(value)
        for setting, other_setting in zip(self.settings, other.settings, strict=True):
            setting.assign(other_setting.number)

    def results(self, progress: EpochProgress) -> dict[str, float]:
        """Return means over the images as each was seen: loss, accuracy, and other metrics."""
        metrics = {m.name: float(m.metric.result()) for m in self.network.metrics}
        return {"loss": progress.loss, "accuracy": progress.accuracy} | metrics

    def run_steps(self, count: int) -> None:
        """Run the first steps of an epoch in the order of the data, as a trial."""
        self._run_chunk(tf.range(len(self.labels), dtype=tf.int32), BEFORE_FIRST_STEP, count)

    def _adapt_chunk(self, steps: int, elapsed_seconds: float) -> None:
        """Aim at `CHUNK_SECONDS`, growing at most fourfold: the first call also traces."""
        ideal = int(steps * CHUNK_SECONDS / max(elapsed_seconds, 1e-9))
        self._chunk_steps = max(1, min(ideal, 4 * self._chunk_steps, self.steps_per_epoch))

    def _run_chunk(self, order: tf.Tensor, progress: EpochProgress, stop: int) -> EpochProgress:
        """Go on with an epoch up to step `stop`, or to the first loss that is not finite."""
        whole = min(stop, len(order) // self.batch_size)
        state: LoopState = (
            tf.constant(progress.step),
            tf.constant(progress.loss_sum, tf.float64),
            tf.constant(progress.correct),
        )
        if progress.step < whole:
            state = self._run_steps(order, tf.constant(whole), state, self.execution)
        if max(whole, progress.step) < stop:
            state = self._run_steps(order, tf.constant(stop), state, self._last_execution)
        step = int(state[0])
        images = min(step * self.batch_size, len(order))
        return EpochProgress(step, images, float(state[1]), int(state[2]))

    def _run_steps(
        self, order: tf.Tensor, stop: tf.Tensor, state: LoopState, execution: Execution
    ) -> LoopState:
        run = self._in_xla if execution.in_xla else self._in_kernels
        final: LoopState = run(order, stop, state, execution)
        return final

    def _train_steps(
        self, order: tf.Tensor, stop: tf.Tensor, state: LoopState, execution: Execution
    ) -> LoopState:
        """Run steps up to `stop`: what one call of TensorFlow does.

        The sum of the losses goes on from that of the steps before, not from zero: its
        rounding must not depend on where the clock cuts an epoch into chunks.
        """

        def goes_on(step: tf.Tensor, loss_sum: tf.Tensor, correct: tf.Tensor) -> tf.Tensor:
            return tf.logical_and(step < stop, tf.math.is_finite(loss_sum))

        def run_step(step: tf.Tensor, loss_sum: tf.Tensor, correct: tf.Tensor) -> LoopState:
            first = step * self.batch_size
            size = self.batch_size
            if not execution.in_xla:
                size = tf.minimum(size, tf.size(order) - first)
            loss, right = self._train_step(tf.slice(order, [first], [size]), execution.shards)
            batch_loss = tf.cast(loss, tf.float64) * tf.cast(size, tf.float64)
            return step + 1, loss_sum + batch_loss, correct + right

        final: LoopState = tf.while_loop(goes_on, run_step, state)
        return final

    def _train_step(self, batch: tf.Tensor, shards: int) -> tuple[tf.Tensor, tf.Tensor]:
        network, model = self.network, self.network.model
        labels = tf.gather(self.labels, batch)
        images = tf.gather(self.images, tf.gather(self.rows, batch))
        images = tf.cast(images[..., tf.newaxis], tf.float32)  # (B, 28, 28, 1)
        targets = make_targets(labels, network.num_classes)
        images, targets = augment_batch(network, images, targets, shards)
        with in_variables(self.settings):
            with tf.GradientTape() as tape:
                outputs = run_model(network, images, training=True, shards=shards)
                loss = compute_loss(network, targets, outputs)
                scaled_loss = network.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled_loss, model.trainable_variables)
            network.optimizer.apply(gradients, model.trainable_variables)
        update_metrics(network.metrics, targets, outputs)
        return loss, count_correct(targets, outputs)


def _share(array: NDArray[np.uint8]) -> tf.Tensor:
    """Return an array as a tensor, in the same memory where it lies as TensorFlow wants it.

    `tf.constant` takes the array's size twice: 960 MB for 600,000 images.
    """
    try:
        # On a GPU, the identity is there.
        return tf.identity(tf.experimental.dlpack.from_dlpack(align(array).__dlpack__()))
    except (AttributeError, BufferError, tf.errors.OpError):
        return tf.constant(array)


def run_model(network: Network, images: tf.Tensor, training: bool, shards: int = 1) -> tf.Tensor:
    """Return outputs in float32, of images laid out as the model's input is.

    Args:
        shards: the parts that the batch is cut into.
    """
    shape = network.model.input_shape[1:]
    images = tf.reshape(images, (-1, *shape))
    if shards == 1:
        outputs = network.model(images, training=training)
    else:
        parts = run_shards(network.model, split_batch(images, shards), training)
        outputs = tf.concat(parts, axis=0)
    return tf.cast(outputs, tf.float32)


def make_targets(labels: tf.Tensor, num_classes: int) -> Targets:
    """Return the targets of unmixed images with labels (B,)."""
    return Targets(labels, tf.one_hot(labels, num_classes))


def augment_batch(
    network: Network, images: tf.Tensor, targets: Targets, shards: int = 1
) -> tuple[tf.Tensor, Targets]:
    """Return what training sees of images (B, 28, 28, 1), float32 of 0 to 255, and of targets.

    Args:
        shards: the parts that the batch is cut into, unless a layer may look at several images.
    """
    if shards > 1 and all(type(layer).__name__.startswith("Random") for layer in network.augment):
        parts = zip(*(split_batch(tensor, shards) for tensor in (images, *targets)), strict=True)
        augmented = [augment_batch(network, part, Targets(*rest)) for part, *rest in parts]
        classes, one_hot = (
            tf.concat(each, axis=0) for each in zip(*(t for _, t in augmented), strict=True)
        )
        images = tf.concat([part for part, _ in augmented], axis=0)
        return images, Targets(classes, one_hot)
    images, one_hot = apply_augmentation(network, images, targets.one_hot)
    if network.label_mixers:
        targets = Targets(tf.argmax(one_hot, axis=1, output_type=tf.int32), one_hot)
    return images, targets


def compute_loss(network: Network, targets: Targets, outputs: tf.Tensor) -> tf.Tensor:
    """Return the loss with the layers' own penalties, as Keras' fit computes it."""
    labels = targets.one_hot if network.loss_takes_one_hot else targets.classes
    return tf.add_n([network.loss(labels, outputs), *network.model.losses])


def update_metrics(metrics: Sequence[Metric], targets: Targets, outputs: tf.Tensor) -> None:
    """Add a batch to the metrics beside loss and accuracy."""
    for metric in metrics:
        labels = targets.one_hot if metric.takes_one_hot else targets.classes
        metric.metric.update_state(labels, outputs)


def count_correct(targets: Targets, outputs: tf.Tensor) -> tf.Tensor:
    """Return how many of the images have their largest output at a class of the largest share."""
    predicted = tf.argmax(outputs, axis=1, output_type=tf.int32)
    shares = tf.gather(targets.one_hot, predicted, axis=1, batch_dims=1)
    largest = tf.reduce_max(targets.one_hot, axis=1)
    return tf.math.count_nonzero(shares == largest, dtype=tf.int32)
