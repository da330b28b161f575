"""Any input gives a config or a clean error, and a config goes through YAML unchanged."""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnistcli.config import Config, dump_config, load_config
from mnistcli.errors import ConfigError

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
EVERYTHING = Path(__file__).parent / "everything.yaml"
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


def trees(depth: int = 5) -> st.SearchStrategy[Any]:
    """Anything that YAML can hold, of words that the language knows."""
    leaves = st.sampled_from([*_WORDS, *_SCALARS, *_TEXTS])
    return st.recursive(
        leaves,
        lambda inner: (
            st.dictionaries(st.sampled_from(_WORDS), inner, min_size=1, max_size=3)
            | st.lists(inner, max_size=3)
        ),
        max_leaves=depth,
    )


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A config whose keys are real and whose values are anything."""
    lists = st.lists(trees(), max_size=3)
    values = {"layers": lists, "metrics": lists, "augment": lists}
    keys = draw(st.lists(st.sampled_from([*Config.model_fields]), max_size=4, unique=True))
    tree = {key: draw(values.get(key, trees())) for key in dict.fromkeys(["layers", *keys])}
    style = draw(st.sampled_from([True, False, None]))
    return yaml.dump(tree, allow_unicode=True, default_flow_style=style)


@st.composite
def damaged_configs(draw: st.DrawFn) -> str:
    """A shipped config with a few characters, words or lines changed."""
    text = draw(st.sampled_from([*CONFIGS, EVERYTHING])).read_text(encoding="utf-8")
    noise = ["", *string.punctuation, *_TEXTS, *_WORDS, "\t", "\n", "\0", ": ", "- ", "*"]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text) - 1))
        length = draw(st.sampled_from([0, 1, 5, 40]))
        text = text[:at] + draw(st.sampled_from(noise)) + text[at + length :]
    return text


options = st.lists(
    st.builds(
        lambda parts, value: ".".join(parts) + "=" + yaml.dump(value, default_flow_style=True),
        st.lists(st.sampled_from([*_WORDS, "0", "1", "-1", "9" * 99]), min_size=1, max_size=4),
        trees(3),
    )
    | st.text(max_size=30),
    max_size=2,
)
property_test: Callable[..., Any] = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(path: Path, overrides: list[str]) -> None:
    try:
        config = load_config(path, overrides).config
    except ConfigError as error:
        lines = str(error).split("\n")
        assert all(line.isprintable() for line in lines)
        # Nothing of pydantic's or Python's own shows through.
        assert "KerasObject(" not in str(error) and "_type" not in str(error)
        return
    path.write_text(dump_config(config), encoding="utf-8")
    # As text, since not-a-number equals nothing.
    assert repr(load_config(path).config.model_dump()) == repr(config.model_dump())


@property_test
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_config_or_a_clean_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    check(path, [])


@property_test
@given(text=configs() | damaged_configs(), overrides=options)
def test_any_values_give_a_config_that_goes_through_yaml_or_a_clean_error(
    text: str, overrides: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "values.yaml"
    path.write_text(text, encoding="utf-8")
    check(path, overrides)
