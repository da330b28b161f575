"""The `inputs` of a layer: names of the layers that feed it."""

from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.document import Path, Problems, describe_value, suggest


def take_inputs(
    name: str, arguments: dict[str, Any], path: Path, problems: Problems
) -> tuple[str, ...] | dict[str, str] | None:
    """Take `inputs` out of the arguments of a layer at `path`.

    Returns:
        Names of layers: in order, or by the names under which the Keras class takes them.
        None: there are none, or they are wrong.
    """
    inputs = arguments.pop("inputs", None) if "inputs" in arguments else {}
    known = keras_api.call_arguments(name)
    needed = {argument for argument, is_needed in known.items() if is_needed}
    names = [inputs] if isinstance(inputs, str) else inputs
    texts = list(names.values()) if isinstance(names, dict) else names
    if names != {} and not _are_names(texts):
        expected = "names of layers, [a, b]"
        problems.add((*path, "inputs"), f"inputs expects {expected}, got {describe_value(inputs)}")
        return None
    by_name = names if isinstance(names, dict) else {}
    wrong = [argument for argument in by_name if argument not in known]
    for argument in wrong:
        hint = suggest(argument, known, f"it takes {', '.join(known)}")
        message = f"{name} takes no '{argument}'{hint}"
        problems.add((*path, "inputs", argument), message, at_key=True)
    if len(needed) > 1 and not wrong and not needed <= {*by_name}:
        example = ", ".join(f"{argument}: …" for argument in known if argument in needed)
        problems.add(path, f"{name} takes layers by name, 'inputs: {{{example}}}'", at_key=True)
    return by_name or (tuple(names) if isinstance(names, list) else None)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
