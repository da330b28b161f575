"""What the layers of a network make of one image."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.model import Network
from mnistcli.model.backend import keras

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


class Features(NamedTuple):
    """What a layer hands on, (H, W, channels) or (units,), and that before its activation.

    What has two axes, as rows of features, is one channel. The slices of a volume, or the steps of
    a sequence of maps, stand beside each other.
    """

    layer: str
    before: NDArray[np.float32] | None
    after: NDArray[np.float32]


def layer_features(network: Network, image: NDArray[np.uint8]) -> list[Features]:
    """Return what each layer (convolution, ReLU, pooling, dense, …) makes of an image.

    Args:
        image: (28, 28), 0 the background.
    """
    model = network.model
    layers = [layer for layer in model.layers if not isinstance(layer, UNCHANGED)]
    pixels = image.reshape(1, *model.input_shape[1:]).astype(np.float32)
    ends = [layer.output for layer in layers]
    starts = [layer.input for layer in layers]
    outputs, inputs = keras.Model(model.inputs[0], [ends, starts])(pixels, training=False)
    return [
        Features(_describe(layer), _before_activation(layer, layer_input), _to_array(layer_output))
        for layer, layer_input, layer_output in zip(layers, inputs, outputs, strict=True)
    ]


def _before_activation(layer: keras.Layer, layer_input: Any) -> NDArray[np.float32] | None:
    """Return what an activation gets, of the layer or as a layer of its own; None without one."""
    if isinstance(layer, ACTIVATIONS):
        return _to_array(layer_input)
    activation = getattr(layer, "activation", None)
    # Recurrent layers have one in each step.
    if activation in (None, keras.activations.linear) or isinstance(layer, keras.layers.RNN):
        return None
    layer.activation = keras.activations.linear
    try:
        return _to_array(layer(layer_input, training=False))
    finally:
        layer.activation = activation


def _to_array(tensor: Any) -> NDArray[np.float32]:
    array = np.asarray(keras.ops.convert_to_numpy(tensor)[0], np.float32)
    if array.ndim > 3:
        slices = array.reshape(-1, *array.shape[-3:])  # (slices, H, W, channels)
        array = np.concatenate(list(slices), axis=1)
    return array[..., np.newaxis] if array.ndim == 2 else array


def _describe(layer: keras.Layer) -> str:
    return f"{layer.name} ({type(layer).__name__})"
