"""A config file -> a checked config."""

from pathlib import Path

import pytest
from config_texts import LAYERS, ErrorsOf, Load

from mnistcli.config import (
    Best,
    KerasObject,
    dump_config,
    find_training_changes,
    load_config,
    parse_config,
    resolve_shares,
)
from mnistcli.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"


# What a good config means.


def test_a_few_lines_are_a_config(load: Load) -> None:
    config = load("layers: [Flatten, {Dense: {units: 10}}]").config
    assert [layer.name for layer in config.layers] == ["Flatten", "Dense"]
    assert config.layers[1].arguments["units"] == 10
    assert (config.name, config.optimizer.name, config.epochs) == ("c", "Adam", 5)
    assert config.data.dataset == "mnist"
    assert config.early_stopping is None


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_named_by_their_file(path: Path) -> None:
    assert load_config(path).config.name == path.stem


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


def test_shares_are_resolved_wherever_they_stand(load: Load) -> None:
    optimizer = load(f"""{LAYERS}
optimizer:
  LossScaleOptimizer:
    inner_optimizer:
      SGD: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 1, decay_steps: 75%}}}}}}
""").config.optimizer
    inner = resolve_shares(optimizer, total_steps=1000).arguments["inner_optimizer"]
    assert inner.arguments["learning_rate"].arguments["decay_steps"] == 750
    assert inner.path == optimizer.arguments["inner_optimizer"].path


def test_shares_of_a_nested_optimizer_are_of_the_epochs(load: Load) -> None:
    text = f"""{LAYERS}
optimizer:
  LossScaleOptimizer:
    inner_optimizer:
      SGD: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 1, decay_steps: 75%}}}}}}
"""
    key = "inner_optimizer.SGD.learning_rate.CosineDecay.decay_steps"
    assert find_training_changes(load(text).config, load(text, "epochs=7").config) == [
        f"optimizer.LossScaleOptimizer.{key}: a share of 5 epochs -> of 7 epochs"
    ]


def test_whole_numbers_are_real_where_keras_documents_real_ones(load: Load) -> None:
    config = load(f"""{LAYERS}
augment: [{{RandomElasticDistortion: {{alpha: 34, sigma: 4}}}}]
optimizer:
  Adam:
    clipnorm: 1
    gradient_accumulation_steps: 2
    learning_rate: {{PiecewiseConstantDecay: {{boundaries: [1, 2], values: [1, 0.5, 0]}}}}
""").config
    adam = config.optimizer.keras_arguments()
    schedule = config.optimizer.arguments["learning_rate"].keras_arguments()
    distortion = config.augment[0].keras_arguments()
    numbers = [adam["clipnorm"], *schedule["values"], distortion["alpha"], distortion["sigma"]]
    assert numbers == [1, 1, 0.5, 0, 34, 4]
    assert {type(number) for number in numbers} == {float}
    counts = [adam["gradient_accumulation_steps"], *schedule["boundaries"]]
    assert {type(number) for number in counts} == {int}
    assert "RandomElasticDistortion: {alpha: 34, sigma: 4}" in dump_config(config)


def test_a_documented_choice_may_be_in_another_case(load: Load) -> None:
    layer = load("layers: [{Conv2D: {filters: 1, kernel_size: 1, padding: SAME}}]").config.layers[0]
    assert layer.arguments["padding"] == "same"


def test_inputs_are_named_as_keras_names_them(load: Load) -> None:
    text = """
layers:
  - Dense: {units: 4, name: a}
  - MultiHeadAttention: {num_heads: 1, key_dim: 2, inputs: {query: a, value: a}}
"""
    config = load(text).config
    assert config.layers[1].inputs == {"query": "a", "value": "a"}
    assert load(dump_config(config)).config == config


def test_what_is_monitored_may_have_a_mode(load: Load) -> None:
    assert load(LAYERS).config.checkpoint.best == Best(monitor="val_accuracy", mode=None)
    text = "checkpoint: {best: {monitor: val_loss, mode: max}}\nearly_stopping: {mode: max}"
    config = load(LAYERS + text).config
    assert config.checkpoint.best == Best(monitor="val_loss", mode="max")
    assert config.early_stopping is not None
    assert config.early_stopping.mode == "max"
    assert load(dump_config(config)).config == config
    named = load(f"{LAYERS}checkpoint: {{best: val_loss}}").config
    assert "best: val_loss\n" in dump_config(named)
    assert find_training_changes(named, config) == [
        "checkpoint.best: val_loss -> none",
        "checkpoint.best.monitor: none -> val_loss",
        "checkpoint.best.mode: none -> max",
    ]


def test_without_validation_images_early_stopping_follows_the_training_loss(load: Load) -> None:
    config = load(f"{LAYERS}data: {{validation: 0}}\nearly_stopping: {{}}\ncheckpoint:").config
    assert config.data.validation == 0
    assert config.early_stopping is not None
    assert config.early_stopping.monitor == "loss"
    assert load(dump_config(config)).config == config


def test_a_text_is_a_config_and_a_file_knows_its_place(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LAYERS)
    loaded, parsed = load_config(path, ["seed=3"]), parse_config(LAYERS, "runs/c.yaml", ["seed=3"])
    assert loaded.config == parsed.config
    assert (loaded.path, parsed.path, parsed.config.name) == (path, None, "c")
    with pytest.raises(ConfigError, match=r"^runs/x.yaml:1:9: error: epochs: expected at least 1"):
        parse_config("epochs: 0\n" + LAYERS, "runs/x.yaml")


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


# Files that are no config.


def test_a_missing_file_is_told_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "lenet5.yaml").touch()
    for wrong, hint in [
        ("lenet.yaml", r"; did you mean 'lenet5\.yaml'\?$"),
        ("x/y.yaml", r"y\.yaml\n  `mnistcli configs` lists .*$"),
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
    ],
)
def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, content: bytes, place: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f":{place}: error: not UTF-8 text\n  save the file as"):
        load_config(path)


def test_a_file_that_is_not_there_suggests_a_shipped_config(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("layers: [Flatten]")
    for name, suggestion in (
        ("mlp.yaml", "mlp"),
        ("hu800", "papers/hu800"),
        ("mi.yaml", "my.yaml"),
    ):
        with pytest.raises(ConfigError, match=f"; did you mean '{suggestion}'"):
            load_config(tmp_path / name)
    with pytest.raises(ConfigError, match="is a search, not a config\n  expected: mnistcli sweep"):
        load_config("sweeps/mlp")


def test_a_picture_is_no_config(tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ConfigError, match=r"digit\.png is a picture\n  expected a YAML file"):
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
