"""What a model is made of: shapes, parameters, arithmetic and memory."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from mnistcli.model.layers import format_shape


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
            inputs=[source._keras_history.operation.name for source in _inputs(layer)],
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


def count_flops(layer: keras.layers.Layer) -> int:
    """Floating-point operations of a layer for one image, counted by TensorFlow's profiler.

    The profiler sums what each kernel of the layer's graph registers
    (https://www.tensorflow.org/api_docs/python/tf/compat/v1/profiler); a kernel that
    registers nothing, such as a tanh, counts as nothing.
    """
    if isinstance(layer, keras.layers.InputLayer):
        return 0
    sources = list({id(source): source for source in _inputs(layer)}.values())
    images = [tf.TensorSpec((1, *source.shape[1:]), source.dtype) for source in sources]
    call = tf.function(keras.Function(sources, layer.output))  # as the model calls it
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    verbosity = tf.compat.v1.logging.get_verbosity()
    tf.compat.v1.logging.set_verbosity("ERROR")  # it warns of its own deprecated parts
    try:
        graph = call.get_concrete_function(images).graph
        return int(tf.compat.v1.profiler.profile(graph, options=options).total_float_ops)
    finally:
        tf.compat.v1.logging.set_verbosity(verbosity)


def _inputs(layer: keras.layers.Layer) -> list[keras.KerasTensor]:
    """The tensors that feed a layer; none feed an input layer."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _bytes(variable: keras.Variable) -> int:
    return int(np.prod(variable.shape)) * _item_size(variable.dtype)


def _item_size(dtype: str) -> int:
    return int(tf.as_dtype(dtype).size)
