"""What a model is made of: shapes, parameters, arithmetic and memory."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnistcli.model.backend import keras, tf
from mnistcli.model.layers import format_shape
from mnistcli.model.recurrence import count_steps, find_recurrent, unrolled
from mnistcli.runs import LayerRecord


@dataclass(frozen=True)
class LayerSummary:
    """One layer. Parameters are counted where they live; a shared layer counts once."""

    name: str
    kind: str
    output_shape: str
    parameters: int
    flops: int
    inputs: list[str]


@dataclass(frozen=True)
class ModelSummary:
    """A model in numbers.

    Attributes:
        flops: floating-point operations of one image's forward pass; a
            multiplication and its addition are two.
        training_bytes: parameters, their gradients, the optimizer's state, and the
            activations that a batch keeps for the backward pass.
    """

    name: str
    is_functional: bool
    layers: list[LayerSummary]
    parameters: int
    trainable_parameters: int
    flops: int
    parameter_bytes: int
    training_bytes: int
    batch_size: int


def describe_layers(model: keras.Model) -> list[LayerRecord]:
    """Return what run.json tells of each layer of a built model."""
    return [
        LayerRecord(
            name=layer.name,
            kind=type(layer).__name__,
            output_shape=format_shape(layer.output.shape),
            parameters=layer.count_params(),
        )
        for layer in model.layers
    ]


def summarize_model(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, batch_size: int
) -> ModelSummary:
    """Describe a built model and what training it takes in batches of `batch_size`."""
    layers = [
        LayerSummary(
            name=layer.name,
            kind=type(layer).__name__,
            output_shape=format_shape(layer.output.shape),
            parameters=layer.count_params(),
            flops=count_flops(layer),
            inputs=_input_names(layer),
        )
        for layer in model.layers
    ]
    gradients = sum(_bytes(variable) for variable in model.trainable_variables)
    state = sum(_bytes(variable) for variable in optimizer.variables)
    parameter_bytes = sum(_bytes(variable) for variable in model.weights)
    activations = sum(
        int(np.prod(layer.output.shape[1:])) * _item_size(layer.compute_dtype)
        for layer in model.layers
    )
    return ModelSummary(
        name=model.name,
        is_functional=not isinstance(model, keras.Sequential),
        layers=layers,
        parameters=model.count_params(),
        trainable_parameters=sum(int(np.prod(v.shape)) for v in model.trainable_variables),
        flops=sum(layer.flops for layer in layers),
        parameter_bytes=parameter_bytes,
        training_bytes=parameter_bytes + gradients + state + batch_size * activations,
        batch_size=batch_size,
    )


def minimum_training_bytes(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, batch_size: int
) -> int:
    """Return what training takes at the very least.

    Those are the parameters with their gradients, the optimizer's state, and the largest output
    of a layer for a batch with its gradient.
    """
    parameters = sum(_bytes(variable) for variable in model.weights)
    gradients = sum(_bytes(variable) for variable in model.trainable_variables)
    state = sum(_bytes(variable) for variable in optimizer.variables)
    return parameters + gradients + state + 2 * batch_size * largest_output_bytes(model)


def largest_output_bytes(model: keras.Model) -> int:
    """Return the size of the largest output of a layer for one image."""
    return max(
        int(np.prod(layer.output.shape[1:])) * _item_size(layer.compute_dtype)
        for layer in model.layers
    )


def count_flops(layer: keras.layers.Layer) -> int:
    """Count the floating-point operations of a layer for one image, by TensorFlow's profiler.

    The profiler sums what each kernel of the layer's graph registers
    (https://www.tensorflow.org/api_docs/python/tf/compat/v1/profiler); a kernel that
    registers nothing, such as a tanh, counts as nothing.
    """
    if isinstance(layer, keras.layers.InputLayer):
        return 0
    # Masks are among them, and a layer may take the same tensor twice.
    inputs = list({id(source): source for source in keras.tree.flatten(layer.input)}.values())
    if not find_recurrent(layer):
        specs = [tf.TensorSpec((1, *source.shape[1:]), source.dtype) for source in inputs]
        return _profile(keras.Model(inputs, layer.output), specs)
    # A loop over the steps would count once.
    sequence = inputs[0]
    with unrolled([layer]):
        one, two = (
            _profile(
                lambda tensors: layer(tensors[0]),
                [tf.TensorSpec((1, steps, *sequence.shape[2:]), sequence.dtype)],
            )
            for steps in (1, 2)
        )
    steps = count_steps(layer)
    return one + (int(steps) - 1) * (two - one) if math.isfinite(steps) else one


def _profile(call: Callable[[list[Any]], Any], specs: Sequence[tf.TensorSpec]) -> int:
    function = tf.function(lambda *tensors: call(list(tensors)), autograph=False)
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    verbosity = tf.compat.v1.logging.get_verbosity()
    tf.compat.v1.logging.set_verbosity("ERROR")  # it warns of its own deprecated parts
    try:
        graph = function.get_concrete_function(*specs).graph
        return int(tf.compat.v1.profiler.profile(graph, options=options).total_float_ops)
    finally:
        tf.compat.v1.logging.set_verbosity(verbosity)


def _input_names(layer: keras.layers.Layer) -> list[str]:
    """Return the names of the layers that feed a layer; none feed an input layer."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    sources = [each for each in keras.tree.flatten(layer.input) if each.dtype != "bool"]  # masks
    return list(dict.fromkeys(source._keras_history.operation.name for source in sources))


def _bytes(variable: keras.Variable) -> int:
    return int(np.prod(variable.shape)) * _item_size(variable.dtype)


def _item_size(dtype: str) -> int:
    return int(tf.as_dtype(dtype).size)
