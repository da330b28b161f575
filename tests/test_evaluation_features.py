"""What the layers of a network make of an image."""

import keras
import numpy as np
import pytest
from config_texts import Load

from mnistcli.data import Dataset
from mnistcli.evaluation.features import layer_features
from mnistcli.figures import LayerOutput, draw_features, render_figure
from mnistcli.model import build_network

TEXT = """
layers:
  - Conv2D: {filters: 3, kernel_size: 3, padding: same, activation: relu, name: first}
  - MaxPooling2D
  - Conv2D: {filters: 5, kernel_size: 3, name: second}
  - ReLU
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""


def test_features_before_and_after_each_activation(load_text: Load, digits: Dataset) -> None:
    network = build_network(load_text(TEXT), 10)
    features = {each.layer: each for each in layer_features(network, digits.test_images[0])}

    first = features["first (Conv2D)"]
    kernel = keras.ops.convert_to_numpy(network.model.get_layer("first").kernel)[:, :, 0]
    pixels = np.pad(digits.test_images[0] / 255, 1)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (3, 3))
    expected = np.einsum("hwij,ijf->hwf", windows, kernel)
    assert first.before is not None
    assert np.allclose(first.before, expected, atol=1e-5)
    assert np.allclose(first.after, np.maximum(expected, 0), atol=1e-5)
    pooled = first.after.reshape(14, 2, 14, 2, 3).max(axis=(1, 3))
    assert np.allclose(features["max_pooling2d (MaxPooling2D)"].after, pooled, atol=1e-5)
    assert features["second (Conv2D)"].before is None
    rectified = features["re_lu (ReLU)"]
    assert rectified.before is not None
    assert np.array_equal(rectified.before, features["second (Conv2D)"].after)
    assert rectified.before.min() < 0 <= rectified.after.min()
    answer = features["dense (Dense)"]
    assert answer.before is not None
    exponentials = np.exp(answer.before - answer.before.max())
    assert np.allclose(answer.after, exponentials / exponentials.sum(), atol=1e-6)
    assert not any("Flatten" in name or "Rescaling" in name for name in features)
    # Looking changes nothing.
    assert network.model.get_layer("first").activation is keras.activations.relu


@pytest.mark.parametrize(
    ("layers", "shapes"),
    [
        (["Input: {shape: [784]}"], []),
        (["Input: {shape: [28, 28]}", "SimpleRNN: {units: 7}"], [(7,)]),
        (
            ["Input: {shape: [28, 28]}", "Conv1D: {filters: 5, kernel_size: 3}", "Flatten: {}"],
            [(26, 5, 1)],
        ),
        (
            [
                "Conv2D: {filters: 2, kernel_size: 3, padding: same, name: a}",
                "MaxPool2D: {pool_size: 1, name: b}",
                "Add: {inputs: [a, b]}",
                "BatchNormalization: {}",
                "Flatten: {}",
            ],
            [(28, 28, 2)] * 4,
        ),
        (
            [
                "Reshape: {target_shape: [4, 7, 28, 1]}",
                "Conv3D: {filters: 2, kernel_size: 2}",
                "Flatten: {}",
            ],
            [(7, 4 * 28, 1), (6, 3 * 27, 2)],
        ),
        (
            [
                "Reshape: {target_shape: [2, 14, 28, 1]}",
                "ConvLSTM2D: {filters: 3, kernel_size: 3, return_sequences: true}",
                "Flatten: {}",
            ],
            [(14, 2 * 28, 1), (12, 2 * 26, 3)],
        ),
    ],
    ids=["flat input", "recurrent", "rows", "graph", "volumes", "sequences of maps"],
)
def test_features_of_any_network(
    layers: list[str], shapes: list[tuple[int, ...]], load_text: Load, digits: Dataset
) -> None:
    listed = "\n".join(f"  - {layer}" for layer in [*layers, "Dense: {units: 10}"])
    text = f"layers:\n{listed}\nloss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}"
    network = build_network(load_text(text), 10)
    features = layer_features(network, digits.test_images[0])
    assert [each.after.shape for each in features] == [*shapes, (10,)]
    outputs = [LayerOutput(*each) for each in features]
    assert render_figure(draw_features(digits.test_images[0], outputs, "any")).shape[2] == 3
