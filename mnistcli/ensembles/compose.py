"""The config of an ensemble: the layers of its members, side by side, and an average of them.

It is an ordinary config of the config language, so that every command works on the run that has
it. Layers keep their order, and are found again by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnistcli.config import Config, ConfigFile, Data, KerasObject, dump_config, parse_config
from mnistcli.config.objects import add_defaults, make_object
from mnistcli.config.settings import NAME
from mnistcli.ensembles.members import MemberRun
from mnistcli.recognition import OutputKind

INPUT_SHAPE = [28, 28, 1]
INPUT_LAYERS = ("Input", "InputLayer")


@dataclass(frozen=True)
class Composition:
    """The config of an ensemble.

    Attributes:
        file: the config; its `layers` have no `Input`.
        members: those that count, each with the places of its own layers in `layers`.
        weights: how often each of them counts.
        scale: the factor of a pixel in the model's first layer.
        offset: what that layer adds.
    """

    file: ConfigFile
    members: list[tuple[MemberRun, range]]
    weights: list[int]
    scale: float
    offset: float


def compose(members: Sequence[MemberRun], weights: Sequence[int], name: str) -> Composition:
    """Write the config of the average of members.

    Args:
        weights: how often each member counts, 0 or more; at least two are not 0.
        name: of the config.

    Raises:
        ConfigError: the config is no config; it says why.
    """
    counted = [(m, weight) for m, weight in zip(members, weights, strict=True) if weight]
    first = counted[0][0]
    (scale, offset), normalize = _pixel_scaling(first), first.config.data.normalize
    if any(_pixel_scaling(member) != (scale, offset) for member, _ in counted):
        scale, offset, normalize = 1 / 255, 0.0, "unit"
    layers: list[KerasObject] = []
    places, inputs = [], []
    for number, (member, weight) in enumerate(counted, start=1):
        prefix = f"member{number}"
        before, own, after = _member_layers(member, prefix, scale, offset)
        start = len(layers) + len(before)
        places.append((member, range(start, start + len(own))))
        layers += before + own + after
        inputs += [prefix] * weight
    layers.append(_layer("Average", {}, tuple(inputs)))
    data = min((member for member, _ in counted), key=lambda member: member.held_out).config.data
    augments = [member.config.model_dump()["augment"] for member, _ in counted]
    config = Config(
        name=name,
        layers=layers,
        optimizer=make_object("optimizers", "SGD"),
        loss=make_object("losses", "CategoricalCrossentropy"),  # some augmentation mixes labels
        batch_size=first.config.batch_size,
        data=Data(
            dataset=first.config.data.dataset,
            validation=data.validation,
            split_seed=data.split_seed,
            normalize=normalize,
        ),
        augment=first.config.augment if all(each == augments[0] for each in augments) else [],
    )
    file = parse_config(dump_config(config), "the config of the ensemble")
    return Composition(file, places, [weight for _, weight in counted], scale, offset)


def _pixel_scaling(member: MemberRun) -> tuple[float, float]:
    return member.record.dataset.pixel_scale, member.record.dataset.pixel_offset


def _member_layers(
    member: MemberRun, prefix: str, scale: float, offset: float
) -> tuple[list[KerasObject], list[KerasObject], list[KerasObject]]:
    """Return layers that bring pixels to a member, its own, and those to its probabilities.

    The last of all of them has the prefix as its name.
    """
    own = list(member.config.layers)
    before, input_names = [], ["input"]
    shape = INPUT_SHAPE
    if own[0].name in INPUT_LAYERS:
        leading = own.pop(0)
        shape = leading.arguments["shape"]
        input_names.append(leading.arguments.get("name", "input"))
    member_scale, member_offset = _pixel_scaling(member)
    if (member_scale, member_offset) != (scale, offset):
        # pixels * scale + offset, of which the model's first layer did its own.
        factor = member_scale / scale
        rescaling = {"scale": factor, "offset": member_offset - factor * offset}
        before.append(_layer("Rescaling", rescaling))
    if shape != INPUT_SHAPE:
        before.append(_layer("Reshape", {"target_shape": shape}))
    names = dict.fromkeys(input_names, "input")
    if before:
        names = dict.fromkeys(input_names, f"{prefix}_input")
        before[-1] = _rename(before[-1], f"{prefix}_input")
    # A Dense layer gets a Flatten before it, unless its config says where its input comes from.
    if own[0].name == "Dense" and len(shape) > 1 and own[0].inputs is None:
        before.append(_layer("Flatten", {}))
    for number, layer in enumerate(own, start=1):
        if name := layer.arguments.get("name"):
            longer_name = f"{prefix}_{name}"
            is_valid = NAME.fullmatch(longer_name)  # that of a nested ensemble may be too long
            names[name] = longer_name if is_valid else f"{prefix}_layer{number}"
    precision = member.config.precision
    own = [_adapt(layer, names, precision) for layer in own[:-1]] + [
        _adapt(own[-1], names, "float32")
    ]
    after = []
    if member.outputs is OutputKind.SCORES:
        after.append(_layer("Rescaling", {"scale": 1 / member.temperature}))
    if member.outputs is not OutputKind.PROBABILITIES:
        after.append(_layer("Softmax", {}))
    starts = before or own
    if starts[0].inputs is None:
        starts[0] = replace(starts[0], inputs=("input",))
    ends = after or own
    ends[-1] = _rename(ends[-1], prefix)
    return before, own, after


def _layer(
    name: str, arguments: dict[str, Any], inputs: tuple[str, ...] | None = None
) -> KerasObject:
    complete = add_defaults("layers", name, arguments) | arguments
    return KerasObject("layers", name, complete, inputs)


def _rename(layer: KerasObject, name: str) -> KerasObject:
    return replace(layer, arguments={**layer.arguments, "name": name})


def _adapt(layer: KerasObject, names: dict[str, str], precision: str) -> KerasObject:
    """Return a layer of a member as one of the ensemble.

    Args:
        names: what the layers that it may name are called in the ensemble.
        precision: of the member; that of an ensemble is float32.
    """
    layer = _without_penalties(layer)
    arguments, inputs = dict(layer.arguments), layer.inputs
    if name := arguments.get("name"):
        arguments["name"] = names[name]
    if precision != "float32":
        arguments = {"dtype": precision} | arguments
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
