"""The filters of a network, and its features of an image."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mnistcli.figures.style import (
    SMALL_SIZE,
    TEXT_SIZE,
    make_figure,
    remove_ticks,
    set_ticks,
    show_image,
    simplify_axes,
    styled,
    theme,
    tile_images,
    write_inside,
)

MAX_FILTERS = 32
FILTERS_PER_ROW = 8
MAX_MAPS = 64
BAR_ALPHA = 0.6  # so that bars are seen through others
MAPS_PER_ROW = 16
FEW_MAPS, VERY_FEW_MAPS = 16, 4  # are drawn twice and four times as large
MAP_WIDTH, HISTOGRAM_WIDTH = 8.0, 2.4  # inches
TEXT_LETTER = 0.075  # the width of most of the letters, in inches


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


@styled
def draw_filters(weights: NDArray[np.floating[Any]], layer: str) -> Figure:
    """Draw the strongest filters of a first layer, all with the same colour scale.

    Args:
        weights: (H, W, filters).
        layer: the layer's name.
    """
    weights = np.nan_to_num(weights)  # a training may have diverged
    height, width, count = weights.shape
    norms = np.linalg.norm(weights.reshape(-1, count), axis=0)
    strongest = order_filters(weights)[:MAX_FILTERS]
    what = f"filters of {height} x {width} weights"
    title = f"{layer}: {count} {what}, strongest first"
    if len(strongest) < count:
        title = f"{layer}: the strongest {len(strongest)} of {count} {what}"
    columns = min(FILTERS_PER_ROW, max(count, 4))
    rows = math.ceil(len(strongest) / columns)
    width = 1.05 * columns + 1.2
    figure = make_figure(width, 1.12 * rows + 1.0, title)
    text = (
        "Above each filter: its number and its norm. Red: ink there raises its output; "
        "blue: ink lowers it."
    )
    figure.supxlabel(textwrap.fill(text, int(width / TEXT_LETTER)))
    axes = figure.subplots()
    # Room for the caption above each: a fifth of its height, in whole pixels of an enlarged one.
    zoom = math.ceil(28 / max(height, width))
    tiles = weights[..., strongest].transpose(2, 0, 1).repeat(zoom, axis=1).repeat(zoom, axis=2)
    _, high, wide = tiles.shape
    room, gap = high // 4, wide // 7
    sheet = tile_images(np.pad(tiles, _above(room), constant_values=np.nan), columns, gap)
    largest = float(np.abs(weights).max()) or 1.0
    image = axes.imshow(sheet, cmap=theme().signed_colours(), vmin=-largest, vmax=largest)
    remove_ticks(axes)
    for place, unit in enumerate(strongest):
        row, column = divmod(place, columns)
        left = column * (wide + gap) + gap // 2 - 0.5
        top = row * (high + room + gap) + gap // 2 + room - 1.5
        write_inside(axes, left, top, str(unit), va="bottom", size=TEXT_SIZE, weight="bold")
        norm, style = f"{norms[unit]:.2f}", {"va": "bottom", "ha": "right", "size": SMALL_SIZE}
        write_inside(axes, left + wide, top, norm, **style)
    bar = figure.colorbar(image, shrink=0.8, aspect=30, label="weight")
    bar.outline.set_visible(False)
    return figure


def order_filters(weights: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the numbers of filters (H, W, filters), that of the largest norm first."""
    norms = np.linalg.norm(weights.reshape(-1, weights.shape[2]), axis=0)
    order: NDArray[np.int64] = np.argsort(-norms, kind="stable")
    return order


def _above(room: int) -> tuple[tuple[int, int], ...]:
    """Return the padding of images (N, H, W) that adds rows above each."""
    return (0, 0), (room, 0), (0, 0)


@styled
def draw_features(image: NDArray[np.uint8], layers: Sequence[LayerOutput], name: str) -> Figure:
    """Draw the outputs of layers for an image, before and after the activation.

    Args:
        image: (28, 28) uint8.
        layers: in the order of the network.
        name: the title.
    """
    heights = [1.5, *map(_row_height, layers)]
    figure = make_figure(MAP_WIDTH + HISTOGRAM_WIDTH, sum(heights) + 0.4, name)
    blocks = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    axes, rest = blocks[0].subplots(1, 2, width_ratios=[1, 5])
    show_image(axes, image, "the image")
    remove_ticks(rest)
    _explain(rest, layers)
    for block, layer in zip(blocks[1:], layers, strict=True):
        _draw_layer(block, layer)
    return figure


def _explain(axes: Any, layers: Sequence[LayerOutput]) -> None:
    """Write what the colours mean, once for all layers."""
    text = "The maps of a layer share one scale: dark is its lowest value, yellow its highest."
    if any(_is_map(layer) for layer in layers):
        axes.text(0, 0.75, text, transform=axes.transAxes, va="center", color=theme().muted)
    if any(layer.before is not None for layer in layers):
        colours = theme().colours
        before = Patch(color=colours[1], alpha=BAR_ALPHA, label="before the activation")
        after = Patch(color=colours[0], alpha=BAR_ALPHA, label="after it, as the layer hands it on")
        legend = axes.legend(handles=[before, after], loc="lower left", borderpad=0)
        legend.set_title("values of all pixels or units, at the right of each layer:")
        legend.set_alignment("left")


