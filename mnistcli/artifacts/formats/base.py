"""What all formats of model files share."""

import contextlib
import warnings
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mnistcli.data import TrainingImages, permutation
from mnistcli.errors import RunError
from mnistcli.model import IMAGE_SHAPE, Network
from mnistcli.model.backend import keras
from mnistcli.model.construct import KERAS_ERRORS, explain
from mnistcli.recognition import ComputeOutputs, silent_stderr
from mnistcli.runs import RunDirectory

BATCH = 100  # images at a time
SAMPLED_IMAGES = 300


class ExportError(Exception):
    """A network cannot be had in a format; the message is one line."""


@dataclass(frozen=True)
class Source:
    """What a model file is made of.

    Attributes:
        run: the run, whose files a format may copy.
        network: its network of the best epoch.
        images: (N, 28, 28), training images, which tell the range of each layer's outputs, and on
            which a file is compared with the network.
    """

    run: RunDirectory
    network: Network
    images: NDArray[np.uint8]

    @classmethod
    def of(cls, run: RunDirectory, network: Network, train: TrainingImages) -> Self:
        """Take some training images, at random: a file may have them sorted by class."""
        return cls(run, network, train.images[permutation(len(train), 0)[:SAMPLED_IMAGES]])


@dataclass(frozen=True)
class ModelFormat:
    """A format of model files.

    Attributes:
        title: what it is called in errors.
        convert: writes a model, which is the network's or a part of it, to a path; raises whatever
            the converter does.
        load: has the format's runtime load it; raises whatever the runtime does.
    """

    title: str
    convert: Callable[[keras.Model, Path, Source], None]
    load: Callable[[Path], ComputeOutputs]


def write_model(model_format: ModelFormat, source: Source, path: Path) -> ComputeOutputs:
    """Write a network's model file, and return the network as the format's runtime runs it.

    Raises:
        ExportError: the format cannot hold a layer; the message names it.
        RunError: the run lacks what it takes.
    """
    model, image = source.network.model, np.zeros((1, 28, 28), np.uint8)

    def convert(part: keras.Model, target: Path) -> ComputeOutputs:
        # Converters and runtimes tell the terminal of their work, and warn of their own code.
        with silent_stderr(), warnings.catch_warnings(action="ignore"):
            model_format.convert(part, target, source)
            compute_outputs = model_format.load(target)
            compute_outputs(image)
        return compute_outputs

    try:
        return convert(model, path)
    except (RunError, MemoryError, OSError):
        raise
    except Exception as error:  # converters and runtimes have errors of many classes
        trial = path.with_stem("trial")
        layer = find_unknown_layer(model, lambda part: convert(part, trial))
        which = f"the layer {layer}" if layer else "this network"
        reason = explain(error).replace(str(path), path.name)
        raise ExportError(f"{model_format.title} cannot hold {which}: {reason}") from None


def find_unknown_layer(model: keras.Model, convert: Callable[[keras.Model], object]) -> str | None:
    """Return the first layer that a format cannot hold, such as "Dense 'dense_1'".

    Args:
        convert: tries a model with the inputs of this one; raises an error if it does not work.

    Returns:
        None if it cannot be told.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]

    def fails(count: int) -> bool:
        # All layers up to one are tried together, so that also in a graph the first failure is
        # that of the last layer.
        outputs = [keras.layers.Flatten()(layer.output) for layer in layers[:count]]
        joined = outputs[0] if count == 1 else keras.layers.Concatenate()(outputs)
        try:
            convert(keras.Model(model.inputs, joined))
        except Exception:  # as in `write_model`
            return True
        return False

    with contextlib.suppress(*KERAS_ERRORS):  # of outputs that cannot be joined
        place = bisect_left(range(1, len(layers) + 1), True, key=fails)
        if place < len(layers):
            return f"{type(layers[place]).__name__} '{layers[place].name}'"
    return None


def take_images(model: keras.Model) -> keras.Model:
    """Return a model whose input is (batch, 28, 28, 1), whatever shape the config's `Input` has."""
    if model.input_shape[1:] == IMAGE_SHAPE:
        return model
    reshape = keras.layers.Reshape(model.input_shape[1:])
    return keras.Sequential([keras.Input(IMAGE_SHAPE, name="input"), reshape, model])


def for_inference(model: keras.Model) -> keras.Model:
    """Return a model that takes images and never trains: Keras' augmentation does by default."""
    inputs = keras.Input(IMAGE_SHAPE, name="input")
    outputs = take_images(model)(inputs, training=False)
    return keras.Model(inputs, outputs)


def in_batches(compute: Callable[[NDArray[np.float32]], Any]) -> ComputeOutputs:
    """Return a function of images (N, 28, 28) uint8 from one of pixels (B, 28, 28, 1) float32."""

    def compute_outputs(images: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
        pixels = images[..., np.newaxis].astype(np.float32)
        starts = range(0, len(pixels), BATCH)
        return np.concatenate([np.asarray(compute(pixels[i : i + BATCH])) for i in starts])

    return compute_outputs


def largest_difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference as a share of the largest output, or of 1 if that is more."""
    if one.shape != other.shape:
        return float("inf")
    return float(np.abs(one - other).max() / max(1.0, float(np.abs(other).max())))
