"""A config file and its `--set` options -> a checked config, or every error with its place."""

import random
import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mnistcli.config import (
    Config,
    ConfigFile,
    KerasObject,
    dump_config,
    load_config,
    resolve_shares,
)
from mnistcli.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"
LAYERS = "layers: [Flatten, {Dense: {units: 10, activation: softmax}}]\n"

Load = Callable[..., ConfigFile]
ErrorsOf = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a config from its text, with overrides."""

    def load_text(text: str, *overrides: str) -> ConfigFile:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, overrides)

    return load_text


@pytest.fixture
def errors_of(load: Load, tmp_path: Path) -> ErrorsOf:
    """The lines of the errors of a config, with the file's folder left out."""

    def load_wrong(text: str, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load(text, *overrides)
        return str(error.value).replace(f"{tmp_path}/", "").split("\n")

    return load_wrong


# What a good config means.


def test_a_few_lines_are_a_config(load: Load) -> None:
    config = load("layers: [Flatten, {Dense: {units: 10}}]").config
    assert [layer.name for layer in config.layers] == ["Flatten", "Dense"]
    assert config.layers[1].arguments["units"] == 10
    assert (config.name, config.optimizer.name, config.epochs) == ("c", "Adam", 5)
    assert config.data.dataset == "mnist"
    assert config.early_stopping is None


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_load_fast_and_are_named_by_their_file(path: Path) -> None:
    started = time.perf_counter()
    assert load_config(path).config.name == path.stem
    assert time.perf_counter() - started < 0.4  # a config error shows within 0.5 s


@pytest.mark.parametrize(
    ("text", "learning_rate"),
    [("1e-3", 1e-3), ("5E-2", 5e-2), ("1", 1), (".5", 0.5)],
)
def test_exponents_are_numbers(load: Load, text: str, learning_rate: float) -> None:
    optimizer = load(f"{LAYERS}optimizer: {{Adam: {{learning_rate: {text}}}}}").config.optimizer
    assert optimizer.arguments["learning_rate"] == learning_rate


@pytest.mark.parametrize("word", ["no", "on", "off", "yes", "y", "1_000", "12:30"])
def test_words_of_yaml_1_1_stay_words(load: Load, word: str) -> None:
    assert load(f"{LAYERS}data: {{dataset: {word}}}").config.data.dataset == word


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("adam", "Adam"),
        ("Adam", "Adam"),
        ("sgd", "SGD"),
        ("SGD", "SGD"),
        ("rmsprop", "RMSprop"),
        ("{adam_w: {weight_decay: 0.01}}", "AdamW"),
        ("{Adam: }", "Adam"),
    ],
)
def test_optimizers_go_by_the_names_that_keras_knows(load: Load, given: str, meant: str) -> None:
    assert load(f"{LAYERS}optimizer: {given}").config.optimizer.name == meant


def test_losses_and_metrics_go_by_their_abbreviations(load: Load) -> None:
    config = load(f"{LAYERS}loss: mse\nmetrics: [acc, mae, MSE]").config
    assert config.loss.name == "MeanSquaredError"
    assert list(map(str, config.metrics)) == ["accuracy", "MeanAbsoluteError", "MeanSquaredError"]
    columns = ["loss", "accuracy", "mean_absolute_error", "mean_squared_error"]
    assert config.metric_names() == columns


def test_objects_nest(load: Load) -> None:
    layers = load("""
layers:
  - Bidirectional: {layer: {LSTM: {units: 3, kernel_regularizer: {L2: {l2: 1e-4}}}}}
  - RNN: {cell: [{LSTMCell: {units: 3}}, {GRUCell: {units: 4}}]}
  - Dense: {units: 3, kernel_initializer: he_normal, kernel_constraint: null}
""").config.layers
    inner = layers[0].arguments["layer"]
    assert (inner.family, inner.name, inner.arguments["units"]) == ("layers", "LSTM", 3)
    assert inner.arguments["kernel_regularizer"] == KerasObject("regularizers", "L2", {"l2": 1e-4})
    assert [cell.name for cell in layers[1].arguments["cell"]] == ["LSTMCell", "GRUCell"]
    assert layers[2].arguments["kernel_initializer"].name == "HeNormal"
    assert layers[2].arguments["kernel_constraint"] is None


