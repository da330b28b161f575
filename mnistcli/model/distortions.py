"""Augmentation layers for handwriting that Keras has not, or not for images this small.

A config names them under `augment`, as it names those of `keras.layers`. They work on float32
images (batch, height, width, 1) of 0 to 255, 0 the background, and only in training.
"""

from typing import Any

import numpy as np

from mnistcli.model.backend import keras, tf

ops = keras.ops

# What is done to each pixel runs as one loop instead of a dozen kernels: for 256 images on one
# core (AMD EPYC) an elastic distortion takes 9 ms and not 15, a stroke's width 5 and not 26.
# Random numbers are drawn outside: XLA's are others, and up to a hundred times as slow.
_in_one_loop = tf.function(jit_compile=True, autograph=False)


class RandomElasticDistortion(keras.layers.Layer):  # type: ignore[misc]
    """Moves each pixel a little, its neighbours alike, as a hand would have.

    Simard, Steinkraus, Platt (2003), Best Practices for Convolutional Neural Networks, section
    2. Keras' RandomElasticTransform ties the smoothness to the size: at 28x28 it has none.

    Args:
        alpha: Number. How far: the factor of the displacements, in pixels. With the defaults
            a pixel moves by 1.4 pixels, one standard deviation.
        sigma: Number. The standard deviation, in pixels, of the Gaussian that smooths them.
        seed: Integer. Fixes the displacements; by default the config's seed does.
    """

    def __init__(
        self, alpha: float = 34.0, sigma: float = 4.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not (alpha >= 0 and sigma > 0):
            raise ValueError(f"expected `alpha` >= 0 and `sigma` > 0, got {alpha} and {sigma}")
        self.alpha, self.sigma = alpha, sigma
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the images, distorted in training."""
        if not training:
            return images
        batch, height, width, _ = ops.shape(images)
        noise = keras.random.uniform((2, batch, height, width), -1, 1, seed=self.generator)
        rows, columns = (ops.convert_to_tensor(_gaussian(n, self.sigma)) for n in (height, width))
        moved = self.alpha * ops.matmul(ops.matmul(rows, noise), columns)
        grid = ops.stack(ops.meshgrid(ops.arange(height), ops.arange(width), indexing="ij"))
        return _sample(images, ops.cast(grid, "float32")[:, None] + moved)


class RandomStrokeWidth(keras.layers.Layer):  # type: ignore[misc]
    """Makes the pen of each image thicker or thinner.

    Args:
        factor: Number or list of 2 numbers. The least and the most: 1 adds a pixel on each
            side of a stroke, -1 takes one away; 0.5 means from -0.5 to 0.5.
        seed: Integer. Fixes the widths; by default the config's seed does.
    """

    def __init__(
        self, factor: float | list[float] = 0.5, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        bounds = [-factor, factor] if isinstance(factor, int | float) else list(factor)
        if not (len(bounds) == 2 and -1 <= bounds[0] <= bounds[1] <= 1):
            raise ValueError(f"expected `factor` from -1 to 1, low before high, got {factor}")
        self.bounds = bounds
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the images, in training with strokes of other widths."""
        if not training:
            return images
        shape = (ops.shape(images)[0], 1, 1, 1)
        share = keras.random.uniform(shape, *self.bounds, seed=self.generator)
        return _widen(images, share)


def _gaussian(size: int, sigma: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the (size, size) matrix that smooths a row of `size` numbers."""
    distances = np.subtract.outer(np.arange(size), np.arange(size)) / sigma
    weights = np.exp(-(distances**2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return np.asarray(weights, np.float32)


@_in_one_loop  # type: ignore[untyped-decorator]
def _sample(images: Any, places: Any) -> Any:
    """Images (batch, H, W, 1) at places (2, batch, H, W), row and column, bilinearly; 0 outside."""
    batch, height, width, _ = ops.shape(images)
    padded = ops.reshape(ops.pad(images[..., 0], ((0, 0), (1, 1), (1, 1))), (batch, -1))
    limits = ops.reshape(ops.convert_to_tensor([height + 1.0, width + 1.0]), (2, 1, 1, 1))
    places = ops.clip(places + 1, 0, limits - 1e-3)
    corner = ops.floor(places)
    down, right = ops.split(places - corner, 2)
    row, column = ops.split(ops.cast(corner, "int32"), 2)

    def pixel(below: int, beside: int) -> Any:
        index = (row + below) * (width + 2) + column + beside
        flat = ops.take_along_axis(padded, ops.reshape(index, (batch, -1)), axis=1)
        return ops.reshape(flat, (1, batch, height, width))

    upper = (1 - right) * pixel(0, 0) + right * pixel(0, 1)
    lower = (1 - right) * pixel(1, 0) + right * pixel(1, 1)
    return ops.transpose((1 - down) * upper + down * lower, (1, 2, 3, 0))


@_in_one_loop  # type: ignore[untyped-decorator]
def _widen(images: Any, share: Any) -> Any:
    """Images with so much of a pixel added to each side of a stroke, or taken from it."""
    # The least of some pixels is the greatest of them with the other sign. Greatest of the
    # columns, then of the rows: 0.24 ms for 128 images (Intel Xeon), max_pool 0.46.
    turned = images * tf.sign(share)
    around = tf.pad(turned, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    around = tf.maximum(tf.maximum(around[:, :-2], around[:, 1:-1]), around[:, 2:])
    around = tf.maximum(tf.maximum(around[:, :, :-2], around[:, :, 1:-1]), around[:, :, 2:])
    return images + share * (around - turned)
