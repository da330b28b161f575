"""Texts of configs, and what is made of them."""

from collections.abc import Callable
from pathlib import Path

from mnistcli.config import ConfigFile, load_config

LAYERS = "layers: [Flatten, {Dense: {units: 10, activation: softmax}}]\n"

# Of the fixtures `load` and `load_text`, and of `errors_of`: each takes a text and overrides.
Load = Callable[..., ConfigFile]
ErrorsOf = Callable[..., list[str]]


def shipped_configs() -> list[Path]:
    """Return the paths of all configs that come with mnistcli; those of sweeps are no configs."""
    paths = (Path(__file__).parents[1] / "configs").rglob("*.yaml")
    return sorted(path for path in paths if path.parent.name != "sweeps")


def load_written(path: Path, text: str, *overrides: str) -> ConfigFile:
    """Write a config's text to a file, and load that."""
    path.write_text(text, encoding="utf-8")
    return load_config(path, overrides)
