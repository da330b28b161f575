"""`mnistcli show step`."""

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from mnistcli.cli.options import ConfigArgument, Json, Overrides
from mnistcli.errors import command_line

if TYPE_CHECKING:
    from mnistcli.engine import Step

FULL_WIDTH = 76  # columns that the table of layers takes


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
    if json:
        print_json({"config": settings.name} | dataclasses.asdict(step))
        return
    count = "1 image" if step.images == 1 else f"{step.images:,} images"
    rate = f"learning rate {step.learning_rate:.4g}"
    heading = f"{settings.name}: one step of {settings.optimizer} on {count}, {rate}"
    results().print(heading, "", sep="\n", soft_wrap=True)
    has_room = results().width >= FULL_WIDTH
    results().print(_layer_table(step, has_room))
    if not has_room:
        results().print("no room for weights and change; --json has them", style="dim")
    change = f"loss {step.loss_before:.4f} before the step, {step.loss_after:.4f} after it"
    results().print(_explain_norms(has_room))
    results().print(f"{change}, on the same images", soft_wrap=True)
    if step.weights:
        results().print(_weight_table(step))
        if _is_plain(step):
            results().print("after = before - learning rate x gradient")
    results().print("", f"Next: {command_line('train', config)}", sep="\n", soft_wrap=True)


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


def _is_plain(step: "Step") -> bool:
    """Return whether the optimizer did what plain gradient descent does."""
    return all(
        math.isclose(
            weight.after, weight.before - step.learning_rate * weight.gradient, abs_tol=1e-6
        )
        for weight in step.weights
    )


def _weight_table(step: "Step") -> Any:
    table = _make_table("weight", "before", "gradient", "after")
    for weight in step.weights:
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
