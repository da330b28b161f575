"""Everything that training needs of Keras, built and tried once on two images."""

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import (
    Config,
    ConfigFile,
    KerasObject,
    Path,
    Problems,
    metric_name,
    resolve_shares,
)
from mnistcli.model.augmentation import fuse_layers
from mnistcli.model.backend import keras, tf
from mnistcli.model.construct import (
    KERAS_ERRORS,
    ConstructionError,
    check_optimizer,
    construct_all,
    explain,
)
from mnistcli.model.distortions import NUM_DIGITS, RandomDrawings
from mnistcli.model.layers import IMAGE_SHAPE, build_model
from mnistcli.model.trial import (
    ShapeError,
    Trial,
    measure_with,
    mixes_labels,
    needs_probabilities,
    probe_outputs,
    try_measure,
)
from mnistcli.recognition import OutputKind, find_output_kind


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
        layers: those of the config, in its order, without `Input`.
        loss_takes_one_hot: the loss compares with one-hot labels, not class numbers.
        metrics: those beside loss and accuracy.
        augment: layers on float32 pixels 0 to 255, for training only.
        label_mixers: those of them that mix labels with the images, as MixUp does.
        output_kind: what the model's outputs are.
    """

    model: keras.Model
    layers: list[keras.layers.Layer]
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    loss_takes_one_hot: bool
    metrics: list[Metric]
    augment: list[keras.layers.Layer]
    label_mixers: list[keras.layers.Layer]
    output_kind: OutputKind
    num_classes: int

    @property
    def is_shown_others(self) -> bool:
        """Whether training shows it images of no class, for which it learns to have no answer."""
        return any(isinstance(layer, RandomDrawings) and layer.others > 0 for layer in self.augment)

    def variable_groups(self) -> dict[str, list[keras.Variable]]:
        """Return all that changes in training, by what it belongs to.

        The states of the random generators in dropout and augmentation are variables, but not
        weights.
        """
        weights = self.model.weights
        weight_ids = {id(weight) for weight in weights}
        return {
            "model": weights,
            "optimizer": self.optimizer.variables,
            "random": [
                variable
                for layer in (self.model, *self.augment)
                for variable in layer.variables
                if id(variable) not in weight_ids
            ],
            "metrics": [variable for each in self.metrics for variable in each.metric.variables],
        }

    def higher_is_better(self, column: str) -> bool:
        """Return whether more of a column of metrics.jsonl is better; of losses, less is."""
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
        model, layers = build_model(config, num_classes, scale, offset, problems)
    except ConstructionError:
        model, layers = None, []
    augment = construct_all(config.augment, problems)
    metrics = construct_all(_objects(config.metrics), problems)
    losses = construct_all([config.loss], problems)
    optimizer_config = resolve_shares(config.optimizer, total_steps)
    optimizers = construct_all([optimizer_config], problems)
    problems.raise_if_any()
    optimizer = optimizers[0]
    if config.precision == "mixed_float16":
        # Small gradients vanish in float16: scale the loss, as Keras' fit does.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    check_optimizer(optimizer_config, problems)
    label_mixers = _try_augmentation(augment, config, num_classes, problems)
    loss_trial = _try_loss(losses[0], config, num_classes, problems)
    metric_trials = [
        _try_metric(metric, metric_config, num_classes, problems)
        for metric, metric_config in zip(metrics, _objects(config.metrics), strict=True)
    ]
    problems.raise_if_any()
    if label_mixers and not loss_trial.takes_one_hot:
        names = " and ".join(type(layer).__name__ for layer in label_mixers)
        message = (
            f"{names} mixes the labels of images, but {config.loss} takes one class an image; "
            "use CategoricalCrossentropy"
        )
        problems.add(config.loss.path or ("augment",), message)
    output_kind = _find_output_kind(model, losses[0], loss_trial, config, num_classes, problems)
    problems.raise_if_any()
    optimizer.build(model.trainable_variables)
    return Network(
        model=model,
        layers=layers,
        optimizer=optimizer,
        loss=losses[0],
        loss_takes_one_hot=loss_trial.takes_one_hot,
        metrics=[
            Metric(
                metric_name(metric_config),
                metric,
                trial.takes_one_hot,
                bool(trial.higher_is_better),
            )
            for metric_config, metric, trial in zip(
                _objects(config.metrics), metrics, metric_trials, strict=True
            )
        ],
        augment=augment,
        label_mixers=label_mixers,
        output_kind=output_kind,
        num_classes=num_classes,
    )


def apply_augmentation(
    network: Network, images: tf.Tensor, one_hot: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return what training sees of images and of their labels.

    Args:
        images: (B, 28, 28, 1) float32, 0 to 255.
        one_hot: (B, num_classes) float32.
    """
    for step in fuse_layers(network.augment):
        if step in network.label_mixers:
            mixed = step({"images": images, "labels": one_hot}, training=True)
            images, one_hot = mixed["images"], mixed["labels"]
        else:
            images = step(images, training=True)
    return images, one_hot


