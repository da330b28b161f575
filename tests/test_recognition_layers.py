"""What LiteRT's tensors say of a network's layers and units, against Keras."""

import hashlib
from collections.abc import Callable

import keras
import msgspec
import numpy as np
import pytest
from config_texts import Load
from numpy.typing import NDArray

from mnistcli.artifacts.formats.litert import export_litert
from mnistcli.data import Dataset
from mnistcli.model import build_network, describe_layers
from mnistcli.recognition.layers import Layer, LayerReader
from mnistcli.recognition.units import Unit, explain_unit
from mnistcli.runs import Artifact, RunDirectory, builtin_run

# The kinds of layers in the shipped configs, and some that LiteRT computes in ways of their own.
LAYERS = """
layers:
  - Conv2D: {filters: 4, kernel_size: 5, strides: 2, padding: same, use_bias: false}
  - BatchNormalization
  - ReLU: {name: stem}
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, groups: 2, activation: tanh, name: wide}
  - DepthwiseConv2D: {kernel_size: 3, padding: same, depth_multiplier: 2, name: deep}
  - BatchNormalization: {name: block}
  - Conv2D: {inputs: stem, filters: 16, kernel_size: 1, name: shortcut}
  - Add: {inputs: [block, shortcut], name: both}
  - ReLU: {name: sum}
  - MaxPooling2D: {pool_size: 3, strides: 2, padding: same, name: largest}
  - Conv2D: {filters: 6, kernel_size: 3, dilation_rate: 2, name: far}
  - AveragePooling2D: {pool_size: 2, strides: 1, padding: same, name: mean}
  - GroupNormalization: {groups: 2, name: grouped}
  - Dropout: {rate: 0.5}
  - Flatten
  - Dense: {units: 12, activation: gelu, name: hidden}
  - Dense: {units: 10, activation: softmax, name: answer}
data: {dataset: digits, normalize: standard}
"""
Outputs = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def run(
    load_text: Load, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunDirectory, keras.Model]:
    """A network that was not trained, and a run directory with its LiteRT file and its record."""
    network = build_network(load_text(LAYERS), 10, scale=0.01, offset=-0.4)
    random = np.random.default_rng(0)
    for layer in network.model.layers:  # statistics that do something
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights(
                [random.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()]
            )
    images = random.integers(0, 256, (4, 28, 28)).astype(np.uint8)
    content = export_litert(network, images)
    directory = RunDirectory(tmp_path_factory.mktemp("layers"))
    directory.lite_model.write_bytes(content)
    artifacts = {"model.tflite": Artifact(sha256=hashlib.sha256(content).hexdigest())}
    record, layers = builtin_run().read_record(), describe_layers(network.model)
    directory.write_record(msgspec.structs.replace(record, layers=layers, artifacts=artifacts))
    return directory, network.model


@pytest.fixture(scope="module")
def outputs(run: tuple[RunDirectory, keras.Model], digits: Dataset) -> Outputs:
    """The output of each layer in Keras for the first test image."""
    _, model = run
    parts = keras.Model(model.inputs, [layer.output for layer in model.layers])
    pixels = digits.test_images[:1, ..., np.newaxis].astype(np.float32)
    values = parts([pixels], training=False)
    return {
        layer.name: keras.ops.convert_to_numpy(each)[0]
        for layer, each in zip(model.layers, values, strict=True)
    }


@pytest.fixture
def reader(run: tuple[RunDirectory, keras.Model], digits: Dataset) -> LayerReader:
    reader = LayerReader(run[0])
    reader.set_image(digits.test_images[0])
    return reader