def test_shares_of_the_run_become_steps(load: Load) -> None:
    schedule = load(f"""{LAYERS}
optimizer:
  SGD:
    learning_rate:
      PiecewiseConstantDecay: {{boundaries: [50%, 900, 99.95%], values: [1, 0.1, 0.01, 0.001]}}
""").config.optimizer.arguments["learning_rate"]
    resolved = resolve_shares(schedule, total_steps=1000)
    assert resolved.arguments["boundaries"] == [500, 900, 1000]
    assert resolved.arguments["values"] == [1, 0.1, 0.01, 0.001]
    assert resolve_shares(schedule, total_steps=1).arguments["boundaries"] == [1, 900, 1]


def test_graphs_are_made_of_names_and_inputs(load: Load) -> None:
    layers = load("""
layers:
  - Conv2D: {filters: 4, kernel_size: 3, name: a}
  - Conv2D: {filters: 4, kernel_size: 3, name: b, inputs: input}
  - Add: {inputs: [a, b]}
""").config.layers
    assert [layer.inputs for layer in layers] == [None, ("input",), ("a", "b")]
    assert "inputs" not in layers[2].arguments


def test_sections_whose_lines_are_commented_out_have_their_defaults(load: Load) -> None:
    empty = "data:\ncheckpoint:\naugment:\nearly_stopping:\n"
    assert load(LAYERS + empty).config == load(LAYERS).config


def test_aliases_repeat_what_they_stand_for(load: Load) -> None:
    config = load("layers: [&d {Dense: {units: 5}}, *d]").config
    assert config.layers[0] == config.layers[1]
    other = load("layers: [&d {Dense: {units: 5}}, *d]", "layers.1.Dense.units=6").config
    assert [layer.arguments["units"] for layer in other.layers] == [5, 6]


