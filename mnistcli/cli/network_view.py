"""A network as a diagram in the terminal."""

import textwrap
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from mnistcli.config import Config, KerasObject, describe_object
from mnistcli.figures import NetworkLayer, draw_lines
from mnistcli.model import Network, format_shape, summarize_model


def describe_network(config: Config, network: Network) -> list[NetworkLayer]:
    """Return the layers of a network in the order of its config, after those put before them."""
    layer_configs = [each for each in config.layers if each.name not in ("Input", "InputLayer")]
    pairs = zip(network.layers, layer_configs, strict=True)
    labels = {layer.name: _label(layer_config) for layer, layer_config in pairs}
    summary = summarize_model(network.model, network.optimizer, config.batch_size)
    layers = {
        each.name: NetworkLayer(
            name=each.name,
            kind=each.kind,
            label=labels.get(each.name, each.name),
            output_shape=each.output_shape,
            parameters=each.parameters,
            inputs=each.inputs,
        )
        for each in summary.layers
    }
    first = [layer for name, layer in layers.items() if name not in labels]
    image = network.model.inputs[0]
    if image.name not in layers:  # a Sequential does not list it
        shape = format_shape(image.shape)
        first.insert(0, NetworkLayer(image.name, "InputLayer", image.name, shape, 0, []))
    return [*first, *(layers[name] for name in labels)]


def network_view(layers: Sequence[NetworkLayer], width: int) -> Table:
    """Show the layers of a network with lines from one to another, in so many columns."""
    lines = draw_lines(layers)
    shape_width = max(len(layer.output_shape) for layer in layers)
    spare = len(lines[0][0]) + shape_width + len("parameters") + 8  # with the space between
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("layer")
    table.add_column("output", justify="right", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    for (line, more), layer in zip(lines, layers, strict=True):
        label = textwrap.wrap(layer.label, max(20, width - spare))
        graph = "\n".join([line, *[more] * (len(label) - 1)])
        parameters = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(Text(graph), Text("\n".join(label)), layer.output_shape, parameters)
    return table


def _label(layer: KerasObject) -> str:
    """Return a layer as Python would call it, and its name where the config gives it one."""
    arguments: dict[str, Any] = dict(layer.arguments)
    name = arguments.pop("name", None)
    plain = KerasObject(layer.family, layer.name, arguments).to_plain()
    label = describe_object(layer.family, plain)
    return f"{name}: {label}" if name else label
