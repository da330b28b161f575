"""Whatever a config names is built and trains, or is an error with its place; nothing between."""

import re
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

from mnistcli.config import ConfigFile, keras_api, parse_config
from mnistcli.engine import TrainingLoop
from mnistcli.errors import ConfigError
from mnistcli.model import Network, build_network, summarize_model
from mnistcli.training.monitor import monitor_best

OUTPUT = "Flatten, {Dense: {units: 10, activation: softmax}}"
PLACES = {
    "layers": f"layers: [%s, {OUTPUT}]",
    "augmentation": f"layers: [{OUTPUT}]\naugment: [%s]",
    "optimizers": f"layers: [{OUTPUT}]\noptimizer: %s",
    "losses": f"layers: [{OUTPUT}]\nloss: %s",
    "metrics": f"layers: [{OUTPUT}]\nmetrics: [%s]",
    "initializers": "layers: [Flatten, {Dense: {units: 10, kernel_initializer: %s}}]",
    "regularizers": "layers: [Flatten, {Dense: {units: 10, kernel_regularizer: %s}}]",
    "constraints": "layers: [Flatten, {Dense: {units: 10, kernel_constraint: %s}}]",
    "optimizers.schedules": f"layers: [{OUTPUT}]\noptimizer: {{SGD: {{learning_rate: %s}}}}",
}
CLASSES = [
    (family, name)
    for family in PLACES
    for name in sorted(keras_api.classes(family))
    if family != "augmentation" or name.startswith("Random")
]
NONSENSE = [None, True, 0, -1, 0.5, 1e308, float("nan"), "", "abc", [], [1], ["a"], {"a": 1}]


def parse(text: str) -> ConfigFile:
    return parse_config(text, "c.yaml")


def build(text: str) -> Network:
    return build_network(parse(text), num_classes=10, total_steps=20)


def train(text: str) -> Network:
    """Three steps on random images."""
    network = build(text)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (8, 28, 28), np.uint8)
    TrainingLoop(network, images, random.integers(0, 10, 8), batch_size=4).run_steps(3)
    return network


def arguments_to_try(family: str, name: str) -> list[dict[str, Any]]:
    """None, all of them wrong, and one of them with a value that few arguments take."""
    signature = list(keras_api.describe_class(family, name).arguments.values())
    example = {"units": 10, "filters": 2, "kernel_size": 3, "rate": 0.5, "layer": "ReLU"}
    needed = {each.name: example.get(each.name, 2) for each in signature if each.is_required}
    tries: list[dict[str, Any]] = [{}, {each.name: "nonsense" for each in signature}]
    if signature:
        number = sum(map(ord, name))
        wrong = signature[number % len(signature)].name
        tries.append({**needed, wrong: NONSENSE[number % len(NONSENSE)]})
    return tries