# What is wrong, and where.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 0", "2:9: error: epochs: expected at least 1, got 0"),
        ("epochs: ten", "2:9: error: epochs: expected a whole number, got 'ten'"),
        ("epochs: '10'", "2:9: error: epochs: expected a whole number, got '10'"),
        ("epochs: 1.5", "2:9: error: epochs: expected a whole number, got 1.5"),
        ("epochs: true", "2:9: error: epochs: expected a whole number, got true"),
        ("epochs: .nan", "2:9: error: epochs: expected a whole number, got nan"),
        ("epochs:", "2:8: error: epochs: expected a whole number, got nothing"),
        ("epochs: [1]", "2:9: error: epochs: expected a whole number, got [1]"),
        ("epochs: {a: 1}", "2:9: error: epochs: expected a whole number, got a mapping"),
        ("seed: -1", "2:7: error: seed: expected at least 0, got -1"),
        (f"seed: {2**31}", "2:7: error: seed: expected at most 2147483647, got 2147483648"),
        ("batch_size: 70000", "2:13: error: batch_size: expected at most 60000, got 70000"),
        (
            "data: {validation: 60000}",
            "2:20: error: data.validation: expected fewer than the 60,000 training images of "
            "mnist, got 60000",
        ),
        (
            "data: {dataset: digits, validation: 1438}",
            "2:37: error: data.validation: expected fewer than the 1,438 training images of "
            "digits, got 1438",
        ),
        (
            "batch_size: 56000\ndata: {validation: 5000}",
            "2:13: error: batch_size: expected at most 55,000, the images left to train on, "
            "got 56000",
        ),
        (
            "data: {validation: 1.0}",
            "2:20: error: data.validation: expected a number of images, a share between 0 and 1, "
            "or 'test', got 1.0",
        ),
        (
            "data: {normalize: zero}",
            "2:19: error: data.normalize: expected 'unit', 'centered' or 'standard', got 'zero'",
        ),
        ("data: {dataset: ''}", "2:17: error: data.dataset: expected some text, got ''"),
        ("data: [mnist]", "2:7: error: data: expected a mapping, got ['mnist']"),
        (
            "early_stopping: {min_delta: .inf}",
            "2:29: error: early_stopping.min_delta: expected a finite number, got inf",
        ),
        ("early_stopping: yes", "2:17: error: early_stopping: expected a mapping, got 'yes'"),
        ("threads: 0", "2:10: error: threads: expected 'auto' or a number from 1 to 1024, got 0"),
        (
            "precision: float64",
            "2:12: error: precision: expected 'float32', 'mixed_bfloat16' or 'mixed_float16', "
            "got 'float64'",
        ),
        (
            "name: a/b",
            "2:7: error: name: expected up to 64 of A-Z, a-z, 0-9, '.', '_' and '-', a letter or "
            "digit first, got 'a/b'",
        ),
        ("metrics:", "2:9: error: metrics: expected a list, got nothing"),
        ("batchsize: 3", "2:1: error: unknown key 'batchsize'; did you mean 'batch_size'?"),
        (
            "early_stopping: {patiense: 2}",
            "2:18: error: unknown key 'patiense'; did you mean 'patience'?",
        ),
        (
            "checkpoint: {zzz: 2}",
            "2:14: error: unknown key 'zzz'; expected one of every_epochs, keep, best",
        ),
        ("'a\\b\u202e': 1", r"2:1: error: unknown key 'a\b\u202e'; expected one of name, layers,"),
        ("seed: 1\nseed: 2", "3:1: error: duplicate key 'seed'; it is already on line 2"),
        (
            "checkpoint: {best: val_acc}",
            "2:20: error: unknown metric 'val_acc'; did you mean 'val_accuracy'?",
        ),
        (
            "metrics: [MeanSquaredError]\nearly_stopping: {monitor: val_mse}",
            "3:27: error: unknown metric 'val_mse'; ",
        ),
        (
            "metrics: [mse, {MeanAbsoluteError: {name: epoch}}]",
            "2:43: error: the column 'epoch' of metrics.jsonl is taken; give MeanAbsoluteError a "
            "'name' of its own",
        ),
        ("metrics: [mse, MeanSquaredError]", "2:16: error: the column 'mean_squared_error' of"),
        ("metrics: [Accuracy]", "2:11: error: the column 'accuracy' of metrics.jsonl is taken;"),
        (
            "metrics: [{MeanSquaredError: {name: [a]}}]",
            "2:37: error: MeanSquaredError's argument 'name' expects text, got ['a']",
        ),
        ("optimizer: addam", "2:12: error: unknown optimizer 'addam'; did you mean 'Adam'?"),
        (
            "optimizer: zzz",
            "2:12: error: unknown optimizer 'zzz'; expected one of keras.optimizers",
        ),
        (
            "optimizer: {Adam: {lerning_rate: 1}}",
            "2:20: error: Adam has no argument 'lerning_rate'; did you mean 'learning_rate'?",
        ),
        (
            "optimizer: {Adam: {learning_rate: '0.1'}}",
            "2:35: error: unknown learning-rate schedule '0.1'; expected a number, or one of "
            "keras.optimizers.schedules",
        ),
        (
            "optimizer: {Adam: {learning_rate: {CosineDecay: {decay_steps: 120%}}}}",
            "2:36: error: CosineDecay needs 'initial_learning_rate'",
        ),
        (
            "optimizer:\n  Adam:\n  learning_rate: 0.1",
            "4:3: error: expected one optimizer, as 'Name' or 'Name: {…}', got several keys "
            "(Adam, learning_rate)",
        ),
        ("optimizer:", "2:11: error: expected one optimizer, as 'Name' or 'Name: {…}', got noth"),
        ("loss: [mse]", "2:7: error: expected one loss, as 'Name' or 'Name: {…}', got ['mse']"),
        (
            "loss: sparse_crossentropy",
            "2:7: error: unknown loss 'sparse_crossentropy'; did you mean "
            "'SparseCategoricalCrossentropy'?",
        ),
        (
            "loss: {mse: {reduction: 3}}",
            "2:25: error: MeanSquaredError's argument 'reduction' expects",
        ),
        ("augment: [{RandomFlip: {mod: a}}]", "2:25: error: RandomFlip has no argument 'mod'; did"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(errors_of: ErrorsOf, text: str, message: str) -> None:
    assert errors_of(LAYERS + text)[0].startswith(f"c.yaml:{message}")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("Conv2d", "1:10: error: unknown layer 'Conv2d'; did you mean 'Conv2D'?"),
        ("Conv2d: {filters: 3}", "1:11: error: unknown layer 'Conv2d'; did you mean 'Conv2D'?"),
        ("Qwerty", "1:10: error: unknown layer 'Qwerty'; expected one of keras.layers"),
        ("Dense", "1:10: error: Dense needs 'units'"),
        ("Conv2D: {filters: 3}", "1:11: error: Conv2D needs 'kernel_size'"),
        ("Conv2D", "1:10: error: Conv2D needs 'filters' and 'kernel_size'"),
        ("Dense: {units: ten}", "1:26: error: Dense's argument 'units' expects a whole number, g"),
        ("Dense: {units: 1.5}", "1:26: error: Dense's argument 'units' expects a whole number, g"),
        ("Dense: {units: {}}", "1:26: error: Dense's argument 'units' expects a whole number, got"),
        (
            "Dropout: {rate: '0.5'}",
            "1:27: error: Dropout's argument 'rate' expects a number, got '",
        ),
        (
            "Dense: {units: 3, use_bias: no}",
            "1:39: error: Dense's argument 'use_bias' expects true",
        ),
        (
            "Dense: {units: 3, actvation: relu}",
            "1:29: error: Dense has no argument 'actvation'; did",
        ),
        ("Dense: {unit: 3}", "1:19: error: Dense has no argument 'unit'; did you mean 'units'?"),
        ("Dense: 3", "1:18: error: Dense expects its arguments as {units: …}, got 3"),
        (
            "Activation: {activation: rellu}",
            "1:36: error: unknown activation 'rellu'; did you mean 'relu'?",
        ),
        ("Activation: {activation: [relu]}", "1:36: error: unknown activation ['relu']; "),
        ("Activation: {activation: {ReLU: }}", "1:36: error: unknown activation a mapping; exp"),
        ("5", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got 5"),
        ("null", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got nothing"),
        ("{}", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got nothing"),
        ("[Flatten]", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got ['Flatten']"),
        (
            "Lambda: {function: x}",
            "1:11: error: Lambda runs code or a file from outside the config",
        ),
        ("TFSMLayer: {filepath: /x}", "1:11: error: TFSMLayer runs code or a file from outside"),
        ("TimeDistributed: {layer: {Lambda: {function: x}}}", "1:37: error: Lambda runs code or"),
        ("TimeDistributed: {layer: {Dense: {unit: 1}}}", "1:45: error: Dense has no argument 'uni"),
        (
            "RNN: {cell: [{GRUCel: }]}",
            "1:25: error: unknown layer 'GRUCel'; did you mean 'GRUCell'",
        ),
        (
            "TimeDistributed: {layer: {Dense: {units: 1, inputs: a}}}",
            "1:55: error: Dense has no argument 'inputs'; ",
        ),
        (
            "Dense: {units: 3, kernel_regularizer: L3}",
            "1:49: error: unknown regularizer 'L3'; expected one of keras.reg",
        ),
        (
            "Dense: {units: 3, kernel_initializer: {Constant: 3}}",
            "1:60: error: Constant expects its arguments as {value: …}, got 3",
        ),
        ("Flatten: {name: a b}", "1:27: error: Flatten's name: expected up to 64 of A-Z, a-z, 0-9"),
        ("Flatten: {name: input}", "1:27: error: a layer before this is already named 'input'"),
        (
            "Add: {inputs: [input, inptu]}",
            "1:33: error: no layer before this is named 'inptu'; did",
        ),
        ("Add: {inputs: {a: b}}", "1:25: error: inputs expects names of layers, [a, b], got a map"),
        ("Add: {inputs: }", "1:25: error: inputs expects names of layers, [a, b], got nothing"),
    ],
)
def test_a_wrong_layer_is_told_with_its_place(
    errors_of: ErrorsOf, layer: str, message: str
) -> None:
    in_list = f"{{{layer}}}" if ": " in layer else layer
    assert errors_of(f"layers: [{in_list}]")[0].startswith(f"c.yaml:{message}")


@pytest.mark.parametrize("steps", ["120%", "0%", "5 %", "-3", "many", "true", ".inf", "[[x]]"])
def test_a_number_of_steps_is_a_count_or_a_share(errors_of: ErrorsOf, steps: str) -> None:
    schedule = f"CosineDecay: {{initial_learning_rate: 1, decay_steps: {steps}}}"
    [line, _] = errors_of(f"{LAYERS}optimizer: {{Adam: {{learning_rate: {{{schedule}}}}}}}")
    assert line.startswith("c.yaml:2:")
    assert (
        "CosineDecay's argument 'decay_steps' expects a number of steps, or a share of the run "
        "up to 100%, got " in line
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 3", "1:1: error: 'layers' is missing; it is the one key that has no default"),
        ("{}", "1:1: error: 'layers' is missing; it is the one key that has no default"),
        ("layers:", "1:8: error: layers: expected a list, got nothing"),
        ("layers: null", "1:9: error: layers: expected a list, got nothing"),
        ("layers: []", "1:9: error: layers: expected at least one, got []"),
        ("layers: {Dense: {units: 1}}", "1:9: error: layers: expected a list, got a mapping"),
        ("layers: Dense", "1:9: error: layers: expected a list, got 'Dense'"),
        ("# all of it:\n- Dense", "2:1: error: expected a mapping, 'layers: […]', got ['Dense']"),
        ("Dense", "1:1: error: expected a mapping, 'layers: […]', got 'Dense'"),
    ],
)
def test_a_config_without_layers_is_refused(errors_of: ErrorsOf, text: str, message: str) -> None:
    assert errors_of(text) == [f"c.yaml:{message}", "1 error in c.yaml"]


def test_all_errors_are_told_at_once_in_the_order_of_the_file(errors_of: ErrorsOf) -> None:
    assert errors_of("""\
epochs: 0
layers:
  - Conv2D: {filter: 32, kernel_size: three}
  - Dens: {units: 10}
loss: mse
loss: mae
data: {dataset: mnist, validate: 5000}
optimizer: {Adam: {learning_rate: {CosineDecay: {}}}}
batchsize: 3
""") == [
        "c.yaml:1:9: error: epochs: expected at least 1, got 0",
        "c.yaml:3:14: error: Conv2D has no argument 'filter'; did you mean 'filters'?",
        "c.yaml:3:39: error: Conv2D's argument 'kernel_size' expects a list or a whole number, "
        "got 'three'",
        "c.yaml:4:5: error: unknown layer 'Dens'; did you mean 'Dense'?",
        "c.yaml:6:1: error: duplicate key 'loss'; it is already on line 5",
        "c.yaml:7:24: error: unknown key 'validate'; did you mean 'validation'?",
        "c.yaml:8:36: error: CosineDecay needs 'initial_learning_rate' and 'decay_steps'",
        "c.yaml:9:1: error: unknown key 'batchsize'; did you mean 'batch_size'?",
        "8 errors in c.yaml",
    ]


# Files that are no config.


def test_a_missing_file_is_told_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "lenet5.yaml").touch()
    for wrong, hint in [
        ("lenet.yaml", r"; did you mean 'lenet5\.yaml'\?$"),
        ("x/y.yaml", "y.yaml$"),
    ]:
        with pytest.raises(ConfigError, match=f"^there is no config file .*{hint}"):
            load_config(tmp_path / wrong)


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder\n  expected a YAML file$"):
        load_config(tmp_path)


def test_a_path_through_a_file_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ConfigError, match=r"^cannot read .*: Not a directory$"):
        load_config(tmp_path / "a" / "b.yaml")


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "null"])
def test_an_empty_file_is_told(errors_of: ErrorsOf, text: str) -> None:
    assert errors_of(text) == [
        "c.yaml: error: the file is empty",
        "  expected at least 'layers:' and one layer",
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"layers: [Flatten]\nname: caf\xe9\n", "2:10"),
        ("layers: [Flatten]".encode("utf-16"), "1:1"),
        (b"\x89PNG\r\n\x1a\n", "1:1"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, content: bytes, place: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f":{place}: error: not UTF-8 text\n  save the file as"):
        load_config(path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbflayers:\r\n  - Flatten\r\nseed: 3\r\n")
    assert load_config(path).config.seed == 3
    path.write_bytes(b"\xef\xbb\xbfseeds: 3\r\nlayers:\r\n  - Flatte\r\n")
    with pytest.raises(
        ConfigError, match=r":1:1: error: unknown key[^\n]*\n.*:3:5: error: unknown"
    ):
        load_config(path)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LAYERS + "# a comment\n" * (2 * 1024 * 1024 // 12))
    with pytest.raises(ConfigError, match="is larger than 1 MiB"):
        load_config(path)
    path.write_text(LAYERS + "#" * (1024 * 1024 - len(LAYERS)))
    assert load_config(path).config.epochs == 5


# --set


def test_options_replace_and_add_values(load: Load) -> None:
    config = load(
        f"{LAYERS}optimizer: adam\nloss: {{SparseCategoricalCrossentropy: {{}}}}\n",
        "optimizer.Adam.learning_rate=1e-2",
        "layers.1.Dense.units=7",
        "layers.0.Flatten.name=flat",
        "data.validation=0.2",
        "early_stopping={patience: 7}",
        "early_stopping.min_delta=0.5",
        "loss=mse",
        "name='5'",
        "epochs=3",
        "epochs=4",
    ).config
    assert config.optimizer.arguments["learning_rate"] == 0.01
    assert config.optimizer.arguments["beta_1"] == 0.9
    assert config.layers[1].arguments["units"] == 7
    assert config.layers[0].arguments["name"] == "flat"
    assert config.data.validation == 0.2
    assert config.early_stopping is not None
    assert (config.early_stopping.patience, config.early_stopping.min_delta) == (7, 0.5)
    assert (config.loss.name, config.name, config.epochs) == ("MeanSquaredError", "5", 4)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("epochs=0", "epochs: expected at least 1, got 0"),
        ("epochs=", "epochs: expected a whole number, got nothing"),
        ("epochs=3 # three", None),
        ("batchsize=3", "unknown key 'batchsize'; did you mean 'batch_size'?"),
        ("layers=[]", "layers: expected at least one, got []"),
        ("layers=", "layers: expected a list, got nothing"),
        ("layers.1.Dense.unit=3", "Dense has no argument 'unit'; did you mean 'units'?"),
        (
            "layers.1.Dense.units=x",
            "Dense's argument 'units' expects a whole number, got 'x'",
        ),
        ("layers.1=Dens", "unknown layer 'Dens'; did you mean 'Dense'?"),
        ("layers.1={Dense: {units: 3, unit: 4}}", "Dense has no argument 'unit'; did you mean"),
        ("layers.2=Flatten", "expected the number of an item, from 0 to 1; got '2'"),
        ("layers.-1=Flatten", "expected the number of an item, from 0 to 1; got '-1'"),
        ("layers.Dense.units=3", "expected the number of an item, from 0 to 1; got 'Dense'"),
        (f"layers.{'9' * 5000}=Flatten", "expected the number of an item, from 0 to 1; got '999"),
        ("layers.0.Dense.units=3", "'0' is 'Flatten', which has no 'Dense' inside"),
        ("seed.x=3", "'seed' is 4, which has no 'x' inside"),
        (
            "optimizer.SGD.momentum=0.9",
            "expected one optimizer, as 'Name' or 'Name: {…}', got several keys (Adam, SGD)",
        ),
        ("optimizer.Adam.learning_rate=ten", "unknown learning-rate schedule 'ten'; expected a"),
        ("data={validation: 1, validation: 2}", "duplicate key 'validation'; it is already there"),
        ("epochs", "expected KEY=VALUE, such as epochs=10 or optimizer.Adam.epsilon=1e-8"),
        ("=3", "expected KEY=VALUE, such as"),
        ("data..validation=3", "expected KEY=VALUE, such as"),
        ("name=[a", "not valid YAML: did not find expected ',' or ']'"),
        ("name=a: b: c", "not valid YAML: mapping values are not allowed in this context"),
        ("name=!!python/object:os.system x", "the tag '!!python/object:os.system' is not part of"),
        ("name=\udcff", r"not valid YAML: the character \udcff is not allowed; remove it"),
        ("name=\u00e9", "name: expected up to 64 of A-Z"),
    ],
)
def test_an_error_names_the_option(load: Load, option: str, message: str | None) -> None:
    text = f"{LAYERS}seed: 4\noptimizer: {{Adam: {{}}}}\n"
    if message is None:
        assert load(text, option).config.epochs == 3
        return
    with pytest.raises(ConfigError) as error:
        load(text, option)
    shown = option.replace("\udcff", r"\udcff")
    assert str(error.value).startswith(f"--set {shown}: error: {message}")


