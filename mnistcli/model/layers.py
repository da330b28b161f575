"""The `layers` of a config -> a Keras model, checked layer by layer."""

import math
from collections.abc import Sequence
from typing import Any

from mnistcli.config import Config, KerasObject, Problems
from mnistcli.model.backend import keras
from mnistcli.model.construct import KERAS_ERRORS, ConstructionError, construct_all, explain

IMAGE_SHAPE = (28, 28, 1)


def build_model(
    config: Config,
    num_classes: int,
    scale: float,
    offset: float,
    problems: Problems,
) -> tuple[keras.Model, list[keras.layers.Layer]]:
    """Build the model of a config.

    Its first layer maps pixels from 0 to 255 to what `data.normalize` asks for, so
    the saved model needs nothing beside it. Under mixed precision the last layer
    computes in float32, as Keras advises
    (https://keras.io/api/mixed_precision/): a softmax in 16 bits loses the small
    probabilities that the loss is config_layers of.

    Args:
        num_classes: what the last layer must have as units.
        scale: factor of a pixel.
        offset: what is added after scaling.
        problems: takes a shape that does not fit, at the layer that is wrong.

    Returns:
        A built `keras.Sequential`, or a functional model where a layer names its
        inputs: float32 pixels (batch, 28, 28, 1), or as the config's `Input` has
        it, to (batch, num_classes). And its layers that the config names, in the
        config's order, without `Input`.

    Raises:
        ConstructionError: a problem was noted.
    """
    layer_configs = list(config.layers)
    inputs = _make_input(layer_configs, problems)
    rescaling = keras.layers.Rescaling(scale, offset, name="normalize", dtype="float32")
    layers = [rescaling]
    latest = rescaling(inputs)
    # The name of the input stands for the normalized pixels in the graph.
    tensors = {"input": latest, inputs.name: latest}
    if layer_configs and layer_configs[0].name == "Dense" and len(latest.shape) > 2:
        layers.append(keras.layers.Flatten(name="flatten_input"))
        latest = layers[-1](latest)
    config_layers = _make_layers(layer_configs, config.precision, problems)
    _check_names(
        [inputs.name, *(layer.name for layer in layers)], config_layers, layer_configs, problems
    )
    for layer, layer_config in zip(config_layers, layer_configs, strict=True):
        latest = _connect(layer, layer_config, latest, tensors, problems)
        layers.append(layer)
        if "name" in layer_config.arguments:
            tensors[layer.name] = latest
    _check_output(layer_configs[-1] if layer_configs else None, latest, num_classes, problems)
    is_graph = any(layer_config.inputs for layer_config in layer_configs)
    try:
        if not is_graph:
            return keras.Sequential([inputs, *layers], name=config.name), config_layers
        model = keras.Model(inputs, latest, name=config.name)
    except KERAS_ERRORS as error:
        problems.add(("layers",), f"Keras makes no model of these layers: {explain(error)}")
        raise ConstructionError from None
    _check_connected(model, config_layers, layer_configs, problems)
    return model, config_layers


def _make_layers(
    layer_configs: Sequence[KerasObject], precision: str, problems: Problems
) -> list[keras.layers.Layer]:
    config_layers = construct_all(layer_configs[:-1], problems, dtype=precision)
    config_layers += construct_all(layer_configs[-1:], problems, dtype="float32")
    if len(config_layers) < len(layer_configs):
        raise ConstructionError
    return config_layers


def _check_names(
    names: list[str],
    config_layers: list[Any],
    layer_configs: Sequence[KerasObject],
    problems: Problems,
) -> None:
    """Report a name that is given to two layers: by the config, by Keras, or by this module."""
    for layer, layer_config in zip(config_layers, layer_configs, strict=True):
        if layer.name in names:
            message = f"the name '{layer.name}' is taken by a layer before; give it another"
            problems.add((*layer_config.path, "name"), message)
            raise ConstructionError
        names.append(layer.name)


