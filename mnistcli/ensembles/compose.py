"""The config of an ensemble: the layers of its members, side by side, and an average of them.

It is an ordinary config of the config language, so that every command works on the run that has
it. Layers keep their order, and are found again by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mnistcli.config import Config, ConfigFile, KerasObject, dump_config, parse_config
from mnistcli.config.objects import add_defaults, make_object
from mnistcli.ensembles.members import MemberRun
from mnistcli.recognition import OutputKind

INPUT_SHAPE = [28, 28, 1]
INPUT_LAYERS = ("Input", "InputLayer")


@dataclass(frozen=True)
class Composition:
    """The config of an ensemble.

    Attributes:
        file: the config; its `layers` have no `Input`.
        places: for each of the members, where its own layers are in `layers`; nowhere for one
            that does not count.
        scale: the factor of a pixel in the model's first layer.
        offset: what that layer adds.
    """

    file: ConfigFile
    places: list[range]
    scale: float
    offset: float


def compose(
    members: Sequence[MemberRun],
    weights: Sequence[int],
    validation: int | Literal["test"],
    name: str,
) -> Composition:
    """Write the config of the average of members.

    Args:
        weights: how often each member counts, 0 or more; at least two are not 0.
        validation: the number of images that all of them held out, or "test".
        name: of the config.

    Raises:
        ConfigError: the config is no config; it says why.
    """
    counted = [member for member, weight in zip(members, weights, strict=True) if weight]
    first = counted[0]
    (scale, offset), normalize = _pixel_scaling(first), first.config.data.normalize
    if any(_pixel_scaling(member) != (scale, offset) for member in counted):
        scale, offset, normalize = 1 / 255, 0.0, "unit"
    layers: list[KerasObject] = []
    places: list[range] = []
    averaged_names: list[str] = []
    for number, (member, weight) in enumerate(zip(members, weights, strict=True), start=1):
        prefix = f"member{number}"
        if not weight:
            places.append(range(0))
            continue
        before, network, after = _member_layers(member, prefix, scale, offset)
        start = len(layers) + len(before)
        places.append(range(start, start + len(network)))
        layers += before + network + after
        averaged_names += [prefix] * weight
    layers.append(_layer("Average", {}, tuple(averaged_names)))
    augments = [member.config.model_dump()["augment"] for member in counted]
    data = {"validation": validation, "normalize": normalize, "fallback": None}
    config = Config(
        name=name,
        layers=layers,
        optimizer=make_object("optimizers", "SGD"),  # has no state, so that none is kept
        loss=make_object("losses", "CategoricalCrossentropy"),  # some augmentation mixes labels
        batch_size=first.config.batch_size,
        data=first.config.data.model_copy(update=data),
        augment=first.config.augment if all(each == augments[0] for each in augments) else [],
    )
    file = parse_config(dump_config(config), "the config of the ensemble")
    return Composition(file, places, scale, offset)


def _pixel_scaling(member: MemberRun) -> tuple[float, float]:
    return member.record.dataset.pixel_scale, member.record.dataset.pixel_offset


def _member_layers(
    member: MemberRun, prefix: str, scale: float, offset: float
) -> tuple[list[KerasObject], list[KerasObject], list[KerasObject]]:
    """Return layers that bring pixels to a member, its own, and those to its probabilities.

    The last of all of them has the prefix as its name.

    Args:
        scale: the factor of a pixel in the ensemble's first layer.
        offset: what that layer adds.
    """
    network = list(member.config.layers)
    before: list[KerasObject] = []
    # What the member's layers may name, and its name in the ensemble.
    names = {"input": "input"}
    shape = INPUT_SHAPE
    if network[0].name in INPUT_LAYERS:
        input_layer = network.pop(0)
        shape = input_layer.arguments["shape"]
        names[input_layer.arguments.get("name", "input")] = "input"
    member_scale, member_offset = _pixel_scaling(member)
    if (member_scale, member_offset) != (scale, offset):
        # pixels * scale + offset, of which the ensemble's first layer did its own.
        factor = member_scale / scale
        rescaling = {"scale": factor, "offset": member_offset - factor * offset}
        before.append(_layer("Rescaling", rescaling))
    if shape != INPUT_SHAPE:
        before.append(_layer("Reshape", {"target_shape": shape}))
    if before:
        before[-1] = _rename(before[-1], f"{prefix}_input")
        names = dict.fromkeys(names, f"{prefix}_input")
    # A Dense layer gets a Flatten before it, unless its config says where its input comes from.
    if network[0].name == "Dense" and len(shape) > 1 and network[0].inputs is None:
        before.append(_layer("Flatten", {}))
    for number, layer in enumerate(network, start=1):
        if name := layer.arguments.get("name"):
            names[name] = f"{prefix}_layer{number}"  # the member's name may be too long with it
    network = [_adapt(layer, names) for layer in network]
    after = []
    if member.outputs is OutputKind.SCORES:
        after.append(_layer("Rescaling", {"scale": 1 / member.temperature}))
    if member.outputs is not OutputKind.PROBABILITIES:
        # Keras' Softmax layer would take the mask of a masked sequence for one of its classes.
        after.append(_layer("Activation", {"activation": "softmax"}))
    starts, ends = before or network, after or network
    if starts[0].inputs is None:
        starts[0] = replace(starts[0], inputs=("input",))
    ends[-1] = _rename(ends[-1], prefix)
    return before, network, after


def _layer(
    name: str, arguments: dict[str, Any], inputs: tuple[str, ...] | None = None
) -> KerasObject:
    complete = add_defaults("layers", name, arguments) | arguments
    return KerasObject("layers", name, complete, inputs)


def _rename(layer: KerasObject, name: str) -> KerasObject:
    return replace(layer, arguments={**layer.arguments, "name": name})


def _adapt(layer: KerasObject, names: dict[str, str]) -> KerasObject:
    """Return a layer of a member as one of the ensemble.

    Args:
        names: what the layers that it may name are called in the ensemble.
    """
    layer = _without_penalties(layer)
    arguments, inputs = dict(layer.arguments), layer.inputs
    if name := arguments.get("name"):
        arguments["name"] = names[name]
    if isinstance(inputs, dict):
        inputs = {key: names[name] for key, name in inputs.items()}
    elif inputs is not None:
        inputs = tuple(names[name] for name in inputs)
    return replace(layer, arguments=arguments, inputs=inputs)


def _without_penalties(layer: KerasObject) -> KerasObject:
    """Return a layer that adds nothing to the loss: that of an ensemble is of its answers."""

    def strip(value: Any) -> Any:
        if isinstance(value, KerasObject):
            return _without_penalties(value)
        return [strip(item) for item in value] if isinstance(value, list) else value

    arguments = {
        name: strip(value)
        for name, value in layer.arguments.items()
        if not name.endswith("_regularizer")
    }
    if layer.name == "ActivityRegularization":
        arguments |= {"l1": 0.0, "l2": 0.0}
    return replace(layer, arguments=arguments)