def test_an_option_mends_what_is_wrong_in_the_file(load: Load) -> None:
    assert load(f"{LAYERS}epochs: ten", "epochs=10").config.epochs == 10
    assert load("layers: [Dens]", "layers.0=Flatten").config.layers[0].name == "Flatten"
    assert load("epochs: 3", "layers=[Flatten]").config.epochs == 3


def test_errors_of_file_and_options_are_told_together(errors_of: ErrorsOf) -> None:
    lines = errors_of(f"{LAYERS}epochs: 0\n", "seed=-1", "optimizer.Adam.lr=3")
    assert lines == [
        "--set optimizer.Adam.lr=3: error: Adam has no argument 'lr'; it has learning_rate, "
        "beta_1, beta_2, epsilon, amsgrad, weight_decay, clipnorm, clipvalue, global_clipnorm, "
        "use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, "
        "gradient_accumulation_steps, name",
        "--set seed=-1: error: seed: expected at least 0, got -1",
        "c.yaml:2:9: error: epochs: expected at least 1, got 0",
        "3 errors in c.yaml",
    ]


# Whatever is in a file or an option gives a config or a ConfigError, never another exception.

_WORDS = [
    *Config.model_fields,
    *("Dense", "dense", "Conv2D", "LSTM", "Bidirectional", "RNN", "Lambda", "Adam", "L2", "Input"),
    *("CosineDecay", "PiecewiseConstantDecay", "accuracy", "MeanSquaredError", "mse", "Constant"),
    *("units", "filters", "kernel_size", "activation", "relu", "layer", "cell", "inputs", "input"),
    *("learning_rate", "decay_steps", "boundaries", "values", "kernel_regularizer", "value", "l2"),
    *("dataset", "validation", "normalize", "monitor", "patience", "best", "keep", "test", "auto"),
    *("name", "shape", "cropping", "Cropping2D", "50%", "1000%", "val_loss", "unit", "dtype", ""),
]
_SCALARS = [None, True, 0, -1, 1, 3, 28, 10**30, 0.5, 1e-3, -1e308, float("inf"), float("nan")]
_TEXTS = ["é☃", "a b", "no", "1e-3", "'", "a\nb", "\u2028", "<<", "x" * 300, "{", "&a", "0o7", "%"]


