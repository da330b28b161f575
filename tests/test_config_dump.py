"""The resolved config loads as the same config again, with nothing left to a default."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mnistcli.config import Config, dump_config, load_config
from mnistcli.config.yaml_reader import read_yaml

CONFIGS = Path(__file__).parent.parent / "configs"

EVERYTHING = """
name: all-of-it
layers:
  - Input: {shape: [28, 28, 1], name: image}
  - ZeroPadding2D: {padding: [[1, 2], [3, 4]], inputs: image}
  - Cropping2D
  - Conv2D:
      name: a
      filters: 4
      kernel_size: [3, 3]
      padding: same
      activation: relu
      kernel_initializer: {VarianceScaling: {scale: 2.0, mode: fan_out}}
      kernel_regularizer: {L1L2: {l1: 1e-5, l2: 1e-4}}
      bias_constraint: max_norm
      bias_initializer: &small {Constant: {value: 1e-7}}
  - Conv2D: {name: b, filters: 4, kernel_size: 1, activation: null, bias_initializer: *small}
  - Add: {inputs: [a, b], name: '1e-3'}
  - AveragePooling2D
  - BatchNormalization: {renorm: true, renorm_clipping: {rmax: 3.0, rmin: 0.3, dmax: 5}}
  - Reshape: {target_shape: [14, 60]}
  - Bidirectional: {layer: {LSTM: {units: 3}}}
  - Normalization: {mean: 1.0e+10, variance: -.inf}
  - Dense: {units: 10}
optimizer:
  LossScaleOptimizer:
    inner_optimizer:
      SGD:
        momentum: 0.9
        learning_rate:
          PiecewiseConstantDecay: {boundaries: [25%, 1200, 99.5%], values: [1, 1e-1, 0.01, 0]}
loss: {SparseCategoricalCrossentropy: {from_logits: true, name: 'no'}}
metrics: [accuracy, {SparseTopKCategoricalAccuracy: {k: 3, name: '0o17'}}, mse]
epochs: 0x10
batch_size: 100
seed: 2147483647
data:
  dataset: "bilder/zürich ☃: 'x' \\"y\\" #1\\ttab"
  fallback: '08'
  validation: test
  normalize: standard
augment:
  - RandomTranslation: {height_factor: [-0.1, 0.2], width_factor: 0.1}
  - RandomFlip
early_stopping: {monitor: val_0o17, patience: 4, min_delta: 1e-12}
checkpoint: {every_epochs: 3, keep: 5, best: mean_squared_error}
precision: mixed_bfloat16
threads: 3
"""


def load_text(text: str, path: Path, *overrides: str) -> Config:
    path.write_text(text, encoding="utf-8")
    return load_config(path, overrides).config


def assert_dump_is_the_same(config: Config, folder: Path) -> str:
    dumped = dump_config(config)
    # The file's name is the default of `name`: another one must not show through.
    assert load_text(dumped, folder / "config.yaml") == config
    assert dump_config(load_text(dumped, folder / "config.yaml")) == dumped
    return dumped


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_come_back(path: Path, tmp_path: Path) -> None:
    assert_dump_is_the_same(load_config(path).config, tmp_path)


def test_a_config_that_uses_everything_comes_back(tmp_path: Path) -> None:
    config = load_text(EVERYTHING, tmp_path / "c.yaml")
    dumped = assert_dump_is_the_same(config, tmp_path)
    assert "&" not in dumped and "!" not in dumped  # no anchors or tags of PyYAML's own
    assert max(map(len, dumped.splitlines())) < 120


def test_a_config_changed_by_options_comes_back(tmp_path: Path) -> None:
    path = CONFIGS / "lenet5.yaml"
    config = load_config(path, ["optimizer.Adam.learning_rate=0.5", "data.fallback='null'"]).config
    dumped = assert_dump_is_the_same(config, tmp_path)
    assert "learning_rate: 0.5" in dumped
    assert config.data.fallback == "null"


@pytest.mark.parametrize(
    "text",
    ["1e-3", "08", "0o17", "0x1F", "1_000", "1:30", "no", "null", "~", ".nan", "-", "=", "<<", "%"],
)
def test_text_that_looks_like_something_else_stays_text(text: str, tmp_path: Path) -> None:
    config = load_text(f"layers: [Flatten]\ndata: {{dataset: '{text}'}}", tmp_path / "c.yaml")
    assert config.data.dataset == text
    assert_dump_is_the_same(config, tmp_path)


def test_every_default_is_written_out(tmp_path: Path) -> None:
    config = load_text("layers: [{Dense: {units: 10}}, MaxPooling2D]", tmp_path / "c.yaml")
    written = read_yaml(dump_config(config), "").value

    def assert_complete(section: Any, tree: dict[str, Any]) -> None:
        assert list(tree) == list(type(section).model_fields)
        for key in ("data", "checkpoint"):
            if key in tree:
                assert_complete(getattr(section, key), tree[key])

    assert_complete(config, written)
    dense, pooling = written["layers"]
    assert dense["Dense"] == {
        "units": 10,
        "use_bias": True,
        "kernel_initializer": "GlorotUniform",
        "bias_initializer": "Zeros",
    }
    assert pooling["MaxPooling2D"] == {"pool_size": [2, 2], "padding": "valid"}
    adam = written["optimizer"]["Adam"]
    assert (adam["learning_rate"], adam["beta_1"], adam["epsilon"]) == (0.001, 0.9, 1e-7)
    assert written["loss"]["SparseCategoricalCrossentropy"]["from_logits"] is False
    assert (written["epochs"], written["batch_size"], written["threads"]) == (5, 32, "auto")


def test_what_is_written_is_plain_yaml_for_other_readers(tmp_path: Path) -> None:
    config = load_text(EVERYTHING, tmp_path / "c.yaml")
    tree = yaml.safe_load(dump_config(config))
    assert tree["data"]["fallback"] == "08"
    assert tree["loss"]["SparseCategoricalCrossentropy"]["name"] == "no"
    assert tree["early_stopping"]["min_delta"] == 1e-12
    assert tree["layers"][5]["Add"]["name"] == "1e-3"
