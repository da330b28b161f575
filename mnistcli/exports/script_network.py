"""The network of a config, as the Python that builds it with Keras."""

from collections.abc import Sequence

from mnistcli.config import Config, KerasObject
from mnistcli.exports.keras_code import (
    write_call,
    write_identifier,
    write_list,
    write_object,
    write_value,
)
from mnistcli.model import Network

# For each value of data.normalize, what pixels become, and the arguments of the layer that does it.
_SCALINGS = {
    "unit": ("[0, 1]", [("", "1 / 255")]),
    "centered": ("[-1, 1]", [("", "2 / 255"), ("offset", "-1.0")]),
    "standard": (
        "numbers of mean 0 and deviation 1",
        [("", "1 / deviation"), ("offset", "-mean / deviation")],
    ),
}
_MOMENTS = "mean, deviation = float(train_images.mean()), float(train_images.std())\n"
_FLOAT32 = ("dtype", '"float32"')


def write_network(config: Config, network: Network) -> str:
    """Return the lines that build the model, as `model`.

    Args:
        network: of the config, built.
    """
    layers = [layer for layer in config.layers if layer.name not in ("Input", "InputLayer")]
    # In 16 bits a softmax loses the small probabilities, so the last layer is in float32.
    dtypes = [[("dtype", write_value(config.precision))] for _ in layers[1:]] + [[_FLOAT32]]
    extra = [
        [] if config.precision == "float32" or "dtype" in layer.arguments else dtype
        for layer, dtype in zip(layers, dtypes, strict=True)
    ]
    is_graph = any(layer.inputs for layer in layers)
    codes = [
        write_object(layer, 0 if is_graph else 8, arguments)
        for layer, arguments in zip(layers, extra, strict=True)
    ]
    values, _ = _SCALINGS[config.data.normalize]
    head = f"# The network. Its first layer maps pixels to {values}."
    if config.data.normalize == "standard":
        head = _MOMENTS + head
    first = _first_layers(config, network)
    name = write_value(config.name)
    if is_graph:
        lines = _write_graph(network, first, layers, codes)
        return "\n".join([head, *lines, f"model = keras.Model(inputs, x, name={name})"])
    items = write_list([_write_input(network), *first, *codes], 4)
    return f"{head}\nmodel = {write_call('keras.Sequential', [('', items), ('name', name)])}"


def _write_input(network: Network) -> str:
    shape, name = list(network.model.input_shape[1:]), network.model.inputs[0].name
    return f"keras.Input({write_value(shape)}, name={write_value(name)})"


def _first_layers(config: Config, network: Network) -> list[str]:
    """Return the layers that mnistcli puts before those of the config."""
    _, scaling = _SCALINGS[config.data.normalize]
    dtype = [] if config.precision == "float32" else [_FLOAT32]
    arguments = [*scaling, ("name", '"normalize"'), *dtype]
    layers = [write_call("keras.layers.Rescaling", arguments, 8)]
    if any(layer.name == "flatten_input" for layer in network.model.layers):
        layers.append('keras.layers.Flatten(name="flatten_input")')
    return layers


def _write_graph(
    network: Network, first: Sequence[str], layers: Sequence[KerasObject], codes: Sequence[str]
) -> list[str]:
    """Return the lines that call each layer on its inputs; a layer with a name has a variable."""
    # The name of the input stands for the normalized pixels.
    variables = {"input": "pixels", network.model.inputs[0].name: "pixels"}
    uses_pixels = any(variables.get(name) for each in layers for name in each.named_inputs.values())
    lines = [
        f"inputs = {_write_input(network)}",
        f"{'pixels = ' if uses_pixels else ''}x = {first[0]}(inputs)",
        *(f"x = {code}(x)" for code in first[1:]),
    ]
    for layer, code in zip(layers, codes, strict=True):
        line = f"x = {code}({_write_inputs(layer, variables)})"
        if name := layer.arguments.get("name"):
            identifier = write_identifier(name)
            while identifier in variables.values():  # of a-b and a_b
                identifier += "_"
            variables[name] = identifier
            line = f"{identifier} = {line}"
        lines.append(line)
    return lines


def _write_inputs(layer: KerasObject, variables: dict[str, str]) -> str:
    """Return what a layer of a graph is called on."""
    sources = {key: variables[name] for key, name in layer.named_inputs.items()}
    if isinstance(layer.inputs, dict):
        return ", ".join(f"{key}={source}" for key, source in sources.items())
    names = list(sources.values()) or ["x"]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"
