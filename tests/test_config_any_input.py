"""Any input gives a config or a clean error."""

import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_texts import Load

from mnistcli.config import (
    Config,
    dump_config,
)
from mnistcli.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"


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
