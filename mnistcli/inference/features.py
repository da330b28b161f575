"""What the layers of a network make of one image."""

from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from mnistcli.model import Network

ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
    keras.layers.Softmax,
)
# They hand on what they get, but for its shape or scale.
UNCHANGED = (
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.InputLayer,
    keras.layers.Rescaling,
)


class Filters(NamedTuple):
    """The weights of a layer that sees the image, (H, W, filters), and its name."""

    layer: str
    weights: NDArray[np.float32]


class Features(NamedTuple):
    """What a layer hands on, (H, W, channels) or (units,), and that before its activation."""

    layer: str
    before: NDArray[np.float32] | None
    after: NDArray[np.float32]


def first_filters(network: Network) -> Filters | None:
    """Return the weights that meet the image first; None if no layer has any of its size.

    Those of a dense layer are images of 28x28; of a convolution, its kernels.
    """
    for layer in network.model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        weights = np.asarray(keras.ops.convert_to_numpy(kernel), np.float32)
        if weights.ndim == 4:
            return Filters(_describe(layer), weights.mean(axis=2))
        if weights.ndim == 2 and weights.shape[0] == 28 * 28:
            return Filters(_describe(layer), weights.reshape(28, 28, -1))
        return None
    return None


def layer_features(network: Network, image: NDArray[np.uint8]) -> list[Features]:
    """Return what each layer (convolution, ReLU, pooling, dense, …) makes of an image.

    Args:
        image: (28, 28), 0 the background.
    """
    model = network.model
    layers = [layer for layer in model.layers if not isinstance(layer, UNCHANGED)]
    pixels = image[np.newaxis, ..., np.newaxis].astype(np.float32)
    ends = [layer.output for layer in layers]
    starts = [layer.input for layer in layers]
    outputs, inputs = keras.Model(model.inputs[0], [ends, starts])(pixels, training=False)
    return [
        Features(_describe(layer), _before_activation(layer, given), _to_array(made))
        for layer, given, made in zip(layers, inputs, outputs, strict=True)
    ]


def _before_activation(layer: keras.Layer, given: Any) -> NDArray[np.float32] | None:
    """What an activation gets: that of the layer, or the layer itself."""
    if isinstance(layer, ACTIVATIONS):
        return _to_array(given)
    activation = getattr(layer, "activation", None)
    if activation in (None, keras.activations.linear):
        return None
    layer.activation = keras.activations.linear
    try:
        return _to_array(layer(given, training=False))
    finally:
        layer.activation = activation


def _to_array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor)[0], np.float32)


def _describe(layer: keras.Layer) -> str:
    return f"{layer.name} ({type(layer).__name__})"
