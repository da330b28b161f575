"""`mnistcli summary`."""

import dataclasses
from typing import TYPE_CHECKING, Any

from mnistcli.cli.options import ConfigOrRun, Json, Overrides
from mnistcli.errors import command_line

if TYPE_CHECKING:
    from mnistcli.model import LayerSummary, ModelSummary


def summary_command(
    config: ConfigOrRun,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Show a model's layers, parameters, FLOPs and memory."""
    from mnistcli.cli.console import print_json, results, tensorflow_starting
    from mnistcli.cli.data import load_described
    from mnistcli.runs import names_run

    file, num_classes = load_described(config, overrides or ())
    if names_run(config):
        next_line = command_line("predict", "IMAGE", "--run", config)
    else:
        next_line = command_line("train", config)
    with tensorflow_starting():
        from mnistcli.model import build_network, summarize_model
    network = build_network(file, num_classes)
    summary = summarize_model(network.model, network.optimizer, file.config.batch_size)
    if json:
        print_json(dataclasses.asdict(summary))
    else:
        results().print(_layer_table(summary))
        results().print(_totals(summary))
        results().print("", f"Next: {next_line}", sep="\n", soft_wrap=True)


def _layer_table(summary: "ModelSummary") -> Any:
    from mnistcli.cli.tables import FittingTable

    table = FittingTable(summary.name)
    table.add_column("layer", overflow="fold")
    table.add_column("output shape", no_wrap=True)
    table.add_column("parameters", justify="right")
    table.add_column("FLOPs", justify="right")
    if summary.is_functional:
        table.add_column("inputs", overflow="fold", style="dim")
    previous_layer = None
    for layer in summary.layers:
        cells: list[Any] = [
            _layer_label(layer),
            layer.output_shape,
            f"{layer.parameters:,}",
            f"{layer.flops:,}",
        ]
        if summary.is_functional:
            # An input that is the layer in the row above needs no name.
            cells.append("" if layer.inputs == [previous_layer] else ", ".join(layer.inputs))
        table.add_row(*cells)
        previous_layer = layer.name
    return table


def _layer_label(layer: "LayerSummary") -> Any:
    """Return the layer's name, and its class where the name does not contain it."""
    from rich.text import Text

    label = Text(layer.name)
    if layer.kind != "InputLayer" and not layer.name.replace("_", "").startswith(
        layer.kind.lower()
    ):
        label.append(f" {layer.kind}", style="dim")
    return label


def _totals(summary: "ModelSummary") -> Any:
    from rich.table import Table

    from mnistcli.numbers import format_bytes

    frozen = summary.parameters - summary.trainable_parameters
    trainable = f" ({summary.trainable_parameters:,} trainable)" if frozen else ""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    grid.add_row("parameters", f"{summary.parameters:,}{trainable}")
    grid.add_row("FLOPs per image", f"{summary.flops:,} (forward pass)")
    grid.add_row("memory", f"{format_bytes(summary.parameter_bytes)} for the parameters")
    grid.add_row(
        "",
        f"about {format_bytes(summary.training_bytes)} to train in batches of {summary.batch_size}",
    )
    return grid
