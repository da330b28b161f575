"""Augmentation layers for handwriting that Keras has not, or not for images this small.

A config names them under `augment`, as it names those of `keras.layers`. They work on float32
images (batch, height, width, 1) of 0 to 255, 0 the background, and only in training.
"""

from functools import cache
from typing import Any

import numpy as np

from mnistcli.handwriting import draw, draw_digit, draw_other, vary
from mnistcli.model.backend import keras, tf
from mnistcli.model.resampling import Displacement, in_one_loop, warp

ops = keras.ops

NUM_DIGITS = 10
POOL_SIZE = 5000  # drawings of digits, and of others: 1 s each; other layers vary them further


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
        return warp(images, [self.draw(images)])

    def draw(self, images: Any) -> Displacement:
        """Return where the pixels of images (batch, height, width, 1) come from, by chance."""
        batch, height, width, _ = ops.shape(images)
        noise = keras.random.uniform((2, batch, height, width), -1, 1, seed=self.generator)
        rows, columns = (ops.convert_to_tensor(_gaussian(n, self.sigma)) for n in (height, width))
        down, right = tf.unstack(self.alpha * ops.matmul(ops.matmul(rows, noise), columns))
        return Displacement(right, down)


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


class RandomDrawings(keras.layers.Layer):  # type: ignore[misc]
    """Replaces some images by drawings, made of strokes of a pen.

    Drawn digits are in hands that MNIST has few of: a 1 with a flag or a foot, a 7 with a bar, a 0
    with a slash. Others are no digits: letters, signs, shapes, scribbles. They belong to all
    classes alike, so that the network learns to be sure of digits only (Hendrycks, Mazeika,
    Dietterich 2019, Deep Anomaly Detection with Outlier Exposure).

    Args:
        digits: Number. The share of images that become drawn digits.
        others: Number. The share that becomes drawings of what is no digit.
        seed: Integer. Fixes the drawings; by default the config's seed does.
    """

    def __init__(
        self, digits: float = 0.1, others: float = 0.1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        shares = (digits, others)
        are_numbers = all(isinstance(share, int | float) for share in shares)
        if not (are_numbers and min(shares) >= 0 and sum(shares) <= 1):
            raise ValueError(
                "expected shares of at least 0 that sum to at most 1, got "
                f"digits {digits} and others {others}"
            )
        if seed is not None and not 0 <= seed < 2**31:
            raise ValueError(f"expected a seed of at least 0 and below 2**31, got {seed}")
        self.digits, self.others = digits, others
        self.generator = keras.random.SeedGenerator(seed)
        self.drawing_seed = int(self.generator.state.numpy()[0])

    def call(self, data: Any, training: bool = False) -> Any:
        """Return the images with their labels, in training some of them drawn.

        Args:
            data: a mapping of "images" (B, 28, 28, 1) and "labels" (B, 10).
            training: whether any are drawn.
        """
        if not training:
            return data
        images, labels = data["images"], data["labels"]
        drawings, digits = _draw_pool(self.drawing_seed)  # others follow the digits
        num_digits, num_others = len(digits), len(drawings) - len(digits)
        size = ops.shape(images)[0]
        chance = keras.random.uniform((size,), seed=self.generator)
        share = keras.random.uniform((size,), seed=self.generator)
        is_digit = chance < self.digits
        is_drawn = chance < self.digits + self.others
        digit_number = tf.cast(share * num_digits, tf.int32)
        other_number = num_digits + tf.cast(share * num_others, tf.int32)
        number = tf.where(is_digit, digit_number, other_number)
        drawn = tf.cast(tf.gather(drawings, number), images.dtype)[..., tf.newaxis]
        images = tf.where(is_drawn[:, tf.newaxis, tf.newaxis, tf.newaxis], drawn, images)
        drawn_labels = tf.one_hot(tf.gather(digits, digit_number), NUM_DIGITS, dtype=labels.dtype)
        drawn_labels = tf.where(is_digit[:, tf.newaxis], drawn_labels, 1 / NUM_DIGITS)
        labels = tf.where(is_drawn[:, tf.newaxis], drawn_labels, labels)
        return {"images": images, "labels": labels}


@cache
def _draw_pool(seed: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return drawn digits and then as many others, (2N, 28, 28) uint8, and the digits, (N,)."""
    random = np.random.default_rng(seed)
    digits = np.arange(POOL_SIZE, dtype=np.int32) % NUM_DIGITS
    strokes = [draw_digit(digit, random) for digit in digits.tolist()]
    strokes += [draw_other(random) for _ in range(POOL_SIZE)]
    drawings = np.stack([draw(vary(each, random), random) for each in strokes])
    with tf.init_scope():  # in memory once, whatever number of graphs refers to it
        return tf.constant(drawings), tf.constant(digits)


def _gaussian(size: int, sigma: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the (size, size) matrix that smooths a row of `size` numbers."""
    distances = np.subtract.outer(np.arange(size), np.arange(size)) / sigma
    weights = np.exp(-(distances**2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return np.asarray(weights, np.float32)


@in_one_loop  # type: ignore[untyped-decorator]
def _widen(images: Any, share: Any) -> Any:
    """Images with so much of a pixel added to each side of a stroke, or taken from it."""
    # The least of some pixels is the greatest of them with the other sign. Greatest of the
    # columns, then of the rows: 0.24 ms for 128 images (Intel Xeon), max_pool 0.46.
    turned = images * tf.sign(share)
    around = tf.pad(turned, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    around = tf.maximum(tf.maximum(around[:, :-2], around[:, 1:-1]), around[:, 2:])
    around = tf.maximum(tf.maximum(around[:, :, :-2], around[:, :, 1:-1]), around[:, :, 2:])
    return images + share * (around - turned)