def test_each_layer_is_what_it_is_in_keras(reader: LayerReader, outputs: Outputs) -> None:
    names = [layer.names for layer in reader.layers]
    assert names[:2] == [("normalize",), ("conv2d", "batch_normalization", "stem")]
    last = [each[-1] for each in names]
    order = [
        "stem",
        "wide",
        "block",
        "shortcut",
        "sum",
        "largest",
        "far",
        "mean",
        "hidden",
        "answer",
    ]
    assert [name for name in last if name in order] == order
    for layer in reader.layers:
        assert layer.shape == outputs[layer.names[-1]].shape
        assert np.allclose(reader.values(layer.output), outputs[layer.names[-1]], atol=1e-4)
    assert {"dropout", "flatten", "grouped"} <= set(reader.without_output)
    assert reader.layers[1].kinds == ("Conv2D", "BatchNormalization", "ReLU")


def test_a_unit_is_computed_from_its_patch_and_weights(reader: LayerReader) -> None:
    functions: dict[str, Callable[[float], float]] = {
        "stem": lambda total: max(total, 0),
        "wide": np.tanh,
        "shortcut": lambda total: total,
    }
    random = np.random.default_rng(0)
    kinds = {}
    first, *layers = reader.layers
    assert explain_unit(reader, first, (3, 4, 0)) == Unit(
        float(reader.values(first.output)[3, 4, 0]), (3, 4, 4, 5), "pixel"
    )
    for layer in layers:
        name = layer.names[-1]
        corners = [tuple(0 for _ in layer.shape), tuple(size - 1 for size in layer.shape)]
        others = [tuple(random.integers(0, layer.shape).tolist()) for _ in range(20)]
        for index in corners + others:
            unit = explain_unit(reader, layer, index)
            kinds[name] = unit.kind
            assert unit.value == reader.values(layer.output)[index]
            check_unit(unit)
            if name in functions:
                assert unit.total is not None
                assert functions[name](unit.total) == pytest.approx(unit.value, abs=1e-3)
    assert kinds == dict.fromkeys(kinds, "weights") | {
        "largest": "largest",
        "mean": "mean",
        "sum": "sum",
        "far": "other",  # several operations in LiteRT
    }


def check_unit(unit: Unit) -> None:
    if unit.kind == "other":
        assert unit.patch is None
        return
    assert unit.patch is not None
    if unit.kind == "weights":
        assert unit.weights is not None
        assert unit.total == pytest.approx(float((unit.patch * unit.weights).sum()) + unit.bias)
    else:
        combine: dict[str, Callable[[NDArray[np.float32]], float]] = {
            "largest": np.max,
            "mean": np.mean,
            "sum": lambda terms: max(terms.sum(), 0),
        }
        assert combine[unit.kind](unit.patch) == pytest.approx(unit.value, abs=1e-4)


def test_a_unit_depends_on_its_window_alone(reader: LayerReader, digits: Dataset) -> None:
    image = digits.test_images[0]
    random = np.random.default_rng(0)
    index = (2, 1, 0)
    for layer in reader.layers:
        if len(layer.shape) != 3:
            continue
        top, left, bottom, right = explain_unit(reader, layer, index).window
        inside = np.zeros((28, 28), bool)
        inside[top:bottom, left:right] = True
        noise = random.integers(0, 256, (28, 28)).astype(np.uint8)
        values = {
            "outside": np.where(inside, image, noise),
            "inside": np.where(inside, noise, image),
        }
        before = reader.values(layer.output)[index]
        after = {}
        for name, changed in values.items():
            reader.set_image(changed)
            after[name] = reader.values(layer.output)[index]
        reader.set_image(image)
        assert after["outside"] == before
        assert after["inside"] != before or before == 0


def test_older_runs_have_no_record_of_their_layers(
    run: tuple[RunDirectory, keras.Model], reader: LayerReader
) -> None:
    directory, _ = run
    record = directory.read_record()
    try:
        directory.write_record(msgspec.structs.replace(record, layers=[]))
        older = LayerReader(directory)
    finally:
        directory.write_record(record)

    def described(layer: Layer) -> tuple[object, ...]:
        return layer.names[-1], layer.output, layer.shape

    assert set(map(described, reader.layers)) <= set(map(described, older.layers))
