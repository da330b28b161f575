"""One step of gradient descent, looked at from inside."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.engine.training import augment_batch, compute_loss, make_targets, run_model
from mnistcli.model import Network, format_shape
from mnistcli.model.backend import keras, tf
from mnistcli.recognition import OutputKind, to_probabilities

MAX_NUMBERS = 60  # that fit on a screen


@dataclass(frozen=True)
class LayerStep:
    """A layer in a step.

    Attributes:
        kind: its class in Keras.
        output_shape: for one image, such as (12, 12, 16).
        mean: of its outputs for the batch.
        deviation: theirs, too.
        weights: how many it has that are trained; the four norms are theirs, None without any.
        gradient_norm: of the loss.
        norm_before: before the step.
        norm_after: after it.
        change_norm: of the difference.
    """

    name: str
    kind: str
    output_shape: str
    mean: float
    deviation: float
    weights: int
    gradient_norm: float | None = None
    norm_before: float | None = None
    norm_after: float | None = None
    change_norm: float | None = None


@dataclass(frozen=True)
class WeightStep:
    """One weight in a step; its name is such as dense/kernel[0, 3]."""

    name: str
    before: float
    gradient: float
    after: float


@dataclass(frozen=True)
class UnitStep:
    """The arithmetic of one unit of the last dense layer: weights x inputs + bias = total.

    Attributes:
        name: such as dense_1[4].
        inputs: (n,), what comes from the layer before.
        weights: (n,), before the step.
        bias: before the step; None without one.
        total: before the activation.
    """

    name: str
    inputs: list[float]
    weights: list[float]
    bias: float | None
    total: float


@dataclass(frozen=True)
class ImageStep:
    """What the network says of the first image of the batch, before the step.

    Attributes:
        label: its class; where labels are mixed, that of the largest share.
        outputs: (C,), what the loss gets.
        output_kind: what they are: probabilities, independent, logits or scores.
        probabilities: (C,), made of them.
        unit: that of the label; None if no dense layer of a unit for each class is the last one
            with weights.
    """

    label: int
    outputs: list[float]
    output_kind: OutputKind
    probabilities: list[float]
    unit: UnitStep | None


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        images: in its batch.
        learning_rate: of the optimizer in it.
        loss_before: of the batch, as training sees it: augmented, with dropout.
        loss_after: of the same images, with the same dropout.
        first_image: of the batch.
        layers: in the order of the network.
        weights: as many of the last ones as fit on a screen.
    """

    images: int
    learning_rate: float
    loss_before: float
    loss_after: float
    first_image: ImageStep
    layers: list[LayerStep]
    weights: list[WeightStep]


@dataclass(frozen=True)
class _Change:
    """A variable before and after the step, and its gradient."""

    name: str
    before: NDArray[np.float32]
    gradient: NDArray[np.float32]
    after: NDArray[np.float32]


def take_step(
    network: Network, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]]
) -> Step:
    """Make one step of training, and say what happens in it.

    Args:
        network: is trained by it.
        images: (B, 28, 28), 0 to 255.
        labels: (B,), class numbers.
    """
    model, optimizer = network.model, network.optimizer
    layers = [each for each in model.layers if not isinstance(each, keras.layers.InputLayer)]
    variables = model.trainable_variables
    targets = make_targets(tf.constant(labels, tf.int32), network.num_classes)
    pixels = tf.constant(images[..., np.newaxis], tf.float32)
    pixels, targets = augment_batch(network, pixels, targets)
    inputs = tf.reshape(pixels, (-1, *model.input_shape[1:]))
    chance = _random_states(network)
    dense = _last_dense(network)
    ends = [[each.output for each in layers], dense.input if dense else model.inputs[0]]
    inside = keras.Model(model.inputs[0], ends)
    with tf.GradientTape() as tape:
        layer_outputs, dense_inputs = inside(inputs, training=True)
        outputs = layer_outputs[layers.index(network.layers[-1])]
        loss = compute_loss(network, targets, tf.cast(outputs, tf.float32))
        scaled_loss = optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled_loss, variables)
    learning_rate = float(optimizer.learning_rate)
    label = int(targets.classes[0])
    unit = _describe_unit(dense, dense_inputs, label) if dense else None
    before = [variable.numpy() for variable in variables]
    optimizer.apply(gradients, variables)
    for state, value in chance:
        state.assign(value)
    loss_after = compute_loss(network, targets, run_model(network, pixels, training=True))
    scale = float(scaled_loss) / float(loss)
    changes = {
        id(variable): _Change(variable.name, value, _to_array(gradient, value) / scale, after)
        for variable, value, gradient, after in zip(
            variables, before, gradients, (each.numpy() for each in variables), strict=True
        )
    }
    layer_changes = [
        [changes[id(variable)] for variable in layer.trainable_variables] for layer in layers
    ]
    return Step(
        images=len(labels),
        learning_rate=learning_rate,
        loss_before=float(loss),
        loss_after=float(loss_after),
        first_image=_describe_image(network, outputs, label, unit),
        layers=[
            _describe_layer(*each)
            for each in zip(layers, layer_outputs, layer_changes, strict=True)
        ],
        weights=_last_weights(layers, layer_changes),
    )