@pytest.mark.filterwarnings("ignore")  # Keras' own, such as of a softmax over one value
@pytest.mark.parametrize(("family", "name"), CLASSES)
def test_a_class_is_built_or_an_error_with_its_place(
    family: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not family.startswith("optimizers"):  # a third of the time, for the same Adam
        monkeypatch.setattr("mnistcli.model.network.check_optimizer", lambda *_: None)
    for arguments in arguments_to_try(family, name):
        described = yaml.dump({name: arguments}, default_flow_style=True, width=10**6).strip()
        try:
            build(PLACES[family] % described)
        except ConfigError as error:
            assert re.match(r"c\.yaml:\d+:\d+: error: \S", str(error)), described


@pytest.mark.parametrize("first", ["ReLU", "ReLU: {inputs: input}"])
def test_more_layers_than_keras_can_follow_are_an_error(first: str) -> None:
    layers = f"{{{first}}}" if ":" in first else first
    with pytest.raises(
        ConfigError, match=r"^c\.yaml:1:9: error: Keras makes no model of these lay"
    ):
        build(f"layers: [{layers}, {'ReLU, ' * 1100} {OUTPUT}]")


def test_a_layer_that_returns_its_input_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^c\.yaml:1:10: error: Equalization gives its input it"):
        build(f"layers: [Equalization, {OUTPUT}]")


RATES = [
    (
        "CosineDecay",
        "initial_learning_rate: 0, warmup_target: 1, warmup_steps: 10%, decay_steps: 3",
    ),
    ("CosineDecayRestarts", "initial_learning_rate: 1, first_decay_steps: 20%, t_mul: 2, alpha: 0"),
    ("PiecewiseConstantDecay", "boundaries: [10%, 5], values: [1, 0.1, 0]"),
    ("PiecewiseConstantDecay", "boundaries: [1, 2], values: [1, 2, 3]"),
    ("ExponentialDecay", "initial_learning_rate: 1, decay_steps: 2, decay_rate: 1"),
    ("InverseTimeDecay", "initial_learning_rate: 1, decay_steps: 2, decay_rate: 1"),
    ("PolynomialDecay", "initial_learning_rate: 1, decay_steps: 2, end_learning_rate: 0, power: 1"),
]


@pytest.mark.parametrize(("schedule", "arguments"), RATES)
def test_schedules_take_whole_numbers(schedule: str, arguments: str) -> None:
    rate = f"{{{schedule}: {{{arguments}}}}}"
    optimizer = build(
        f"layers: [{OUTPUT}]\noptimizer: {{Adadelta: {{learning_rate: {rate}}}}}"
    ).optimizer

    @tf.function  # type: ignore[untyped-decorator]  # as within a step, where types must agree
    def rate_of_a_step() -> Any:
        return optimizer.learning_rate

    for step in range(4):
        optimizer.iterations.assign(step)
        assert 0 <= float(rate_of_a_step()) <= 3


@pytest.mark.parametrize("name", sorted(keras_api.classes("optimizers")))
def test_optimizers_take_whole_numbers(name: str) -> None:
    signature = keras_api.describe_class("optimizers", name).arguments.values()
    values = {"learning_rate_power": 0, "clipvalue": None, "global_clipnorm": None}
    rates: dict[str, Any] = {
        each.name: values.get(each.name, 1) for each in signature if each.is_real
    }
    if name == "LossScaleOptimizer":
        rates["inner_optimizer"] = "SGD"
    described = yaml.dump({name: rates}, default_flow_style=True, width=10**6)
    # A momentum of 1 is out of the range of some, and said to be.
    with np.errstate(all="ignore"):
        try:
            network = build(f"layers: [{OUTPUT}]\noptimizer: {described}")
        except ConfigError as error:
            assert "must be" in str(error) or "range" in str(error) or "between" in str(error)
        else:
            assert float(network.optimizer.learning_rate) in (1.0, np.float32(0.01))


def test_shares_are_of_the_whole_run_in_a_nested_optimizer_too() -> None:
    rate = "{PiecewiseConstantDecay: {boundaries: [10%], values: [1, 0]}}"
    inner = f"{{SGD: {{learning_rate: {rate}}}}}"
    text = f"layers: [{OUTPUT}]\noptimizer: {{LossScaleOptimizer: {{inner_optimizer: {inner}}}}}"
    assert float(build(text).optimizer.learning_rate) == 1.0
    assert float(train(text).optimizer.learning_rate) == 0.0  # 10 % of 20 steps are 2


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("{RMSprop: {momentum: null}}", "2:33: error: RMSprop: "),
        ("{SGD: {nesterov: true, clipnorm: [1]}}", "2:45: error: SGD: "),
        ("{SGD: {learning_rate: {CosineDecay: {initial_learning_rate: [1, 2], decay_steps: 5}}}}",
         "2:34: error: SGD: "),
        ("{Muon: {exclude_layers: [1]}}", "2:36: error: Muon: "),
    ],
)  # fmt: skip
def test_what_would_stop_the_first_step_is_told_before(optimizer: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^c.yaml:{message}"):
        build(f"layers: [{OUTPUT}]\noptimizer: {optimizer}")


GRAPH = """
layers:
  - Reshape: {target_shape: [28, 28]}
  - Dense: {units: 8, name: a}
  - Dense: {units: 8, name: b}
  - %s
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""


@pytest.mark.parametrize(
    "layer",
    [
        "MultiHeadAttention: {num_heads: 2, key_dim: 4, inputs: {query: b, value: b, key: a}}",
        "GroupQueryAttention: {head_dim: 4, num_query_heads: 2, num_key_value_heads: 1, "
        "inputs: {value: a, query: b}}",
        "AdditiveAttention: {inputs: [b, a, a]}",
    ],
)
def test_attention_is_connected_and_trains(layer: str) -> None:
    name = layer.partition(":")[0]
    before = [weights.numpy() for weights in build(GRAPH % layer).model.trainable_variables]
    network = train(GRAPH % layer)
    after = [weights.numpy() for weights in network.model.trainable_variables]
    changes = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    assert sum(changes) >= len(changes) - 1  # the bias of a key has no gradient
    assert isinstance(network.model.layers[-3], getattr(keras.layers, name))


def test_inputs_go_to_the_arguments_that_they_name() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (2, 28, 28, 1)).astype(np.float32)
    one, same, other = (
        build(GRAPH % f"MultiHeadAttention: {{num_heads: 2, key_dim: 4, inputs: {{{inputs}}}}}")
        .model(images)
        .numpy()
        for inputs in ("query: b, value: a", "value: a, query: b", "query: a, value: b")
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("inputs", ["", ", inputs: a", ", inputs: [a, b]", ", inputs: {query: a}"])
def test_a_layer_that_takes_layers_by_name_says_so(inputs: str) -> None:
    layer = f"MultiHeadAttention: {{num_heads: 2, key_dim: 4{inputs}}}"
    message = r"^c.yaml:6:5: error: MultiHeadAttention takes layers by name, 'inputs: {query: …, va"
    with pytest.raises(ConfigError, match=message):
        build(GRAPH % layer)


@pytest.mark.parametrize(
    ("settings", "column", "higher_is_better"),
    [
        ("val_loss", "val_loss", False),
        ("val_accuracy", "val_accuracy", True),
        ("{monitor: val_loss, mode: max}", "val_loss", True),
        ("{monitor: val_accuracy, mode: min}", "val_accuracy", False),
    ],
)
def test_a_mode_replaces_what_keras_knows(
    settings: str, column: str, higher_is_better: bool
) -> None:
    text = f"layers: [{OUTPUT}]\ncheckpoint: {{best: {settings}}}"
    monitor = monitor_best(parse(text).config, build(text))
    assert (monitor.column, monitor.higher_is_better) == (column, higher_is_better)


def test_a_layer_that_takes_layers_by_name_is_summarized() -> None:
    layer = "MultiHeadAttention: {num_heads: 2, key_dim: 4, inputs: {query: a, value: b}}"
    network = build(GRAPH % layer)
    summary = summarize_model(network.model, network.optimizer, batch_size=1)
    attention = summary.layers[-3]
    assert attention.inputs == ["a", "b"]
    # Queries, keys, values and the output: 8 to 8 numbers, a product and a sum each.
    assert attention.flops >= 4 * 28 * 8 * 8 * 2
