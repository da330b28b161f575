"""The layers of `augment`, fused: the same draws and the same pictures as one after the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistcli.data import Dataset
from mnistcli.model.augmentation import Warp, fuse_layers
from mnistcli.model.backend import keras, tf
from mnistcli.model.distortions import RandomElasticDistortion, RandomStrokeWidth

# Keras' layers, a factor of each kind, and what `warp` can take over.
AFFINE: list[tuple[str, dict[str, Any]]] = [
    ("RandomRotation", {"factor": 0.1}),
    ("RandomRotation", {"factor": [-0.02, 0.3]}),
    ("RandomShear", {"x_factor": 0.15, "y_factor": [0.05, 0.3]}),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": [-0.2, 0.1]}),
    ("RandomZoom", {"height_factor": [-0.3, 0.2], "width_factor": 0.1}),
    ("RandomZoom", {"height_factor": 0.3}),  # keeps the proportions
]


@pytest.fixture
def images(digits: Dataset) -> NDArray[np.float32]:
    return digits.test_images[:50, ..., np.newaxis].astype(np.float32)


def make(name: str, **arguments: Any) -> keras.layers.Layer:
    if name == "RandomElasticDistortion":
        return RandomElasticDistortion(**arguments)
    fill = {} if name == "RandomGaussianBlur" else {"fill_mode": "constant"}
    return getattr(keras.layers, name)(**(fill | arguments))


def apply(steps: Sequence[Any], images: Any) -> Any:
    for step in steps:
        images = step(images, training=True)
    return images


def run_both(
    entries: Sequence[tuple[str, dict[str, Any]]], images: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What fused layers make of images and what their twins do one after the other.

    One step has to do it, and leave the random generators where the layers do.
    """
    layers, twins = (
        [make(name, seed=i, **arguments) for i, (name, arguments) in enumerate(entries)]
        for _ in range(2)
    )
    steps = fuse_layers(layers)
    assert len(steps) == 1
    assert steps[0] not in layers
    fused, expected = (np.asarray(apply(each, images)) for each in (steps, twins))
    for layer, twin in zip(layers, twins, strict=True):
        np.testing.assert_array_equal(layer.variables[0], twin.variables[0])
    return fused, expected


@pytest.mark.parametrize(("name", "arguments"), AFFINE)
def test_a_fused_layer_draws_and_moves_as_keras_does(
    name: str, arguments: dict[str, Any], images: NDArray[np.float32]
) -> None:
    fused, expected = run_both([(name, arguments)], images)
    np.testing.assert_allclose(fused, expected, atol=0.05)
    assert np.abs(fused - images).mean() > 1


# Rotation and shear do not commute with the others. Elastic before, between and after.
@pytest.mark.parametrize("places", [[], [0], [2], [4], [1, 4]])
def test_layers_move_pixels_in_their_order(places: list[int]) -> None:
    entries: list[tuple[str, dict[str, Any]]] = [
        ("RandomRotation", {"factor": 0.04}),
        ("RandomShear", {"x_factor": 0.2, "y_factor": 0.1}),
        ("RandomZoom", {"height_factor": 0.2, "width_factor": [-0.2, 0.1]}),
        ("RandomTranslation", {"height_factor": 0.05, "width_factor": 0.05}),
    ]
    for place in reversed(places):
        entries.insert(place, ("RandomElasticDistortion", {"alpha": 8}))
    # Pixels that hold their own place tell where each pixel came from. Interpolating them
    # again changes little: a displacement is not straight between two pixels.
    ramps = np.indices((28, 28), np.float32)[..., np.newaxis]
    inner = slice(11, 17)
    for axis in range(2):
        pictures = run_both(entries, np.repeat(ramps[axis : axis + 1], 40, axis=0))
        fused, expected = (picture[:, inner, inner] for picture in pictures)
        np.testing.assert_allclose(fused, expected, atol=0.04)


def test_one_interpolation_keeps_pictures_sharp(images: NDArray[np.float32]) -> None:
    names = ("RandomRotation", "RandomShear", "RandomZoom")
    entries = [(name, arguments) for name, arguments in AFFINE if name in names]
    pictures = [picture[..., 0] for picture in run_both(entries, images)]
    sharp, blurred = (np.abs(np.gradient(picture, axis=(1, 2))).mean() for picture in pictures)
    assert sharp > 1.05 * blurred


@pytest.mark.parametrize(
    "arguments", [{}, {"factor": 0.5, "kernel_size": 5, "sigma": [0.1, 0.9]}, {"factor": 0.0}]
)
def test_a_blur_is_that_of_keras(arguments: dict[str, Any], images: NDArray[np.float32]) -> None:
    fused, expected = run_both([("RandomGaussianBlur", arguments)], images)
    np.testing.assert_allclose(fused, expected, atol=1e-3)
    assert (np.abs(fused - images).max() > 1) == (arguments.get("factor") != 0)


def test_what_has_another_meaning_stays_as_it_is() -> None:
    layers = [
        keras.layers.RandomRotation(0.1),  # fill_mode: reflect
        keras.layers.RandomZoom(0.1, fill_mode="constant", fill_value=9.0),
        keras.layers.RandomShear(0.1, fill_mode="constant", interpolation="nearest"),
        keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant", dtype="float16"),
        keras.layers.RandomGaussianBlur(kernel_size=[3, 5]),
        RandomStrokeWidth(),
        keras.layers.MixUp(),
    ]
    assert fuse_layers(layers) == layers


def test_only_neighbours_become_one_step() -> None:
    rotation, elastic, zoom = (
        make("RandomRotation", factor=0.1),
        RandomElasticDistortion(),
        make("RandomZoom", height_factor=0.1),
    )
    width = RandomStrokeWidth()
    first, middle, last = fuse_layers([rotation, elastic, width, zoom])
    assert isinstance(first, Warp)
    assert isinstance(last, Warp)
    assert (first.layers, middle, last.layers) == ([rotation, elastic], width, [zoom])


def test_a_graph_takes_batches_of_any_size(images: NDArray[np.float32]) -> None:
    entries = [*AFFINE[:3], ("RandomElasticDistortion", {}), ("RandomGaussianBlur", {})]
    graph, eager = (
        fuse_layers([make(name, seed=1, **arguments) for name, arguments in entries])
        for _ in range(2)
    )

    def run_parts(pixels: tf.Tensor) -> tf.Tensor:
        parts = tf.split(pixels, [3, tf.shape(pixels)[0] - 3])
        return tf.concat([apply(graph, part) for part in parts], axis=0)

    signature = [tf.TensorSpec((None, 28, 28, 1))]
    run_in_graph = tf.function(run_parts, autograph=False, input_signature=signature)
    for count in (50, 20):
        parts = [np.asarray(apply(eager, part)) for part in (images[:3], images[3:count])]
        np.testing.assert_allclose(run_in_graph(images[:count]), np.concatenate(parts), atol=0.05)
