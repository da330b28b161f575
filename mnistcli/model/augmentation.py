"""The layers of `augment` in as few passes over the pixels as it takes.

Each interpolation blurs and costs, so geometric layers that follow each other become one. What
is drawn is what the layers themselves draw, from their own generators, whose states a checkpoint
holds.
"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from mnistcli.model.backend import keras, tf
from mnistcli.model.distortions import RandomElasticDistortion
from mnistcli.model.resampling import Affine, Displacement, in_one_loop, warp

# Takes images (B, 28, 28, 1) and `training`, as a layer does.
Step = Callable[..., Any]


def fuse_layers(layers: Sequence[keras.layers.Layer]) -> list[Step]:
    """Return steps that together do what the layers do one after the other.

    A layer that nothing is gained for is a step itself.
    """
    steps: list[Step] = []
    for moves_pixels, group in groupby(layers, _moves_pixels):
        if moves_pixels:
            steps.append(Warp(list(group)))
        else:
            steps += [Blur(layer) if _blurs_alike(layer) else layer for layer in group]
    return steps


class Warp:
    """Geometric layers as one resampling.

    128 images on one core (Intel Xeon): 1.9 ms for the five of configs/robust.yaml, and 6.7 one
    after the other. What one layer moves out of the picture and a later one back is not lost.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer]) -> None:
        self.layers = layers

    def __call__(self, images: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Return images (B, 28, 28, 1), float32, with other pixels at each place."""
        images = tf.cast(images, tf.float32)
        return warp(images, [_draw_move(layer, images) for layer in self.layers])


class Blur:
    """Keras' RandomGaussianBlur, as one pass along the columns and one along the rows.

    128 images on one core (Intel Xeon): 0.3 ms, and Keras' 0.6 with oneDNN's kernels, 4.3 with
    Eigen's.
    """

    def __init__(self, layer: keras.layers.RandomGaussianBlur) -> None:
        self.layer = layer

    def __call__(self, images: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Return images (B, 28, 28, 1), float32, some of them blurred."""
        images = tf.cast(images, tf.float32)
        drawn = self.layer.get_random_transformation(images, training=True)
        reach = int(self.layer.kernel_size[0]) // 2
        distances = tf.range(-reach, reach + 1, dtype=tf.float32)
        weights = tf.exp(-((distances / drawn["blur_factor"][:, tf.newaxis]) ** 2) / 2)
        weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
        blurred = _blur(images, weights, drawn["should_apply_blur"])
        return tf.clip_by_value(blurred, *self.layer.value_range)


@in_one_loop  # type: ignore[untyped-decorator]
def _blur(images: tf.Tensor, weights: tf.Tensor, is_blurred: tf.Tensor) -> tf.Tensor:
    """Images, some of them averaged with weights (2, K) of pixels in the row, and the column."""
    _, height, width, _ = images.shape
    size = weights.shape[1]
    pad = [size // 2, size // 2]
    of_row, of_column = (tf.unstack(each) for each in tf.unstack(weights))
    blurred = tf.pad(images, [[0, 0], pad, [0, 0], [0, 0]])
    blurred = tf.add_n([of_column[i] * blurred[:, i : i + height] for i in range(size)])
    blurred = tf.pad(blurred, [[0, 0], [0, 0], pad, [0, 0]])
    blurred = tf.add_n([of_row[i] * blurred[:, :, i : i + width] for i in range(size)])
    return tf.where(is_blurred[:, tf.newaxis, tf.newaxis, tf.newaxis], blurred, images)


def _moves_pixels(layer: keras.layers.Layer) -> bool:
    """Return whether a layer moves pixels as `warp` does: bilinearly, with 0 from outside."""
    if type(layer) in _AFFINE_MAPS:
        fill = (layer.interpolation, layer.fill_mode, layer.fill_value)
        return fill == ("bilinear", "constant", 0) and _has_usual_layout(layer)
    return type(layer) is RandomElasticDistortion


def _blurs_alike(layer: keras.layers.Layer) -> bool:
    """Return whether a layer blurs as `Blur` does; Keras mixes up two sizes that differ."""
    if type(layer) is keras.layers.RandomGaussianBlur:
        height, width = layer.kernel_size
        return bool(height == width) and _has_usual_layout(layer)
    return False


def _has_usual_layout(layer: keras.layers.Layer) -> bool:
    return (layer.compute_dtype, layer.data_format) == ("float32", "channels_last")


def _draw_move(layer: keras.layers.Layer, images: tf.Tensor) -> Affine | Displacement:
    if type(layer) is RandomElasticDistortion:
        return layer.draw(images)
    drawn = layer.get_random_transformation(images, training=True)
    _, height, width, _ = images.shape
    return _AFFINE_MAPS[type(layer)](drawn, (width - 1) / 2, (height - 1) / 2)


def _rotation(drawn: dict[str, Any], x: float, y: float) -> Affine:
    angle = drawn["angle"] * (math.pi / 180)
    cos, sin = tf.cos(angle), tf.sin(angle)
    return Affine((cos, -sin, x - x * cos + y * sin), (sin, cos, y - x * sin - y * cos))


def _shear(drawn: dict[str, Any], _x: float, _y: float) -> Affine:
    # About the corner of the picture, as Keras has it, and not about its middle.
    across, down = tf.unstack(drawn["shear_factor"], axis=1)
    return Affine((1.0, across, 0.0), (down, 1.0, 0.0))


def _zoom(drawn: dict[str, Any], x: float, y: float) -> Affine:
    wide, high = drawn["width_zoom"][:, 0], drawn["height_zoom"][:, 0]
    return Affine((wide, 0.0, x - x * wide), (0.0, high, y - y * high))


def _translation(drawn: dict[str, Any], _x: float, _y: float) -> Affine:
    right, down = tf.unstack(drawn["translations"], axis=1)
    return Affine((1.0, 0.0, -right), (0.0, 1.0, -down))


# From what a layer of Keras draws, and the middle of a picture: its column and row.
_AFFINE_MAPS: dict[type, Callable[[dict[str, Any], float, float], Affine]] = {
    keras.layers.RandomRotation: _rotation,
    keras.layers.RandomShear: _shear,
    keras.layers.RandomTranslation: _translation,
    keras.layers.RandomZoom: _zoom,
}
