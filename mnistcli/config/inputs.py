"""The `inputs` of a layer: the names of the layers that feed it."""

from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.document import Path, Problems, describe_value, suggest


def take_inputs(
    name: str, arguments: dict[str, Any], path: Path, problems: Problems
) -> tuple[str, ...] | dict[str, str] | None:
    """Take `inputs` out of the arguments of a layer at `path`.

    Args:
        name: the class of the layer.
        arguments: its arguments; the key `inputs` is removed.
        path: its position in the config.
        problems: receives what is wrong with the inputs.

    Returns:
        Names of layers, in order or by the names under which the Keras class takes them.
        None if there are none, or if they are wrong.
    """
    raw = arguments.pop("inputs", None) if "inputs" in arguments else {}
    call_arguments = keras_api.call_arguments(name)
    required_arguments = [key for key, is_required in call_arguments.items() if is_required]
    inputs = [raw] if isinstance(raw, str) else raw
    layer_names = list(inputs.values()) if isinstance(inputs, dict) else inputs
    if inputs != {} and not _are_names(layer_names):
        message = f"inputs expects names of layers, [a, b], got {describe_value(raw)}"
        problems.add((*path, "inputs"), message)
        return None
    named_inputs = inputs if isinstance(inputs, dict) else {}
    unknown_arguments = [key for key in named_inputs if key not in call_arguments]
    for key in unknown_arguments:
        hint = suggest(key, call_arguments, f"it takes {', '.join(call_arguments)}")
        problems.add((*path, "inputs", key), f"{name} takes no '{key}'{hint}", at_key=True)
    has_required = all(key in named_inputs for key in required_arguments)
    if len(required_arguments) > 1 and not unknown_arguments and not has_required:
        example = ", ".join(f"{key}: …" for key in required_arguments)
        problems.add(path, f"{name} takes layers by name, 'inputs: {{{example}}}'", at_key=True)
    return named_inputs or (tuple(inputs) if isinstance(inputs, list) else None)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
