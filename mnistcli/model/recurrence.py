"""Recurrent layers written out step by step."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mnistcli.model.backend import keras


def find_recurrent(layer: keras.layers.Layer) -> list[keras.layers.RNN]:
    """Return the recurrent layers in a layer: itself, or those of Bidirectional; or none."""
    return [inner for inner in layer._flatten_layers() if isinstance(inner, keras.layers.RNN)]


def count_steps(layer: keras.layers.Layer) -> float:
    """Return the length of the sequences that a layer gets; infinite where that varies."""
    return keras.tree.flatten(layer.input)[0].shape[1] or math.inf


@contextmanager
def unrolled(layers: Sequence[keras.layers.Layer]) -> Iterator[None]:
    """Inside this, recurrent layers have no loop.

    LiteRT has no loop over a list of tensors, and TensorFlow's profiler counts a loop once.
    """
    recurrent = [inner for layer in layers for inner in find_recurrent(layer)]
    settings = [layer.unroll for layer in recurrent]
    for layer in recurrent:
        layer.unroll = True
    try:
        yield
    finally:
        for layer, setting in zip(recurrent, settings, strict=True):
            layer.unroll = setting
