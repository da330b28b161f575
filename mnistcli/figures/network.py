"""What a network has learned, and what it makes of an image."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnistcli.figures.style import COLOURS, grid, new_figure, plain_axes, show_image

MOST_SHOWN = 64
MAPS_SHOWN = 8


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
    """Draw the weights of a first layer, each filter on a scale of its own colour's strength.

    Args:
        weights: (H, W, filters).
        layer: its name.
    """
    count = weights.shape[2]
    shown = min(count, MOST_SHOWN)
    columns = min(8, shown)
    rows = math.ceil(shown / columns)
    some = "" if shown == count else f", the first {shown}"
    title = f"{layer}: {count} filters of {weights.shape[0]} x {weights.shape[1]} weights{some}"
    figure = new_figure(9, 1.15 * rows + 1.2, title)
    strongest = float(np.abs(weights[..., :shown]).max()) or 1.0
    places = list(grid(figure, rows, columns))
    drawn = None
    for i, place in enumerate(places):
        if i >= shown:
            place.set_axis_off()
            continue
        drawn = place.imshow(weights[..., i], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
        place.set(xticks=[], yticks=[])
        place.set_title(str(i), fontsize=7, pad=2)
    if drawn is not None:
        figure.colorbar(drawn, ax=places, shrink=0.7, label="weight (blue: ink speaks against it)")
    return figure


def draw_features(image: NDArray[np.uint8], layers: Sequence[LayerOutput], name: str) -> Figure:
    """Draw what each layer makes of an image, with its values before and after the activation.

    Args:
        image: (28, 28), what the network sees.
    """
    figure = new_figure(13, 1.75 * (len(layers) + 1) + 0.4, name)
    blocks = figure.subfigures(len(layers) + 1, 1, squeeze=False)[:, 0]
    axes = blocks[0].subplots(1, MAPS_SHOWN + 2, width_ratios=[1] * MAPS_SHOWN + [0.15, 2])
    show_image(axes[0], image, "the image")
    for place in axes[1:]:
        place.set_axis_off()
    for block, layer in zip(blocks[1:], layers, strict=True):
        _draw_layer(block, layer)
    return figure


def _draw_layer(block: Any, layer: LayerOutput) -> None:
    size = " x ".join(map(str, layer.after.shape))
    if layer.after.ndim == 1:
        size += " units"
    elif layer.after.shape[2] > MAPS_SHOWN:
        size += f" (the first {MAPS_SHOWN} of them)"
    ranges = f"from {layer.after.min():.2f} to {layer.after.max():.2f}"
    if layer.before is not None:
        ranges = (
            f"from {layer.before.min():.2f} to {layer.before.max():.2f} before the activation, "
            f"{ranges} after it"
        )
    block.suptitle(f"{layer.layer}   {size}   {ranges}", fontsize=9, x=0.01, ha="left")
    both = [("before", layer.before, COLOURS[1]), ("after", layer.after, COLOURS[0])]
    kept = [(told, values.ravel(), colour) for told, values, colour in both if values is not None]
    if layer.after.ndim == 1:
        bars, histogram = block.subplots(1, 2, width_ratios=[MAPS_SHOWN + 0.15, 2])
        _draw_units(bars, layer)
    else:
        axes = block.subplots(1, MAPS_SHOWN + 2, width_ratios=[1] * MAPS_SHOWN + [0.15, 2])
        _draw_maps(axes[:MAPS_SHOWN], layer.after)
        axes[MAPS_SHOWN].set_axis_off()
        histogram = axes[-1]
    edges = np.histogram_bin_edges(np.concatenate([values for _, values, _ in kept]), 30)
    for told, values, colour in kept:
        histogram.hist(values, edges, color=colour, alpha=0.6, label=told)
    histogram.set_yscale("log")
    histogram.tick_params(labelsize=6)
    histogram.set_xlabel("value", fontsize=7)
    histogram.set_ylabel("pixels" if layer.after.ndim > 1 else "units", fontsize=7)
    if len(kept) > 1:
        histogram.legend(fontsize=6, frameon=False)
    plain_axes(histogram)


def _draw_maps(places: Sequence[Any], maps: NDArray[np.floating[Any]]) -> None:
    low, high = float(maps.min()), float(maps.max())
    for i, place in enumerate(places):
        if i < maps.shape[2]:
            place.imshow(maps[..., i], cmap="viridis", vmin=low, vmax=high or 1)
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
