"""The resolved config loads as the same config again, with nothing left to a default."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mnistcli.config import Config, dump_config, load_config
from mnistcli.config.yaml_reader import read_yaml

CONFIGS = Path(__file__).parent.parent / "configs"

EVERYTHING = Path(__file__).parent / "everything.yaml"


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
    config = load_config(EVERYTHING).config
    dumped = assert_dump_is_the_same(config, tmp_path)
    assert "boundaries: [25%, 1200, 99.5%]" in dumped
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
    config = load_config(EVERYTHING).config
    tree = yaml.safe_load(dump_config(config))
    assert tree["data"]["fallback"] == "08"
    assert tree["loss"]["SparseCategoricalCrossentropy"]["name"] == "no"
    assert tree["early_stopping"]["min_delta"] == 1e-12
    assert tree["layers"][5]["Add"]["name"] == "1e-3"
