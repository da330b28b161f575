"""What a model is made of, against counts by hand."""

import pytest
from config_texts import Load

from mnistcli.model import ModelSummary, build_network, summarize_model

DENSE = "  - Dense: {units: 10, activation: softmax}\n"


def summarize(load_text: Load, text: str, batch_size: int = 32) -> ModelSummary:
    network = build_network(load_text(text), 10)
    return summarize_model(network.model, network.optimizer, batch_size)


def test_a_dense_and_a_convolution_are_counted(load_text: Load) -> None:
    text = (
        "layers:\n  - Conv2D: {filters: 6, kernel_size: 5}\n  - BatchNormalization\n"
        "  - Flatten\n  - Dense: {units: 10}\n"
        "loss: {SparseCategoricalCrossentropy: {from_logits: true}}\n"
    )
    summary = summarize(load_text, text)

    normalize, conv, _, flatten, dense = summary.layers
    shapes = [layer.output_shape for layer in summary.layers]
    assert shapes == ["(28, 28, 1)", "(24, 24, 6)", "(24, 24, 6)", "(3456,)", "(10,)"]
    assert [layer.inputs for layer in summary.layers] == [
        ["input"],
        ["normalize"],
        ["conv2d"],
        ["batch_normalization"],
        ["flatten"],
    ]
    # An output is the sum of as many products as the kernel has weights, and the bias.
    outputs = 24 * 24 * 6
    assert conv.flops == outputs * (2 * 5 * 5 * 1 + 1)
    assert dense.flops == 2 * 3456 * 10 + 10
    assert normalize.flops == 2 * 784
    assert flatten.flops == 0
    assert summary.flops == sum(layer.flops for layer in summary.layers)
    parameters = [layer.parameters for layer in summary.layers]
    assert parameters == [0, 5 * 5 * 6 + 6, 4 * 6, 0, 3456 * 10 + 10]
    assert summary.parameters == sum(parameters)
    assert summary.trainable_parameters == sum(parameters) - 2 * 6  # the moving statistics
    assert (summary.is_functional, summary.name) == (False, "small")


def test_memory_is_of_weights_gradients_optimizer_and_activations(load_text: Load) -> None:
    text = f"layers:\n{DENSE}optimizer: adam\n"
    summary = summarize(load_text, text, batch_size=3)

    parameters = 784 * 10 + 10
    assert summary.parameter_bytes == 4 * parameters
    # Adam keeps two moments of each weight, its step count (int64? no: int32 or int64) aside.
    activations = 3 * 4 * (784 + 784 + 10)
    beside = summary.training_bytes - 4 * 4 * parameters - activations
    assert 0 <= beside <= 16


def test_half_precision_halves_activations(load_text: Load) -> None:
    text = f"layers:\n  - Dense: {{units: 1000}}\n{DENSE}precision: "
    full = summarize(load_text, text + "float32\n", batch_size=10)
    half = summarize(load_text, text + "mixed_bfloat16\n", batch_size=10)

    # The added Flatten keeps float32, like the layer before it.
    assert full.training_bytes - half.training_bytes == 10 * 2 * 1000
    assert full.parameter_bytes == half.parameter_bytes


# One step: what is multiplied, and what is not (activations and gates) as the profiler counts it.
@pytest.mark.parametrize(
    ("layers", "steps", "features"),
    [
        ("{Reshape: {target_shape: [28, 28]}}", 28, 28),
        ("{Reshape: {target_shape: [56, 14]}}", 56, 14),
        ("{Reshape: {target_shape: [28, 28]}}, Masking", 28, 28),
    ],
)
def test_every_step_of_a_recurrent_layer_counts(
    layers: str, steps: int, features: int, load_text: Load
) -> None:
    recurrent = "{SimpleRNN: {units: 4, name: r}}, {Dense: {units: 10, activation: softmax}}"
    summary = summarize(load_text, f"layers: [{layers}, {recurrent}]")
    (flops,) = (layer.flops for layer in summary.layers if layer.name == "r")
    products = 2 * 4 * (features + 4)
    assert steps * products <= flops <= steps * (products + 4 * 4)


@pytest.mark.parametrize(
    "layer",
    [
        "{Dense: {units: 20}}, {Embedding: {input_dim: 256, output_dim: 2, mask_zero: true}}, "
        "{LSTM: {units: 2}}",
        "{Reshape: {target_shape: [28, 28], name: a}}, {Attention: {inputs: [a, a]}}, Flatten",
        "{Reshape: {target_shape: [28, 28]}}, {Masking: {name: a}}, {GRU: {units: 2, name: b}}, "
        "{LSTM: {units: 2, inputs: a, name: c}}, {Add: {inputs: [b, c]}}",
    ],
)
def test_masks_and_repeated_inputs_are_summarized(layer: str, load_text: Load) -> None:
    text = f"layers: [Flatten, {layer}, {{Dense: {{units: 10, activation: softmax}}}}]"
    summary = summarize(load_text, text)
    names = {each.name for each in summary.layers} | {"input"}
    assert all(names.issuperset(each.inputs) for each in summary.layers)
    assert summary.flops == sum(each.flops for each in summary.layers) > 0


def test_connections_of_a_functional_graph(load_text: Load) -> None:
    text = (
        "layers:\n  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: a}\n"
        "  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: b}\n"
        "  - Add: {inputs: [a, b]}\n  - Flatten\n" + DENSE
    )
    summary = summarize(load_text, text)

    assert summary.is_functional
    connections = {layer.name: layer.inputs for layer in summary.layers}
    assert connections == {
        "input": [],
        "normalize": ["input"],
        "a": ["normalize"],
        "b": ["a"],
        "add": ["a", "b"],
        "flatten": ["add"],
        "dense": ["flatten"],
    }
    flops = {layer.name: layer.flops for layer in summary.layers}
    assert (flops["input"], flops["add"]) == (0, 28 * 28 * 4)