def augment_images(
    network: Network, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what training makes of images (N, 28, 28) with labels (N,).

    Returns:
        The images, float32 of 0 to 255, of the same shape; and the share of each class in each of
        them, (N, num_classes) float32.
    """
    pixels = tf.constant(images[..., np.newaxis], tf.float32)
    one_hot = tf.one_hot(labels, network.num_classes)
    augmented, shares = apply_augmentation(network, pixels, one_hot)
    return augmented.numpy()[..., 0], shares.numpy()


def _objects(entries: Sequence[KerasObject | str]) -> list[KerasObject]:
    return [entry for entry in entries if isinstance(entry, KerasObject)]


def _try_loss(
    loss: keras.losses.Loss, config: Config, num_classes: int, problems: Problems
) -> Trial:
    """Find out which labels a loss takes; report one that does not work on outputs and labels."""
    try:
        trial = try_measure(loss, num_classes)
    except ShapeError:
        trial = None
    except KERAS_ERRORS as error:
        problems.add(config.loss.path, f"{config.loss}: {explain(error)}", at_key=True)
        return Trial(True, None)
    if trial is None or config.loss.arguments.get("reduction") == "sum":
        message = f"{config.loss} gives no mean over the batch; use sum_over_batch_size"
        problems.add((*config.loss.path, "reduction"), message)
    return trial or Trial(True, None)


def _try_metric(
    metric: keras.metrics.Metric, metric_config: KerasObject, num_classes: int, problems: Problems
) -> Trial:
    """Find out which labels a metric takes and whether more is better; report what cannot be."""
    parameters = inspect.signature(metric.update_state).parameters
    if "y_pred" not in parameters:
        message = f"{metric_config} does not compare outputs with labels"
        problems.add(metric_config.path, message, at_key=True)
        return Trial(True, None)
    message = ""
    try:
        trial = try_measure(measure_with(metric), num_classes)
    except ShapeError:
        message = f"{metric_config} gives several numbers; a column of metrics holds one"
        if "average" in inspect.signature(type(metric)).parameters:
            message += ", as with 'average: macro'"
    except KERAS_ERRORS as error:
        message = f"{metric_config}: {explain(error)}"
    else:
        if trial.higher_is_better is not None:
            return trial
        message = f"{metric_config} says the same of right and of wrong answers"
        if metric_config.arguments.get("sparse_y_pred") is True:
            message += ": it expects class numbers; add 'sparse_y_pred: false'"
    problems.add(metric_config.path, message, at_key=True)
    return Trial(True, None)


def _try_augmentation(
    augment: Sequence[keras.layers.Layer], config: Config, num_classes: int, problems: Problems
) -> list[keras.layers.Layer]:
    """Report layers that do not work on images; return those that mix labels, too."""
    images = np.zeros((2, *IMAGE_SHAPE), np.float32)
    for layer, layer_config in zip(augment, config.augment, strict=True):
        if isinstance(layer, RandomDrawings):  # drawing takes seconds
            if num_classes != NUM_DIGITS:
                message = f"{layer_config} draws the ten digits; the data has {num_classes} classes"
                problems.add(layer_config.path, message, at_key=True)
            continue
        try:
            shape = tuple(layer(images, training=True).shape)
        except KERAS_ERRORS as error:
            problems.add(layer_config.path, f"{layer_config}: {explain(error)}", at_key=True)
            continue
        if shape != images.shape:
            message = (
                f"{layer_config} changes an image's shape to {shape[1:]}; augmentation keeps it"
            )
            problems.add(layer_config.path, message, at_key=True)
    return [layer for layer in augment if mixes_labels(layer, num_classes)]


def _find_output_kind(
    model: keras.Model,
    loss: keras.losses.Loss,
    trial: Trial,
    config: Config,
    num_classes: int,
    problems: Problems,
) -> OutputKind:
    """Find out what a model puts out; report outputs that its loss does not expect."""
    from_logits = config.loss.arguments.get("from_logits")
    try:
        outputs = probe_outputs(model)
    except KERAS_ERRORS as error:
        path = _path_of_layer(config.layers, str(error))
        problems.add(path, f"the model does not run: {explain(error)}", at_key=True)
        return OutputKind.SCORES
    kind = find_output_kind(outputs, from_logits is True)
    are_probabilities = kind in (OutputKind.PROBABILITIES, OutputKind.INDEPENDENT)
    last = config.layers[-1]
    if from_logits is True and are_probabilities:
        message = (
            f"{config.loss} expects logits, but the model puts out probabilities: remove its "
            "softmax or sigmoid, or 'from_logits: true'"
        )
        problems.add((*config.loss.path, "from_logits"), message)
    is_sensitive = trial.higher_is_better is not None  # some losses compare images with each other
    expects_probabilities = from_logits is False or (
        from_logits is None
        and is_sensitive
        and needs_probabilities(loss, num_classes, trial.takes_one_hot)
    )
    if expects_probabilities and not are_probabilities:
        softmax = "add 'activation: softmax' here"
        if last.name != "Dense" or last.arguments.get("activation") not in (None, "linear"):
            softmax = "end it with a layer of softmax"
        message = (
            f"{config.loss} expects probabilities, but the model puts out other numbers: {softmax}"
        )
        if from_logits is False:
            message += ", or add 'from_logits: true' to the loss if they are logits"
        problems.add(last.path, message, at_key=True)
    return kind


def _path_of_layer(layers: Sequence[KerasObject], message: str) -> Path:
    """Return where the layer stands that Keras' message names, else the first of them."""
    match = re.search(r"when calling (\w+)\.call", message)
    named = [layer.path for layer in layers if match and layer.name == match[1]]
    return (named or [layers[0].path])[0]
