"""Everything that training needs of Keras, built and tried once on two images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from mnistcli.config import (
    Config,
    ConfigFile,
    KerasObject,
    Problems,
    metric_name,
    resolve_shares,
)
from mnistcli.model.construct import (
    KERAS_ERRORS,
    ConstructionError,
    check_optimizer,
    construct_all,
    explain,
)
from mnistcli.model.layers import IMAGE_SHAPE, build_model


class Metric(NamedTuple):
    """A Keras metric, its column in metrics.jsonl, and the labels that it takes."""

    name: str
    metric: keras.metrics.Metric
    takes_one_hot: bool
    higher_is_better: bool


@dataclass(frozen=True)
class Network:
    """A model with what trains and measures it.

    Attributes:
        model: float32 pixels 0 to 255 (batch, 28, 28, 1) -> (batch, num_classes).
        loss_takes_one_hot: the loss compares with one-hot labels, not class numbers.
        metrics: those beside loss and accuracy.
        augment: layers on float32 pixels 0 to 255, for training only.
        ends_in_logits: a softmax of the outputs gives the probabilities.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    loss_takes_one_hot: bool
    metrics: list[Metric]
    augment: list[keras.layers.Layer]
    ends_in_logits: bool
    num_classes: int

    def higher_is_better(self, column: str) -> bool:
        """Whether more of a column of metrics.jsonl is better: not so for losses."""
        name = column.removeprefix("val_")
        return name != "loss" and all(m.higher_is_better for m in self.metrics if m.name == name)


def build_network(
    file: ConfigFile,
    num_classes: int,
    scale: float = 1 / 255,
    offset: float = 0.0,
    total_steps: int = 1,
) -> Network:
    """Build what a config describes, seeded with its seed.

    Args:
        num_classes: classes of the data set.
        scale: factor that the model's first layer applies to a pixel.
        offset: what that layer adds.
        total_steps: training steps of the whole run; shares in schedules are of it.

    Raises:
        ConfigError: Keras refuses an argument, shapes do not fit, or the loss or a
            metric does not work on the model's output; each with its place in the file.
    """
    config, problems = file.config, file.problems()
    # Layers without a name are numbered from the start again: conv2d, conv2d_1, …
    keras.utils.clear_session(free_memory=False)  # a garbage collection takes 0.3 s
    keras.utils.set_random_seed(config.seed)
    try:
        model = build_model(config, num_classes, scale, offset, problems)
    except ConstructionError:
        model = None
    augment = construct_all(config.augment, problems)
    metrics = construct_all(_objects(config.metrics), problems)
    losses = construct_all([config.loss], problems)
    optimizer_config = resolve_shares(config.optimizer, total_steps)
    optimizers = construct_all([optimizer_config], problems)
    if model is not None:
        _check_last_activation(config, problems)
    problems.raise_if_any()
    optimizer = optimizers[0]
    if config.precision == "mixed_float16":
        # Small gradients vanish in float16: scale the loss, as Keras' fit does.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    network = Network(
        model=model,
        optimizer=optimizer,
        loss=losses[0],
        loss_takes_one_hot=_takes_one_hot(config.loss),
        metrics=[
            Metric(
                name=metric_name(described),
                metric=metric,
                takes_one_hot=_takes_one_hot(described),
                # Keras marks its metrics so, for ModelCheckpoint and EarlyStopping.
                higher_is_better=getattr(metric, "_direction", "up") != "down",
            )
            for described, metric in zip(_objects(config.metrics), metrics, strict=True)
        ],
        augment=augment,
        ends_in_logits=config.loss.arguments.get("from_logits") is True,
        num_classes=num_classes,
    )
    _try_on_two_images(network, config, problems)
    check_optimizer(optimizer_config, problems)
    problems.raise_if_any()
    optimizer.build(model.trainable_variables)
    return network


def augment_images(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what training makes of images (N, 28, 28): float32 of 0 to 255, of the same shape."""
    pixels = images[..., np.newaxis].astype(np.float32)
    for layer in network.augment:
        pixels = layer(pixels, training=True)
    augmented: NDArray[np.float32] = keras.ops.convert_to_numpy(pixels)[..., 0]
    return augmented


def _objects(described: Sequence[KerasObject | str]) -> list[KerasObject]:
    return [each for each in described if isinstance(each, KerasObject)]


def _takes_one_hot(described: KerasObject) -> bool:
    """Keras names losses and metrics that take class numbers Sparse…, but for MeanIoU and IoU."""
    is_sparse = described.name.startswith("Sparse")
    return not is_sparse and described.arguments.get("sparse_y_true") is not True


def _check_last_activation(config: Config, problems: Problems) -> None:
    """Report probabilities where the loss expects logits, and the reverse."""
    from_logits = config.loss.arguments.get("from_logits")
    last = config.layers[-1]
    activation = last.arguments.get("activation")
    if from_logits is False and last.name == "Dense" and activation in (None, "linear"):
        message = (
            f"the model ends in logits, but {config.loss} expects probabilities: add "
            "'activation: softmax' here, or 'from_logits: true' to the loss"
        )
        problems.add(last.path, message, at_key=True)
    if from_logits is True and (last.name == "Softmax" or activation in ("softmax", "sigmoid")):
        message = (
            f"{config.loss} expects logits, but the model ends in {activation or 'softmax'}: "
            "remove that, or 'from_logits: true'"
        )
        problems.add((*config.loss.path, "from_logits"), message)


def _try_on_two_images(network: Network, config: Config, problems: Problems) -> None:
    """Run augmentation, loss and metrics once, so that what cannot work is known now."""
    images = np.zeros((2, *IMAGE_SHAPE), np.float32)
    for layer, described in zip(network.augment, config.augment, strict=True):
        _try_layer(layer, described, images, problems)
    labels = np.arange(2)
    one_hot = np.eye(network.num_classes, dtype=np.float32)[labels]
    outputs = np.full((2, network.num_classes), 1 / network.num_classes, np.float32)
    try:
        loss = network.loss(one_hot if network.loss_takes_one_hot else labels, outputs)
        if tuple(loss.shape) != () or config.loss.arguments.get("reduction") == "sum":
            message = f"{config.loss} gives no mean over the batch; use sum_over_batch_size"
            problems.add((*config.loss.path, "reduction"), message)
    except KERAS_ERRORS as error:
        problems.add(config.loss.path, f"{config.loss}: {explain(error)}", at_key=True)
    for metric, described in zip(network.metrics, _objects(config.metrics), strict=True):
        try:
            metric.metric.update_state(one_hot if metric.takes_one_hot else labels, outputs)
            if tuple(np.shape(metric.metric.result())) != ():
                message = f"{described} gives several numbers; a column of metrics holds one"
                problems.add(described.path, message, at_key=True)
            metric.metric.reset_state()
        except KERAS_ERRORS as error:
            problems.add(described.path, f"{described}: {explain(error)}", at_key=True)


def _try_layer(layer: Any, described: KerasObject, images: Any, problems: Problems) -> None:
    try:
        shape = tuple(layer(images, training=True).shape)
    except KERAS_ERRORS as error:
        problems.add(described.path, f"{described}: {explain(error)}", at_key=True)
        return
    if shape != images.shape:
        message = f"{described} changes an image's shape to {shape[1:]}; augmentation keeps it"
        problems.add(described.path, message, at_key=True)
