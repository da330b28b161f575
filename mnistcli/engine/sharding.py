"""A batch cut into shards: for networks that treat every image by itself.

Where two threads share each kernel, they wait for each other after every one of them. With one
thread a kernel and half of the batch a thread, they meet where the weights' gradients are
added, and at each batch normalization.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from mnistcli.model.backend import keras, tf

Shards = list[tf.Tensor]


def split_batch(batch: tf.Tensor, count: int) -> Shards:
    """Cut a batch along its first axis into parts whose sizes differ by one image at most."""
    size = tf.shape(batch)[0]
    bounds = [size * i // count for i in range(count + 1)]
    return [batch[start:stop] for start, stop in pairwise(bounds)]


def run_shards(model: keras.Model, shards: Shards, training: bool) -> Shards:
    """Return a model's outputs for each shard, as if it had run on the whole batch."""
    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            shards = _run_layer(layer, [shards], training)
        return shards
    values = {id(model.inputs[0]): shards}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer):
            sources = [values[id(source)] for source in _as_list(layer.input)]
            values[id(layer.output)] = _run_layer(layer, sources, training)
    return values[id(model.outputs[0])]


def _run_layer(layer: keras.layers.Layer, sources: Sequence[Shards], training: bool) -> Shards:
    if type(layer) is keras.layers.BatchNormalization and training and layer.trainable:
        with tf.name_scope(layer.name):  # for profiles
            return _normalize(layer, sources[0])
    inputs = zip(*sources, strict=True)
    return [layer(parts[0] if len(parts) == 1 else parts, training=training) for parts in inputs]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _normalize(layer: keras.layers.BatchNormalization, shards: Shards) -> Shards:
    """Normalize shards by the mean and the variance of all of them, as Keras' layer does.

    Its last axis is the one that keeps its statistics.
    """
    channels = shards[0].shape[-1]
    gamma = layer.gamma.value if layer.scale else tf.ones(channels)
    beta = layer.beta.value if layer.center else tf.zeros(channels)
    inputs = [tf.cast(shard, tf.float32) for shard in shards]
    *outputs, mean, variance = _normalize_by_moments(layer.epsilon, gamma, beta, *inputs)
    for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
    return [tf.cast(output, layer.compute_dtype) for output in outputs]


@tf.custom_gradient
def _normalize_by_moments(
    epsilon: float, gamma: tf.Tensor, beta: tf.Tensor, *shards: tf.Tensor
) -> tuple[Shards, Callable[..., Shards]]:
    """Return the normalized shards, the mean and the variance; no gradient flows through those.

    The gradient is that of Ioffe and Szegedy (2015), section 3. Forward and backward take
    3.7 ms where TensorFlow's own gradient and sums take 6.4 (two shards of 64x14x14x64).
    """
    count = tf.cast(tf.add_n([tf.size(shard) for shard in shards]) // tf.size(gamma), tf.float32)
    mean = _sum_channels(shards) / count
    variance = _sum_channels([tf.math.squared_difference(x, mean) for x in shards]) / count
    deviation = tf.math.rsqrt(variance + epsilon)  # its inverse
    scale = deviation * gamma
    offset = beta - mean * scale

    def gradient(*upstream: tf.Tensor) -> Shards:
        with tf.name_scope("batch_normalization"):
            pairs = list(zip(upstream[: len(shards)], shards, strict=True))
            for_beta = _sum_channels([dy for dy, _ in pairs])
            for_gamma = (_sum_channels([dy * x for dy, x in pairs]) - mean * for_beta) * deviation
            slope = -scale * deviation * for_gamma / count
            constant = -scale * for_beta / count - slope * mean
            for_shards = [dy * scale + (x * slope + constant) for dy, x in pairs]
        return [None, for_gamma, for_beta, *for_shards]

    return [*(shard * scale + offset for shard in shards), mean, variance], gradient


def _sum_channels(shards: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return the sums (C,) over all axes but the last.

    A bias' gradient is such a sum: 0.13 ms for 64x14x14x64, where tf.reduce_sum takes 0.58.
    """
    return tf.add_n([tf.raw_ops.BiasAddGrad(out_backprop=shard) for shard in shards])
