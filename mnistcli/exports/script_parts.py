"""The parts of a Keras script that are the same for every config."""

DIFFERENCES = """
It needs Keras with TensorFlow, and nothing of mnistcli. The layers, their first weights, the loss
and the optimizer are the same as there, and so are the validation images. The order of the images
and what is drawn by chance are not, so that figures agree but for chance. A checkpoint of every
epoch, exact resume, and a fitted temperature are mnistcli's alone."""

ONE_INTERPOLATION = """

Layers of `augment` that move pixels are one interpolation in mnistcli, and one each here, so that
images are a little softer."""

SHARE = '''total_steps = epochs * -(-len(train_images) // batch_size)


def share(percent):
    """Return a share of the training as a number of steps."""
    return max(1, round(total_steps * percent / 100))
'''

MIXING = """\
        if isinstance(layer, {classes}):  # it mixes the labels with the images
            mixed = layer({{"images": images, "labels": labels}}, training=True)
            images, labels = mixed["images"], mixed["labels"]
        else:
            images = layer(images, training=True)
"""

ELASTIC_DISTORTION = '''
class RandomElasticDistortion(keras.layers.Layer):
    """Moves each pixel a little, its neighbours alike (Simard, Steinkraus, Platt 2003)."""

    def __init__(self, alpha, sigma, seed=None, **kwargs):
        super().__init__(**kwargs)
        distances = np.subtract.outer(np.arange(28), np.arange(28)) / sigma
        smooth = np.exp(-(distances**2) / 2) / (sigma * np.sqrt(2 * np.pi))
        self.alpha, self.smooth = alpha, smooth.astype("float32")
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        shape = (2, tf.shape(images)[0], 28, 28)
        noise = keras.random.uniform(shape, -1, 1, seed=self.generator)
        down, right = tf.unstack(self.alpha * (self.smooth @ noise @ self.smooth))
        # Each pixel becomes the mean of the four around its place, the nearer the more of it.
        row = tf.clip_by_value(np.arange(28.0, dtype="float32")[:, None] + down, -1, 28) + 1
        column = tf.clip_by_value(np.arange(28.0, dtype="float32") + right, -1, 28) + 1
        padded = tf.pad(images[..., 0], [[0, 0], [1, 2], [1, 2]])
        moved = 0.0
        for lower in (0, 1):
            for righter in (0, 1):
                nearest = tf.stack([tf.floor(row) + lower, tf.floor(column) + righter], axis=-1)
                near = 1 - tf.abs(tf.stack([row, column], axis=-1) - nearest)
                pixels = tf.gather_nd(padded, tf.cast(nearest, tf.int32), batch_dims=1)
                moved += tf.reduce_prod(near, axis=-1) * pixels
        return moved[..., None]
'''

STROKE_WIDTH = '''
class RandomStrokeWidth(keras.layers.Layer):
    """Makes the pen of each image thicker or thinner."""

    def __init__(self, factor, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.low, self.high = factor if isinstance(factor, list) else (-factor, factor)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        shape = (tf.shape(images)[0], 1, 1, 1)
        share = keras.random.uniform(shape, self.low, self.high, seed=self.generator)
        thick = tf.nn.max_pool2d(images, 3, 1, "SAME")
        thin = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
        change = tf.where(share > 0, thick - images, images - thin)
        return images + share * change
'''
