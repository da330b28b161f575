"""The filters of a network, and its features of an image."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, make_figure, make_grid, show_image, simplify_axes

MAX_FILTERS = 128
MAX_MAPS = 8
MIN_COLUMNS = 5  # so that the title of a row has room


class LayerOutput(NamedTuple):
    """The output of one layer for one image.

    Attributes:
        layer: the layer's name.
        before: (H, W, channels) or (units,), before the activation; None without an activation.
        after: the same shape, after the activation.
    """

    layer: str
    before: NDArray[np.floating[Any]] | None
    after: NDArray[np.floating[Any]]


def draw_filters(weights: NDArray[np.floating[Any]], layer: str) -> Figure:
    """Draw the filters of a first layer, all with the same colour scale.

    Args:
        weights: (H, W, filters).
        layer: the layer's name.
    """
    count = weights.shape[2]
    weights = weights[..., :MAX_FILTERS]
    height, width, num_filters = weights.shape
    rows = math.ceil(num_filters / (8 if num_filters <= 32 else 16))
    columns = math.ceil(num_filters / rows)
    title = f"{layer}: {count} filters of {height} x {width} weights"
    if num_filters < count:
        title += f", the first {num_filters}"
    figure = make_figure(max(8, columns + 1.2), 1.2 * rows + 1.3, title)
    figure.supxlabel("red: ink there speaks for the filter; blue: against it", fontsize=9)
    max_weight = float(np.abs(weights).max()) or 1.0
    panels = make_grid(figure, rows, columns)
    for axes in panels[num_filters:]:
        axes.set_axis_off()
    for i, axes in enumerate(panels[:num_filters]):
        image = axes.imshow(weights[..., i], cmap="RdBu_r", vmin=-max_weight, vmax=max_weight)
        axes.set(xticks=[], yticks=[])
        axes.set_title(str(i), fontsize=7, pad=2)
    figure.colorbar(image, ax=panels, shrink=0.8, label="weight")
    return figure


def draw_features(image: NDArray[np.uint8], layers: Sequence[LayerOutput], name: str) -> Figure:
    """Draw the outputs of layers for an image, before and after the activation.

    Args:
        image: (28, 28) uint8.
        layers: in the order of the network.
        name: the title.
    """
    max_channels = max(
        (layer.after.shape[2] for layer in layers if layer.after.ndim == 3), default=0
    )
    columns = min(max(max_channels, MIN_COLUMNS), MAX_MAPS)
    figure = make_figure(1.3 * columns + 2.6, 1.75 * (len(layers) + 1) + 0.4, name)
    blocks = figure.subfigures(len(layers) + 1, 1, squeeze=False)[:, 0]
    panels = _make_row(blocks[0], columns)
    show_image(panels[0], image, "the image")
    for axes in panels[1:]:
        axes.set_axis_off()
    if max_channels:
        legend = "Maps of a layer share one scale: dark is its lowest value, yellow its highest."
        axes = panels[1]
        text = axes.text(0, 0.5, legend, transform=axes.transAxes, fontsize=9, va="center")
        text.set_in_layout(False)  # it may extend over the empty axes to its right
    for block, layer in zip(blocks[1:], layers, strict=True):
        _draw_layer(block, layer, columns)
    return figure


def _make_row(block: Any, columns: int) -> NDArray[Any]:
    """Return axes for the maps of a layer, empty axes as a gap, and axes for a histogram."""
    panels: NDArray[Any] = block.subplots(1, columns + 2, width_ratios=[*[1] * columns, 0.15, 2])
    panels[columns].set_axis_off()
    return panels


def _draw_layer(block: Any, layer: LayerOutput, columns: int) -> None:
    """Draw the maps or units of a layer, and a histogram of their values."""
    block.suptitle(_layer_title(layer, columns), fontsize=9, x=0.01, ha="left", parse_math=False)
    if layer.after.ndim == 1:
        axes, histogram = block.subplots(1, 2, width_ratios=[columns + 0.15, 2])
        _draw_units(axes, layer)
    else:
        *panels, _, histogram = _make_row(block, columns)
        _draw_maps(panels, layer.after)
    _draw_histogram(histogram, layer)


def _layer_title(layer: LayerOutput, columns: int) -> str:
    """Return the layer's name, its shape and the range of its values."""
    size = " x ".join(map(str, layer.after.shape))
    if layer.after.ndim == 1:
        size += " units"
    elif layer.after.shape[2] > columns:
        size += f" (the first {columns} of them)"
    ranges = f"from {layer.after.min():.2f} to {layer.after.max():.2f}"
    if layer.before is not None:
        ranges = (
            f"from {layer.before.min():.2f} to {layer.before.max():.2f} before the activation, "
            f"{ranges} after it"
        )
    return f"{layer.layer}   {size}   {ranges}"


def _draw_histogram(axes: Any, layer: LayerOutput) -> None:
    series = [("after", layer.after.ravel(), COLOURS[0])]
    if layer.before is not None:
        series.insert(0, ("before", layer.before.ravel(), COLOURS[1]))
    edges = np.histogram_bin_edges(np.concatenate([values for _, values, _ in series]), 30)
    for label, values, colour in series:
        axes.hist(values, edges, color=colour, alpha=0.6, label=label)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5)  # so that a single value has a bar, too
    axes.tick_params(labelsize=6)
    axes.set_xlabel("value", fontsize=7)
    axes.set_ylabel("pixels" if layer.after.ndim > 1 else "units", fontsize=7)
    if len(series) > 1:
        # "best" is the default, and warns that it is slow on a busy machine.
        axes.legend(fontsize=6, frameon=False, loc="upper right")
    simplify_axes(axes)


def _draw_maps(panels: Sequence[Any], maps: NDArray[np.floating[Any]]) -> None:
    low, high = float(maps.min()), float(maps.max())
    scale = {"vmin": low, "vmax": high if high > low else low + 1}
    for i, axes in enumerate(panels):
        if i < maps.shape[2]:
            axes.imshow(maps[..., i], cmap="viridis", **scale)
            axes.set(xticks=[], yticks=[])
        else:
            axes.set_axis_off()


def _draw_units(axes: Any, layer: LayerOutput) -> None:
    count = len(layer.after)
    axes.bar(np.arange(count), layer.after, color=COLOURS[0])
    if count <= 20:
        axes.set_xticks(np.arange(count))
    axes.set_xlim(-0.7, count - 0.3)
    axes.tick_params(labelsize=7)
    axes.set_xlabel("unit", fontsize=7)
    axes.set_ylabel("value", fontsize=7)
    simplify_axes(axes)