def _tree(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if depth < 6 and kind < 0.45:
        keys = rng.sample(_WORDS, rng.choice([1, 1, 1, 2, 3]))
        return {key: _tree(rng, depth + 1) for key in keys}
    if depth < 6 and kind < 0.6:
        return [_tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    return rng.choice([rng.choice(_WORDS), rng.choice(_SCALARS), rng.choice(_TEXTS)])


def _sections(rng: random.Random) -> str:
    """A config whose keys are real and whose values are anything."""
    keys = rng.sample(list(Config.model_fields), rng.randrange(1, 5))
    lists = {key: [_tree(rng, 1) for _ in range(3)] for key in ("layers", "metrics", "augment")}
    tree = {key: lists.get(key, _tree(rng, 1)) for key in ["layers", *keys]}
    return yaml.dump(tree, allow_unicode=True, default_flow_style=rng.choice([True, False, None]))


def _damaged(rng: random.Random) -> str:
    """A shipped config with a few characters, words or lines changed."""
    text = rng.choice(sorted(CONFIGS.glob("*.yaml"))).read_text(encoding="utf-8")
    for _ in range(rng.randrange(1, 4)):
        at, length = rng.randrange(len(text)), rng.choice([0, 1, 1, 5, 40])
        noise = rng.choice(
            [*string.punctuation, *_TEXTS, *_WORDS, "\t", "\n", "\0", ": ", "- ", "*"]
        )
        text = text[:at] + rng.choice(["", noise]) + text[at + length :]
    return text


def _option(rng: random.Random) -> str:
    parts = [rng.choice([*_WORDS, "0", "1", "-1", "9" * 99]) for _ in range(rng.randrange(1, 5))]
    value = yaml.dump(_tree(rng, 4), default_flow_style=True, allow_unicode=True)
    return rng.choice([f"{'.'.join(parts)}={value}", "=".join(parts), _damaged(rng)[:50]])


@pytest.mark.parametrize("make", [_sections, _damaged], ids=["values", "damage"])
def test_any_input_gives_a_config_or_a_clean_error(
    make: Callable[[random.Random], str], load: Load
) -> None:
    rng = random.Random(0)
    outcomes = {"config": 0, "error": 0}
    for _ in range(400):
        text = make(rng)
        options = [_option(rng) for _ in range(rng.choice([0, 0, 1, 2]))]
        try:
            config = load(text, *options).config
        except ConfigError as error:
            outcomes["error"] += 1
            lines = str(error).split("\n")
            assert all(line.isprintable() for line in lines)
            assert "error: " in lines[0]
            # Nothing of pydantic's or Python's own shows through.
            assert "KerasObject(" not in str(error) and "_type" not in str(error)
            continue
        outcomes["config"] += 1
        assert load(dump_config(config)).config.model_dump().__repr__() == (
            config.model_dump().__repr__()  # as text, since not-a-number equals nothing
        )
    assert outcomes["error"] > 100
    assert make is _sections or outcomes["config"] > 20
