"""What losses, metrics and augmentation need and do, found by trying them.

Names and private attributes of Keras would tell the same of its present classes; a trial tells it
of every class, in every version.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.model.backend import keras, tf
from mnistcli.model.construct import KERAS_ERRORS
from mnistcli.model.distortions import RandomDrawings
from mnistcli.model.summary import largest_output_bytes

# How sure the answers of a trial are: some metrics count only what is above a threshold.
CONFIDENCES = (0.7, 0.9999)
# Weights that are so much larger carry unbounded outputs out of [0, 1]; those of a softmax or a
# sigmoid stay in it.
STRETCH = 1e3
NOISE = 0.1  # small enough for the outputs of a hundred layers to stay finite
# Images that a model is tried on, fewer if the outputs of a layer would take more bytes.
PROBES, PROBE_BYTES = 8, 2**28
# Draws of a layer that mixes labels: some draw hardly any mixture.
DRAWS = 8


class Trial(NamedTuple):
    """What a loss or a metric says of right and wrong answers.

    Attributes:
        takes_one_hot: it compares with one-hot labels, not with class numbers.
        higher_is_better: it says more of right answers; None if it says the same of both.
    """

    takes_one_hot: bool
    higher_is_better: bool | None


class ShapeError(ValueError):
    """A loss or a metric gives several numbers where one is expected."""


def try_measure(measure: Callable[[Any, Any], Any], num_classes: int) -> Trial:
    """Find out which labels a loss or a metric takes, and whether more of it is better.

    Args:
        measure: labels and outputs (N, num_classes) -> a number; labels are class numbers (N,)
            or one-hot (N, num_classes).

    Raises:
        KERAS_ERRORS, ShapeError: it works with neither.
    """
    refusal: BaseException | None = None
    for takes_one_hot in (True, False):
        try:
            return Trial(takes_one_hot, _compare_answers(measure, num_classes, takes_one_hot))
        except KERAS_ERRORS as error:
            # What is said of one-hot labels explains nothing where class numbers get farther.
            refusal = error if refusal is None or isinstance(error, ShapeError) else refusal
    assert refusal is not None
    raise refusal


def _compare_answers(
    measure: Callable[[Any, Any], Any], num_classes: int, takes_one_hot: bool
) -> bool | None:
    labels, one_hot = _labels(num_classes)
    higher_is_better = None
    for confidence in CONFIDENCES:
        right = _answers(labels, num_classes, confidence)
        # The label is the least probable class: metrics of the first k see that, too.
        wrong = np.roll(right, 1, axis=1)
        targets = one_hot if takes_one_hot else labels
        values = [np.asarray(measure(targets, outputs)) for outputs in (right, wrong)]
        if any(value.shape != () for value in values):
            raise ShapeError("it gives several numbers")
        if higher_is_better is None and values[0] != values[1]:
            higher_is_better = bool(values[0] > values[1])
    return higher_is_better


def _labels(num_classes: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return labels as class numbers and one-hot: every class, and the first once more.

    One more image than classes: a shape that is wrong must not fit by chance.
    """
    labels = np.arange(num_classes + 1, dtype=np.int32) % num_classes
    return labels, np.eye(num_classes, dtype=np.float32)[labels]


def _answers(labels: NDArray[np.int32], num_classes: int, confidence: float) -> NDArray[np.float32]:
    """Return probabilities: `confidence` for each label, less and less for the classes after it."""
    distances = (np.arange(num_classes) - labels[:, np.newaxis]) % num_classes
    shares = np.arange(num_classes, 0, -1, dtype=np.float64)[distances] * (distances > 0)
    shares *= (1 - confidence) / shares.sum(axis=1, keepdims=True)
    return np.where(distances == 0, confidence, shares).astype(np.float32)


def measure_with(metric: keras.metrics.Metric) -> Callable[[Any, Any], Any]:
    """Return a metric as a function of labels and outputs; it is as new afterwards."""

    def measure(targets: Any, outputs: Any) -> Any:
        metric.reset_state()
        metric.update_state(targets, outputs)
        value = metric.result()
        metric.reset_state()
        return value

    return measure


def needs_probabilities(loss: keras.losses.Loss, num_classes: int, takes_one_hot: bool) -> bool:
    """Return whether a loss goes wrong where outputs are below 0 or above 1.

    It clips them, so that nothing is learned there; or it takes a logarithm or a root of what is
    negative; or it falls without end above 1.
    """
    labels, one_hot = _labels(num_classes)

    def slope(of_label: float, of_others: float) -> float:
        """Return how the loss changes with the outputs of the labels; NaN if it is not finite."""
        outputs = tf.constant(one_hot * of_label + (1 - one_hot) * of_others)
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            value = loss(one_hot if takes_one_hot else labels, outputs)
        gradient = tape.gradient(value, outputs)
        if gradient is None or not np.isfinite(value):
            return np.nan
        return float((np.nan_to_num(gradient.numpy()) * one_hot).sum())

    learns_below, learns_above = slope(-0.5, 0.3) < 0, slope(1.5, 0.0) > 0
    return not (learns_below or learns_above)


def probe_outputs(model: keras.Model) -> NDArray[np.float32]:
    """Return what a model puts out for a few images; (N, C).

    Half of them with its weights as they are, half with noise in all weights and the last ones
    stretched: only so is an output that happens to lie in [0, 1], such as that of weights that
    begin as zeros, told from one that always does.
    """
    count = max(1, min(PROBES, PROBE_BYTES // largest_output_bytes(model)))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, *model.input_shape[1:]))
    pixels = images.astype(np.float32)
    outputs = [keras.ops.convert_to_numpy(model(pixels, training=False))]
    variables = model.trainable_variables
    values = [variable.numpy() for variable in variables]
    weighted = [layer for layer in model.layers if layer.trainable_variables]
    last = {id(variable) for layer in weighted[-1:] for variable in layer.trainable_variables}
    try:
        for variable, value in zip(variables, values, strict=True):
            noise = random.normal(0, NOISE, value.shape)
            variable.assign((value + noise) * (STRETCH if id(variable) in last else 1))
        outputs.append(keras.ops.convert_to_numpy(model(pixels, training=False)))
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return np.concatenate(outputs).astype(np.float32)


def mixes_labels(layer: keras.layers.Layer, num_classes: int) -> bool:
    """Return whether an augmentation layer changes the labels with the images, as MixUp does."""
    if isinstance(layer, RandomDrawings):  # it may do so seldom
        return True
    state = [variable.numpy() for variable in layer.variables]
    images = np.zeros((num_classes, 28, 28, 1), np.float32)
    one_hot = np.eye(num_classes, dtype=np.float32)
    try:
        for _ in range(DRAWS):
            data = {"images": tf.constant(images), "labels": tf.constant(one_hot)}
            mixed = layer(data, training=True)
            if not np.array_equal(mixed["labels"], one_hot):
                return True
    except KERAS_ERRORS:
        pass  # it takes images alone
    finally:
        # The images of a training must not depend on how often it was tried.
        for variable, value in zip(layer.variables, state, strict=True):
            variable.assign(value)
    return False