def _is_map(layer: LayerOutput) -> bool:
    """Return whether a layer's output is drawn as maps; those of one pixel are units."""
    return layer.after.ndim == 3 and layer.after.shape[:2] != (1, 1)


def _maps_per_row(layer: LayerOutput) -> int:
    count = layer.after.shape[2]
    if count <= VERY_FEW_MAPS:
        return MAPS_PER_ROW // 4
    return MAPS_PER_ROW // 2 if count <= FEW_MAPS else MAPS_PER_ROW


def _row_height(layer: LayerOutput) -> float:
    """Return the inches that a layer takes."""
    if not _is_map(layer):
        return 1.7
    columns = _maps_per_row(layer)
    rows = math.ceil(min(layer.after.shape[2], MAX_MAPS) / columns)
    height, width = layer.after.shape[:2]
    shape = min(float(height) / float(width), 2.0)
    return 0.45 + max(1.15, float(rows) * shape * MAP_WIDTH / columns)


def _draw_layer(block: Any, layer: LayerOutput) -> None:
    """Draw the maps or units of a layer, and a histogram of their values."""
    block.suptitle(_layer_title(layer), fontsize=TEXT_SIZE, x=0.01, ha="left", parse_math=False)
    axes, histogram = block.subplots(1, 2, width_ratios=[MAP_WIDTH, HISTOGRAM_WIDTH])
    if _is_map(layer):
        _draw_maps(axes, layer.after[..., :MAX_MAPS], _maps_per_row(layer))
    else:
        _draw_units(axes, layer.after.ravel())
    _draw_histogram(histogram, layer)


def _layer_title(layer: LayerOutput) -> str:
    """Return the layer's name, its shape and the range of its values."""
    size = " x ".join(map(str, layer.after.shape))
    if layer.after.ndim == 1:
        size += " units"
    elif _is_map(layer) and layer.after.shape[2] > MAX_MAPS:
        size += f" ({MAX_MAPS} of {layer.after.shape[2]} maps are drawn)"
    ranges = _range(layer.after)
    if layer.before is not None:
        ranges = f"{_range(layer.before)} before the activation, {ranges} after it"
    return f"{layer.layer}   {size}   {ranges}"


def _range(values: NDArray[np.floating[Any]]) -> str:
    return f"from {values.min():.2f} to {values.max():.2f}"


def _draw_histogram(axes: Any, layer: LayerOutput) -> None:
    colours = theme().colours
    series = [(layer.after.ravel(), colours[0])]
    if layer.before is not None:
        series.insert(0, (layer.before.ravel(), colours[1]))
    edges = np.histogram_bin_edges(np.concatenate([values for values, _ in series]), 30)
    highest = 1.0
    for values, colour in series:
        counts, *_ = axes.hist(values, edges, color=colour, alpha=BAR_ALPHA)
        highest = max(highest, float(counts.max()))
    axes.set_yscale("log")
    axes.set_ylim(0.5, highest * 1.6)  # so that a single value has a bar, too
    powers = [10.0**power for power in range(8) if 10**power <= highest]
    set_ticks(axes.yaxis, powers if len(powers) > 1 else [1, 2, 5], "{:,g}".format)
    axes.set_ylabel("pixels" if _is_map(layer) else "units")
    simplify_axes(axes)


def _draw_maps(axes: Any, maps: NDArray[np.floating[Any]], columns: int) -> None:
    """Draw maps (H, W, channels) beside and below each other."""
    low, high = float(maps.min()), float(maps.max())
    height, width, count = maps.shape
    zoom = max(1, math.ceil(28 / max(height, width)))  # a gap of one pixel is a small one
    tiles = maps.transpose(2, 0, 1).repeat(zoom, axis=1).repeat(zoom, axis=2)
    sheet = tile_images(tiles, columns, gap=2)
    if count < columns:  # as large as those of a full row
        empty = (columns - count) * (tiles.shape[2] + 2)
        sheet = np.pad(sheet, ((0, 0), (0, empty)), constant_values=np.nan)
    axes.imshow(sheet, cmap="viridis", vmin=low, vmax=high if high > low else low + 1)
    axes.set_anchor("NW")
    remove_ticks(axes)


def _draw_units(axes: Any, values: NDArray[np.floating[Any]]) -> None:
    count = len(values)
    axes.bar(np.arange(count), values, color=theme().colours[0])
    if count <= 20:
        axes.set_xticks(np.arange(count))
    axes.set_xlim(-0.7, count - 0.3)
    axes.set(xlabel="unit", ylabel="value")
    simplify_axes(axes)