def _last_dense(network: Network) -> keras.layers.Dense | None:
    """Return the last layer with weights if it is dense, with a unit for each class."""
    weighted = [layer for layer in network.layers if layer.weights]
    last = weighted[-1] if weighted else None
    if isinstance(last, keras.layers.Dense) and last.output.shape == (None, network.num_classes):
        return last
    return None


def _describe_unit(dense: keras.layers.Dense, inputs: tf.Tensor, unit: int) -> UnitStep:
    values = np.asarray(tf.cast(inputs[0], tf.float32), np.float64)
    weights = np.asarray(dense.kernel[:, unit], np.float64)
    bias = float(dense.bias[unit]) if dense.use_bias else None
    total = float(values @ weights) + (bias or 0)
    return UnitStep(f"{dense.name}[{unit}]", values.tolist(), weights.tolist(), bias, total)


def _describe_image(
    network: Network, outputs: tf.Tensor, label: int, unit: UnitStep | None
) -> ImageStep:
    first = np.asarray(tf.cast(outputs[:1], tf.float32), np.float32)
    kind = network.output_kind
    probabilities = to_probabilities(first, kind)
    return ImageStep(label, first[0].tolist(), kind, probabilities[0].tolist(), unit)


def _random_states(network: Network) -> list[tuple[keras.Variable, NDArray[Any]]]:
    """Return what a network draws dropout and noise from, with its values."""
    weights = {id(weight) for weight in network.model.weights}
    states = [each for each in network.model.variables if id(each) not in weights]
    return [(state, state.numpy()) for state in states]


def _to_array(gradient: Any, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a gradient; weights that the loss does not depend on have none."""
    if gradient is None:
        return np.zeros_like(weights)
    return np.asarray(tf.convert_to_tensor(gradient))  # an embedding's is one of rows


def _describe_layer(
    layer: keras.layers.Layer, output: tf.Tensor, changes: Sequence[_Change]
) -> LayerStep:
    values = np.asarray(tf.cast(output, tf.float32), np.float64)
    norms: dict[str, float] = {}
    if changes:
        norms = {
            "gradient_norm": _norm([change.gradient for change in changes]),
            "norm_before": _norm([change.before for change in changes]),
            "norm_after": _norm([change.after for change in changes]),
            "change_norm": _norm([change.after - change.before for change in changes]),
        }
    return LayerStep(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=format_shape(output.shape),
        mean=float(values.mean()),
        deviation=float(values.std()),
        weights=sum(change.before.size for change in changes),
        **norms,
    )


def _norm(arrays: Sequence[NDArray[np.float32]]) -> float:
    return float(np.sqrt(sum(np.square(array, dtype=np.float64).sum() for array in arrays)))


def _last_weights(
    layers: Sequence[keras.layers.Layer], layer_changes: Sequence[Sequence[_Change]]
) -> list[WeightStep]:
    """Return the weights of the last variables that together have at most `MAX_NUMBERS`."""
    named = [
        (f"{layer.name}/{change.name}", change)
        for layer, changes in zip(layers, layer_changes, strict=True)
        for change in changes
    ]
    sizes = itertools.accumulate(change.before.size for _, change in reversed(named))
    count = sum(1 for _ in itertools.takewhile(lambda size: size <= MAX_NUMBERS, sizes))
    return [
        WeightStep(
            f"{name}{list(index)}",
            float(change.before[index]),
            float(change.gradient[index]),
            float(change.after[index]),
        )
        for name, change in named[len(named) - count :]
        for index in np.ndindex(change.before.shape)
    ]
