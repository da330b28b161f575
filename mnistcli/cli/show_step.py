"""`mnistcli show step`."""

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mnistcli.cli.options import ConfigArgument, Json, Overrides
from mnistcli.errors import command_line

if TYPE_CHECKING:
    from mnistcli.config import Config
    from mnistcli.engine import ImageStep, Step, UnitStep, WeightStep

FULL_WIDTH = 76  # columns that the table of layers takes
MAX_CLASSES = 10  # that fit into a table of the first image
MAX_PRODUCTS = 4  # of a unit; of more, two are spelled out
MAX_WEIGHTS = 12  # that are listed; of more, those of one unit


def show_step(
    config: ConfigArgument,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Show the first step of training, in numbers."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.data import load_and_start
    from mnistcli.config import load_config
    from mnistcli.execution import preferred_kernels

    file = load_config(config, overrides or ())
    [dataset] = load_and_start([file], json, preferred_kernels(file.config))
    from mnistcli.engine import take_step
    from mnistcli.training import prepare

    preparation = prepare(file, dataset)
    settings, train = preparation.file.config, preparation.splits.train
    rows = preparation.order(1)[: settings.batch_size]
    step = take_step(preparation.network, train.images[rows], train.labels[rows])
    number = int(train.images.rows[rows[0]])
    is_original = number < len(dataset.train_labels)  # and not of `data.extra`
    image = f"{settings.data.dataset}:train:{number}" if is_original else None
    if json:
        document = {"config": settings.name} | dataclasses.asdict(step)
        document["first_image"] = {"image": image} | document["first_image"]
        print_json(document)
        return
    _print_step(step, settings, image or "of data.extra")
    results().print("", f"Next: {command_line('train', config)}", sep="\n", soft_wrap=True)


def _print_step(step: "Step", settings: "Config", image: str) -> None:
    """Print a step, whose first image has a name, from its layers to the loss after it."""
    from mnistcli.cli.console import results

    count = "1 image" if step.images == 1 else f"{step.images:,} images"
    rate = f"learning rate {step.learning_rate:.4g}"
    heading = f"{settings.name}: one step of {settings.optimizer} on {count}, {rate}"
    results().print(heading, "", sep="\n", soft_wrap=True)
    has_room = results().width >= FULL_WIDTH
    results().print(_layer_table(step, has_room))
    if not has_room:
        results().print("no room for weights and change; --json has them", style="dim")
    results().print(_explain_norms(has_room))
    results().print("", f"the first image is {image}, a {step.first_image.label}", sep="\n")
    _print_image(step.first_image)
    if step.weights:
        listed = _listed_weights(step)
        if _is_plain(step):
            results().print("", *_explain_change(step, listed), sep="\n", soft_wrap=True)
        results().print(_weight_table(listed))
        if len(listed) < len(step.weights):
            results().print(
                f"{len(listed)} of the last {len(step.weights)} weights; --json has these"
            )
    change = f"loss {step.loss_before:.4f} before the step, {step.loss_after:.4f} after it"
    results().print(f"{change}, on the same images", soft_wrap=True)


def _explain_norms(with_norms_of_weights: bool) -> str:
    if with_norms_of_weights:
        return "gradient, weights and change are norms over all weights of a layer"
    return "gradient is the norm over all weights of a layer"


def _layer_table(step: "Step", with_norms_of_weights: bool) -> Any:
    headings = ["output", "mean", "deviation", "gradient"]
    if with_norms_of_weights:
        headings += ["weights", "change"]
    table = _make_table("layer", *headings)
    for layer in step.layers:
        norms = [layer.gradient_norm, layer.norm_before, layer.change_norm]
        cells = [layer.output_shape, f"{layer.mean:z.4f}", f"{layer.deviation:.4f}"]
        cells += ["" if norm is None else f"{norm:.4f}" for norm in norms]
        table.add_row(layer.name, *cells[: len(headings)])
    return table


def _print_image(image: "ImageStep") -> None:
    """Print the outputs for an image, the probabilities made of them, and a unit's arithmetic."""
    from mnistcli.cli.console import results
    from mnistcli.recognition import OutputKind

    outputs, probabilities = image.outputs, image.probabilities
    if len(outputs) <= MAX_CLASSES:
        table = _make_table("class", *map(str, range(len(outputs))))
        kind = image.output_kind
        decimals = 2 if kind in (OutputKind.LOGITS, OutputKind.SCORES) else 3
        table.add_row("output", *(f"{output:z.{decimals}f}" for output in outputs))
        if kind is not OutputKind.PROBABILITIES:
            name = "share" if kind is OutputKind.INDEPENDENT else "softmax"
            table.add_row(name, *(f"{share:.3f}" for share in probabilities))
        results().print(table)
    if image.unit:
        results().print(_explain_unit(image.unit), soft_wrap=True)


def _explain_unit(unit: "UnitStep") -> str:
    """Return such as dense[4]: w·x + b = 0.1 x 0.2 + 0.3 x 0.4 + 0 = 0.14."""
    pairs = list(zip(unit.weights, unit.inputs, strict=True))
    count = len(pairs)
    if count > MAX_PRODUCTS:
        # The largest say most, and many inputs are 0.
        pairs = sorted(pairs, key=lambda pair: -abs(pair[0] * pair[1]))[:2]
    terms = [f"({weight:z.3f} x {value:z.3f})" for weight, value in pairs]
    if len(pairs) < count:
        terms.append(f"... ({count} products)")
    if unit.bias is not None:
        terms.append(f"{unit.bias:z.3f}")
    formula = "w·x" if unit.bias is None else "w·x + b"
    return f"{unit.name}: {formula} = {' + '.join(terms)} = {unit.total:z.3f}"


def _explain_change(step: "Step", listed: "Sequence[WeightStep]") -> list[str]:
    """Return the arithmetic of the weight with the largest gradient, of a kernel where one is."""
    kernel = [each for each in listed if "," in each.name]  # has several axes
    weight = max(kernel or listed, key=lambda each: abs(each.gradient))
    change = f"{weight.before:z.6f} - {step.learning_rate:.4g} x {weight.gradient:z.6f}"
    return [
        "after = before - learning rate x gradient",
        f"{weight.name}: {change} = {weight.after:z.6f}",
    ]


def _is_plain(step: "Step") -> bool:
    """Return whether the optimizer did what plain gradient descent does."""
    return all(
        math.isclose(
            weight.after, weight.before - step.learning_rate * weight.gradient, abs_tol=1e-6
        )
        for weight in step.weights
    )


def _listed_weights(step: "Step") -> "list[WeightStep]":
    """Return the weights if they are few, else those of the unit that was spelled out."""
    unit = step.first_image.unit
    if unit is None or len(step.weights) <= MAX_WEIGHTS:
        return step.weights
    layer, label = unit.name.partition("[")[0], step.first_image.label
    end = re.compile(rf"{re.escape(layer)}/.*[\[ ]{label}\]")
    return [each for each in step.weights if end.fullmatch(each.name)]


def _weight_table(weights: "Sequence[WeightStep]") -> Any:
    table = _make_table("weight", "before", "gradient", "after")
    for weight in weights:
        numbers = (weight.before, weight.gradient, weight.after)
        table.add_row(weight.name, *(f"{number:z.6f}" for number in numbers))
    return table


def _make_table(first: str, *others: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, overflow="fold")
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
