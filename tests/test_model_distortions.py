"""The augmentation layers that Keras has not."""

import numpy as np
import pytest
from config_texts import ErrorsOf, Load
from numpy.typing import NDArray

from mnistcli.data import Dataset
from mnistcli.errors import ConfigError
from mnistcli.model import build_network
from mnistcli.model.distortions import (
    RandomDrawings,
    RandomElasticDistortion,
    RandomStrokeWidth,
)


@pytest.fixture
def images(digits: Dataset) -> NDArray[np.float32]:
    return digits.test_images[:64, ..., np.newaxis].astype(np.float32)


def test_a_distortion_moves_neighbours_alike(images: NDArray[np.float32]) -> None:
    # An image whose pixels hold their own column tells where each pixel came from.
    columns = np.broadcast_to(np.arange(28, dtype=np.float32)[:, np.newaxis], (64, 28, 28, 1))
    inner = slice(8, 20)
    moved = np.asarray(RandomElasticDistortion(seed=1)(columns, training=True))
    moved = (moved - columns)[:, inner, inner, 0]

    # Uniform noise of -1 to 1 smoothed by a Gaussian of 4 pixels, times 34 (Simard et al. 2003).
    assert moved.std() == pytest.approx(34 * np.sqrt(1 / 3) / (2 * 4 * np.sqrt(np.pi)), rel=0.2)
    assert np.abs(np.diff(moved, axis=1)).mean() < 0.3 * np.abs(moved).mean()


def test_a_distortion_of_nothing_leaves_the_image(images: NDArray[np.float32]) -> None:
    still = RandomElasticDistortion(alpha=0)(images, training=True)
    assert np.allclose(still, images, atol=0.1)
    assert np.array_equal(RandomElasticDistortion()(images, training=False), images)


@pytest.mark.parametrize(("factor", "sign"), [([0.3, 0.6], 1), ([-0.6, -0.3], -1)])
def test_strokes_become_thicker_or_thinner(
    factor: list[float], sign: int, images: NDArray[np.float32]
) -> None:
    drawn = np.asarray(RandomStrokeWidth(factor)(images, training=True))
    assert np.all(sign * (drawn.sum(axis=(1, 2, 3)) - images.sum(axis=(1, 2, 3))) > 0)
    assert drawn.min() >= 0
    assert drawn.max() <= 255


@pytest.mark.parametrize("layer", [RandomElasticDistortion, RandomStrokeWidth])
def test_the_same_seed_draws_the_same(
    layer: type[RandomElasticDistortion], images: NDArray[np.float32]
) -> None:
    first, second = (np.asarray(layer(seed=3)(images, training=True)) for _ in range(2))
    assert np.array_equal(first, second)
    changing = layer(seed=3)
    assert not np.array_equal(changing(images, training=True), changing(images, training=True))


def test_a_config_names_them_like_layers_of_keras(load_text: Load, errors_of: ErrorsOf) -> None:
    text = "layers: [{Dense: {units: 10, activation: softmax}}]\naugment: "
    network = build_network(
        load_text(f"{text}[RandomStrokeWidth, {{RandomElasticDistortion: {{sigma: 3}}}}]"), 10
    )
    assert [type(layer) for layer in network.augment] == [
        RandomStrokeWidth,
        RandomElasticDistortion,
    ]
    assert network.augment[1].sigma == 3
    error, _ = errors_of(f"{text}[{{RandomStrokeWidth: {{facto: 1}}}}]")
    assert "RandomStrokeWidth has no argument 'facto'; did you mean 'factor'?" in error
    # They are no part of model.keras, which loads without mnistcli.
    error, _ = errors_of("layers: [RandomStrokeWidth, Flatten, {Dense: {units: 10}}]")
    assert "unknown layer 'RandomStrokeWidth'" in error


def draw_some(
    layer: RandomDrawings, images: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Images and labels after the layer, where all images were of a 3 before."""
    labels = np.repeat(np.eye(10, dtype=np.float32)[3:4], len(images), axis=0)
    mixed = layer({"images": images, "labels": labels}, training=True)
    return np.asarray(mixed["images"]), np.asarray(mixed["labels"])


def test_drawings_bring_their_own_labels(images: NDArray[np.float32]) -> None:
    drawn, labels = draw_some(RandomDrawings(digits=1, others=0, seed=1), images)
    assert np.array_equal(labels.max(axis=1), np.ones(64))
    assert len(set(labels.argmax(axis=1))) > 5
    # The same drawing has the same label, wherever it is.
    again, labels_again = draw_some(RandomDrawings(digits=1, others=0, seed=1), images)
    assert np.array_equal(drawn, again)
    assert np.array_equal(labels, labels_again)

    others, labels = draw_some(RandomDrawings(digits=0, others=1, seed=1), images)
    assert np.allclose(labels, 0.1)
    assert not (others == drawn).all(axis=(1, 2, 3)).any()

    many = np.repeat(images, 30, axis=0)
    mixed, labels = draw_some(RandomDrawings(digits=0.25, others=0.125), many)
    is_drawn = (mixed != many).any(axis=(1, 2, 3))
    is_other = labels.max(axis=1) < 0.5
    assert is_drawn.mean() == pytest.approx(0.375, abs=0.05)
    assert is_other.mean() == pytest.approx(0.125, abs=0.05)
    assert (labels[~is_drawn, 3] == 1).all()


def test_drawings_need_ten_classes_shares_and_a_loss_for_them(load_text: Load) -> None:
    def error_of(augment: str, classes: int = 10, loss: str = "categorical_crossentropy") -> str:
        layers = f"layers: [{{Dense: {{units: {classes}, activation: softmax}}}}]"
        text = f"{layers}\nloss: {loss}\naugment:\n  - {augment}\n"
        with pytest.raises(ConfigError) as error:
            build_network(load_text(text), classes)
        return str(error.value)

    assert "draws the ten digits; the data has 26 classes" in error_of("RandomDrawings", 26)
    sum_above_one = error_of("RandomDrawings: {digits: 0.8, others: 0.3}")
    assert "expected shares of at least 0 that sum to at most 1" in sum_above_one
    assert "expected a seed of at least 0" in error_of("RandomDrawings: {seed: -1}")
    sparse = error_of("RandomDrawings", loss="sparse_categorical_crossentropy")
    assert "RandomDrawings mixes the labels of images" in sparse
