"""The JSON Schema that editors use: valid, and of one mind with the loader."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mnistcli.config import config_schema, dump_config, load_config
from mnistcli.config.yaml_reader import read_yaml
from mnistcli.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"
EVERYTHING = Path(__file__).parent / "everything.yaml"
SHIPPED = sorted(CONFIGS.glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    # As an editor gets it: through JSON.
    schema = json.loads(json.dumps(config_schema(), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def read(text: str) -> Any:
    return read_yaml(text, "c.yaml").value


def test_the_schema_names_its_draft_and_describes_each_key() -> None:
    schema = config_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["layers"]
    undescribed = {k for k, v in schema["properties"].items() if "description" not in v}
    # Sections are described where they are defined.
    assert undescribed <= {"data", "early_stopping", "checkpoint"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_are_valid_and_name_the_schema(path: Path, validator: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=schema.json"
    validator.validate(read(text))
    # So is the config that a run keeps.
    validator.validate(read(dump_config(load_config(path).config)))


def test_a_config_that_uses_everything_is_valid(validator: Any) -> None:
    validator.validate(read(EVERYTHING.read_text(encoding="utf-8")))


def test_the_schema_in_the_repository_is_current() -> None:
    """In what is mnistcli's own; the classes are those of the Keras it was made with."""
    shipped = json.loads((CONFIGS / "schema.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(config_schema()))
    definitions = shipped.pop("$defs"), made.pop("$defs")
    assert shipped == made
    of_keras, _ = ({key for key in each if key[0].islower()} for each in definitions)
    own, own_made = (
        {key: value for key, value in each.items() if key not in of_keras} for each in definitions
    )
    assert own == own_made
    assert set(own) == {"Data", "EarlyStopping", "Checkpoint", "Best", "Extra"}
    assert set(definitions[0]) == set(definitions[1])


@pytest.mark.parametrize(
    "text",
    [
        "layers: [Flatten]",
        "layers: [{Dense: {units: 3}}, {Flatten: null}, {Flatten: {name: a}}]",
        "layers: [{ReLU: {name: a}}, {ReLU: {name: b}}, {Add: {inputs: [a, b]}}, "
        "{Flatten: {inputs: a}}]",
        "layers: [Flatten]\noptimizer: adam\nloss: mse\nmetrics: [acc, accuracy, mae]",
        "layers: [Flatten]\ndata: {validation: 0.1, fallback: null}\nearly_stopping: null",
        "layers: [Flatten]\nthreads: 3\nepochs: 0x10",
        "layers: [Flatten]\ndata: {validation: 0}\nearly_stopping: {mode: min}",
        "layers: [Flatten]\ncheckpoint: {best: {monitor: val_loss, mode: max}}",
        "layers: [{Dense: {units: 3, name: a}}, {MultiHeadAttention: "
        "{num_heads: 1, key_dim: 3, inputs: {query: a, value: a}}}]",
        "layers: [{Dense: {units: 3, kernel_regularizer: l2, activation: null}}]",
        "layers: [{Bidirectional: {layer: {LSTM: {units: 3}}}}]",
        "layers: [Flatten]\noptimizer: {Adam: {learning_rate: {CosineDecay: "
        "{initial_learning_rate: 1e-3, decay_steps: 75%, warmup_steps: 10}}}}",
    ],
)
def test_what_the_loader_takes_is_valid(text: str, validator: Any, tmp_path: Path) -> None:
    validator.validate(read(text))
    (tmp_path / "c.yaml").write_text(text)
    load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "epochs: 3",
        "layers: []",
        "layers: Dense",
        "layers: null",
        "layers: [5]",
        "layers: [null]",
        "layers: [{Dense: {units: 3}, Flatten: {}}]",
        "layers: [{Dense: {unit: 3}}]",
        "layers: [{Dense: {units: 3, actvation: relu}}]",
        "layers: [{Dense: {units: 3, activation: rellu}}]",
        "layers: [{Dense: {units: ten}}]",
        "layers: [{Dense: {units: 1.5}}]",
        "layers: [{Dense: {units: true}}]",
        "layers: [{Dense: {units: 3, use_bias: 'no'}}]",
        "layers: [{Dense: {}}]",
        "layers: [{Dense: null}]",
        "layers: [{Dense: 3}]",
        "layers: [{Add: {inputs: 5}}]",
        "layers: [{Add: {inputs: {a: input}}}]",
        "layers: [{Conv2D: {filters: 3, kernel_size: 3, rank: 2}}]",
        "layers: [Flatten]\ncheckpoint: {best: {mode: mean}}",
        "layers: [{Bidirectional: {layer: {LSTM: {unit: 3}}}}]",
        "layers: [Flatten]\nbatchsize: 3",
        "layers: [Flatten]\nepochs: 0",
        "layers: [Flatten]\nepochs: ten",
        "layers: [Flatten]\nepochs: '10'",
        "layers: [Flatten]\nbatch_size: 70000",
        "layers: [Flatten]\nseed: -1",
        "layers: [Flatten]\noptimizer: 3",
        "layers: [Flatten]\noptimizer: {Adam: {lerning_rate: 3}}",
        "layers: [Flatten]\noptimizer: {Adam: {learning_rate: true}}",
        "layers: [Flatten]\nloss: [mse]",
        "layers: [Flatten]\nloss: null",
        "layers: [Flatten]\nmetrics: accuracy",
        "layers: [Flatten]\ndata: {validate: 3}",
        "layers: [Flatten]\ndata: {validation: all}",
        "layers: [Flatten]\ndata: {normalize: zero}",
        "layers: [Flatten]\nearly_stopping: {patience: 0}",
        "layers: [Flatten]\nprecision: float64",
        "layers: [Flatten]\nthreads: many",
        "layers: [Flatten]\noptimizer: {Adam: {learning_rate: {CosineDecay: "
        "{initial_learning_rate: 1e-3, decay_steps: many}}}}",
    ],
)
def test_what_the_loader_refuses_is_not_valid(text: str, validator: Any, tmp_path: Path) -> None:
    assert not validator.is_valid(read(text))
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError):
        load_config(tmp_path / "c.yaml")
