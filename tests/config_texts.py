"""Texts of configs, and what is made of them."""

from collections.abc import Callable

from mnistcli.config import ConfigFile

LAYERS = "layers: [Flatten, {Dense: {units: 10, activation: softmax}}]\n"

Load = Callable[..., ConfigFile]
ErrorsOf = Callable[..., list[str]]
