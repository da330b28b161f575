"""A batch cut into shards, one for each thread: networks that treat every image by itself.

Where two threads share each kernel, they wait for each other after every one of them. With one
thread a kernel and half of the batch a thread, they meet where the weights' gradients are
added, and at each batch normalization.
"""

from collections.abc import Sequence
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
    if isinstance(layer, keras.layers.BatchNormalization) and training and layer.trainable:
        return _normalize(layer, sources[0])
    inputs = zip(*sources, strict=True)
    return [layer(parts[0] if len(parts) == 1 else parts, training=training) for parts in inputs]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _normalize(layer: keras.layers.BatchNormalization, shards: Shards) -> Shards:
    """Normalize shards by the mean and the variance of all of them, as Keras' layer does."""
    shards = [tf.cast(shard, tf.float32) for shard in shards]
    rank = len(shards[0].shape)
    axis = layer.axis % rank
    others = [i for i in range(rank) if i != axis]
    shape = [1] * rank
    shape[axis] = shards[0].shape[axis]
    values = tf.add_n([tf.size(shard) for shard in shards]) // shape[axis]

    def mean_over(parts: Shards) -> tf.Tensor:
        total = tf.add_n([tf.reduce_sum(part, others) for part in parts])
        return total / tf.cast(values, tf.float32)

    mean = mean_over(shards)
    centre = tf.reshape(tf.stop_gradient(mean), shape)
    variance = mean_over([tf.math.squared_difference(shard, centre) for shard in shards])
    for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
    scale = tf.math.rsqrt(variance + layer.epsilon)
    if layer.scale:
        scale *= layer.gamma
    offset = -mean * scale
    if layer.center:
        offset += layer.beta
    scale, offset = tf.reshape(scale, shape), tf.reshape(offset, shape)
    return [tf.cast(shard * scale + offset, layer.compute_dtype) for shard in shards]
