"""What a network has learned, and what it makes of an image."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, grid, new_figure, plain_axes, show_image

MOST_SHOWN = 128
MAPS_SHOWN = 8
FEWEST_COLUMNS = 5  # so that the words above a row find room


class LayerOutput(NamedTuple):
    """What one layer makes of one image.

    Attributes:
        layer: its name.
        before: (H, W, channels) or (units,), before its activation; None without one.
        after: likewise, what it hands on.
    """

    layer: str
    before: NDArray[np.floating[Any]] | None
    after: NDArray[np.floating[Any]]


def draw_filters(weights: NDArray[np.floating[Any]], layer: str) -> Figure:
    """Draw the weights of a first layer, all filters on one scale of colours.

    Args:
        weights: (H, W, filters).
        layer: its name.
    """
    count = weights.shape[2]
    shown = min(count, MOST_SHOWN)
    rows = math.ceil(shown / (8 if shown <= 32 else 16))
    columns = math.ceil(shown / rows)
    some = "" if shown == count else f", the first {shown}"
    title = f"{layer}: {count} filters of {weights.shape[0]} x {weights.shape[1]} weights{some}"
    figure = new_figure(max(8, columns + 1.2), 1.2 * rows + 1.3, title)
    figure.supxlabel("red: ink there speaks for the filter; blue: against it", fontsize=9)
    strongest = float(np.abs(weights[..., :shown]).max()) or 1.0
    places = list(grid(figure, rows, columns))
    for place in places[shown:]:
        place.set_axis_off()
    for i, place in enumerate(places[:shown]):
        drawn = place.imshow(weights[..., i], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
        place.set(xticks=[], yticks=[])
        place.set_title(str(i), fontsize=7, pad=2)
    figure.colorbar(drawn, ax=places, shrink=0.8, label="weight")
    return figure


def draw_features(image: NDArray[np.uint8], layers: Sequence[LayerOutput], name: str) -> Figure:
    """Draw what each layer makes of an image, with its values before and after the activation.

    Args:
        image: (28, 28), what the network sees.
        layers: in the order of the network.
        name: the title.
    """
    most = max((layer.after.shape[2] for layer in layers if layer.after.ndim == 3), default=0)
    columns = min(max(most, FEWEST_COLUMNS), MAPS_SHOWN)
    figure = new_figure(1.3 * columns + 2.6, 1.75 * (len(layers) + 1) + 0.4, name)
    blocks = figure.subfigures(len(layers) + 1, 1, squeeze=False)[:, 0]
    axes = _row_of_maps(blocks[0], columns)
    show_image(axes[0], image, "the image")
    for place in axes[1:]:
        place.set_axis_off()
    if most:
        told = "Maps of a layer share one scale: dark is its lowest value, yellow its highest."
        text = axes[1].text(0, 0.5, told, transform=axes[1].transAxes, fontsize=9, va="center")
        text.set_in_layout(False)  # it may reach over the empty axes beside it
    for block, layer in zip(blocks[1:], layers, strict=True):
        _draw_layer(block, layer, columns)
    return figure


def _row_of_maps(block: Any, columns: int) -> NDArray[Any]:
    """Axes for maps, one that keeps a distance, and one for a histogram."""
    axes: NDArray[Any] = block.subplots(1, columns + 2, width_ratios=[*[1] * columns, 0.15, 2])
    axes[columns].set_axis_off()
    return axes


def _draw_layer(block: Any, layer: LayerOutput, columns: int) -> None:
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
    told = f"{layer.layer}   {size}   {ranges}"
    block.suptitle(told, fontsize=9, x=0.01, ha="left", parse_math=False)
    both = [("before", layer.before, COLOURS[1]), ("after", layer.after, COLOURS[0])]
    kept = [(when, values.ravel(), colour) for when, values, colour in both if values is not None]
    if layer.after.ndim == 1:
        bars, histogram = block.subplots(1, 2, width_ratios=[columns + 0.15, 2])
        _draw_units(bars, layer)
    else:
        axes = _row_of_maps(block, columns)
        _draw_maps(axes[:columns], layer.after)
        histogram = axes[-1]
    edges = np.histogram_bin_edges(np.concatenate([values for _, values, _ in kept]), 30)
    for when, values, colour in kept:
        histogram.hist(values, edges, color=colour, alpha=0.6, label=when)
    histogram.set_yscale("log")
    histogram.set_ylim(bottom=0.5)  # a single one has a bar, too
    histogram.tick_params(labelsize=6)
    histogram.set_xlabel("value", fontsize=7)
    histogram.set_ylabel("pixels" if layer.after.ndim > 1 else "units", fontsize=7)
    if len(kept) > 1:
        histogram.legend(fontsize=6, frameon=False)
    plain_axes(histogram)


def _draw_maps(places: NDArray[Any], maps: NDArray[np.floating[Any]]) -> None:
    low, high = float(maps.min()), float(maps.max())
    scale = {"vmin": low, "vmax": high if high > low else low + 1}
    for i, place in enumerate(places):
        if i < maps.shape[2]:
            place.imshow(maps[..., i], cmap="viridis", **scale)
            place.set(xticks=[], yticks=[])
        else:
            place.set_axis_off()


def _draw_units(place: Any, layer: LayerOutput) -> None:
    count = len(layer.after)
    place.bar(np.arange(count), layer.after, color=COLOURS[0])
    if count <= 20:
        place.set_xticks(np.arange(count))
    place.set_xlim(-0.7, count - 0.3)
    place.tick_params(labelsize=7)
    place.set_xlabel("unit", fontsize=7)
    place.set_ylabel("value", fontsize=7)
    plain_axes(place)