def _check_connected(
    model: keras.Model,
    config_layers: list[Any],
    layer_configs: Sequence[KerasObject],
    problems: Problems,
) -> None:
    """Report layers that do not lead to the output; Keras would leave them out silently."""
    connected = {layer.name for layer in model.layers}
    unconnected = [
        layer_config
        for layer, layer_config in zip(config_layers, layer_configs, strict=True)
        if layer.name not in connected
    ]
    for layer_config in unconnected:
        message = f"nothing takes the output of {layer_config}; name it in some 'inputs'"
        problems.add(layer_config.path, message, at_key=True)
    if unconnected:
        raise ConstructionError


def _make_input(layer_configs: list[KerasObject], problems: Problems) -> Any:
    """Return the input tensor, and take a leading `Input` off the list."""
    if not layer_configs or layer_configs[0].name not in ("Input", "InputLayer"):
        return keras.Input(IMAGE_SHAPE, name="input")
    input_config = layer_configs.pop(0)
    path = (*input_config.path, "shape")
    if "shape" not in input_config.arguments:
        problems.add(
            input_config.path, f"Input needs a shape, such as {list(IMAGE_SHAPE)}", at_key=True
        )
        raise ConstructionError
    name = input_config.arguments.get("name", "input")
    try:
        inputs = keras.Input(input_config.arguments["shape"], name=name)
    except KERAS_ERRORS as error:
        problems.add(path, f"Input: {explain(error)}")
        raise ConstructionError from None
    if math.prod(size or 0 for size in inputs.shape[1:]) != 28 * 28:
        shape = input_config.arguments["shape"]
        problems.add(path, f"Input: expected a shape of 784 pixels, as [28, 28, 1], got {shape}")
        raise ConstructionError
    return inputs


def _connect(
    layer: Any,
    layer_config: KerasObject,
    latest: Any,
    tensors: dict[str, Any],
    problems: Problems,
) -> Any:
    """Call a layer on its inputs' symbolic tensors; Keras checks the shapes."""
    inputs = layer_config.inputs or ()
    sources = [tensors[name] for name in layer_config.named_inputs.values()] or [latest]
    try:
        if isinstance(inputs, dict):
            output = layer(**dict(zip(inputs, sources, strict=True)))
        else:
            output = layer(sources[0] if len(sources) == 1 else sources)
    except KERAS_ERRORS as error:
        shapes = " and ".join(format_shape(source.shape) for source in sources)
        message = f"{layer_config.name} cannot take its input of shape {shapes}: {explain(error)}"
        problems.add(layer_config.path, message, at_key=True)
        raise ConstructionError from None
    if not keras.utils.is_keras_tensor(output):
        message = f"{layer_config.name} gives several outputs; a layer here gives one"
        problems.add(layer_config.path, message, at_key=True)
        raise ConstructionError
    if any(output is source for source in sources):
        message = f"{layer_config.name} gives its input itself, of which Keras makes no model"
        problems.add(layer_config.path, message, at_key=True)
        raise ConstructionError
    if any(size == 0 for size in output.shape[1:]):
        message = f"{layer_config.name} leaves nothing of its input: {format_shape(output.shape)}"
        problems.add(layer_config.path, message, at_key=True)
        raise ConstructionError
    return output


def _check_output(
    last: KerasObject | None, output: Any, num_classes: int, problems: Problems
) -> None:
    if last is None:
        problems.add(("layers",), "expected a layer after Input")
        raise ConstructionError
    shape = tuple(output.shape[1:])
    if shape == (num_classes,):
        return
    if len(shape) == 1:
        path = (*last.path, "units") if "units" in last.arguments else last.path
        message = f"the model ends in {shape[0]} units, but the data has {num_classes} classes"
    else:
        path = last.path
        message = (
            f"the model ends in shape {format_shape(output.shape)}, expected ({num_classes},): "
            f"end with Flatten and Dense: {{units: {num_classes}}}"
        )
    problems.add(path, message, at_key=path == last.path)
    raise ConstructionError


def format_shape(shape: Sequence[int | None]) -> str:
    """Return a tensor's shape without its batch dimension: '(28, 28, 1)'."""
    sizes = [str(size) for size in shape[1:]]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
