"""A network as a diagram: its layers from above to below, and what goes from one to another."""

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from mnistcli.figures.style import make_figure, styled, theme

ROW_HEIGHT = 0.42  # inches
BOX_HEIGHT = 0.62  # of a row
WIDTH = 8.8
BOX_RIGHT, SHAPE_RIGHT, PARAMETERS_RIGHT = 5.8, 7.0, 8.3
LANE_WIDTH = 0.22
MAX_LABEL = 58  # letters in a box
# The number of a box's colour, by what the name of its class holds.
_KINDS = (
    ("Conv", 0),
    ("Dense", 1),
    ("Pool", 2),
    ("Norm", 4),
    ("Drop", 3),
    ("ReLU", 5),
    ("Activation", 5),
    ("Softmax", 5),
)


class NetworkLayer(NamedTuple):
    """A layer of a diagram.

    Attributes:
        name: by which other layers name it as an input.
        kind: its class.
        label: what it is, with its arguments.
        output_shape: such as (12, 12, 16).
        parameters: how many it has.
        inputs: the names of the layers that feed it.
    """

    name: str
    kind: str
    label: str
    output_shape: str
    parameters: int
    inputs: Sequence[str]


class Lane(NamedTuple):
    """A line beside the layers, from one of them to others that do not follow it at once.

    Attributes:
        number: its place, 0 next to the layers.
        start: the row of the layer that it begins at.
        ends: the rows of those that it leads to, in rising order.
    """

    number: int
    start: int
    ends: tuple[int, ...]


def find_lanes(layers: Sequence[NetworkLayer]) -> list[Lane]:
    """Return the lanes that a network needs; those whose rows do not meet share a place."""
    rows = {layer.name: row for row, layer in enumerate(layers)}
    ends: dict[int, list[int]] = {}
    for row, layer in enumerate(layers):
        for name in layer.inputs:
            if rows[name] != row - 1:
                ends.setdefault(rows[name], []).append(row)
    lanes: list[Lane] = []
    for start, lane_ends in sorted(ends.items()):
        busy = {lane.number for lane in lanes if lane.ends[-1] >= start}
        number = next(place for place in range(len(busy) + 1) if place not in busy)
        lanes.append(Lane(number, start, tuple(sorted(set(lane_ends)))))
    return lanes


def follows(layers: Sequence[NetworkLayer], row: int) -> bool:
    """Return whether the layer of a row is fed by that of the row above."""
    return row > 0 and layers[row - 1].name in layers[row].inputs


def draw_lines(layers: Sequence[NetworkLayer]) -> list[tuple[str, str]]:
    """Return the lines of a diagram as text, all of the same length.

    Returns:
        For each layer the characters beside it, and those beside more lines of its text.
    """
    lanes = find_lanes(layers)
    width = max((lane.number for lane in lanes), default=-1) + 1
    lines = []
    for row in range(len(layers)):
        above, below = follows(layers, row), row + 1 < len(layers) and follows(layers, row + 1)
        places = {}
        for lane in lanes:
            if lane.start <= row <= lane.ends[-1]:
                is_event = row == lane.start or row in lane.ends
                up, down = row > lane.start, row < lane.ends[-1]
                places[lane.number] = (is_event, up, down)
        last_event = max((number for number, place in places.items() if place[0]), default=-1)
        line, more = _BOX[above, below, False, last_event >= 0], "\u2502" if below else " "
        for number in range(width):
            is_event, up, down = places.get(number, (False, False, False))
            left, right = number <= last_event, number < last_event
            is_crossed = up and not is_event  # by a line that does not touch it
            line += "\u2500" if left else " "
            line += "\u2502" if is_crossed else _BOX[up, down, left, right]
            more += " \u2502" if down else "  "
        lines.append((line, more))
    return lines


# A character of a line: whether something goes up, down, left and right from it.
_BOX = {
    (up, down, left, right): characters[2 * left + right]
    for (up, down), characters in {
        (False, False): " \u2500\u2500\u2500",
        (False, True): "\u2502\u256d\u256e\u252c",
        (True, False): "\u2502\u2570\u256f\u2534",
        (True, True): "\u2502\u251c\u2524\u253c",
    }.items()
    for left in (False, True)
    for right in (False, True)
}


@styled
def draw_network(layers: Sequence[NetworkLayer], title: str) -> Figure:
    """Draw a network, with the shape and the parameters of each layer.

    Args:
        layers: in an order in which each follows its inputs.
    """
    lanes = find_lanes(layers)
    left = 0.3 + LANE_WIDTH * (1 + max((lane.number for lane in lanes), default=-1))
    figure = make_figure(WIDTH, ROW_HEIGHT * (len(layers) + 1) + 0.6, title)
    axes = figure.subplots()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(len(layers) - 0.4, -1.2)
    axes.set_axis_off()
    for text, right in (("output", SHAPE_RIGHT), ("parameters", PARAMETERS_RIGHT)):
        axes.text(right, -0.9, text, color=theme().muted, ha="right", va="center")
    for row, layer in enumerate(layers):
        _draw_layer(axes, row, left, layer)
        if follows(layers, row):
            start, end = row - 1 + BOX_HEIGHT / 2, row - BOX_HEIGHT / 2
            _draw_arrow(axes, (left + 0.5, start), (left + 0.5, end))
    for lane in lanes:
        _draw_lane(axes, lane, left)
    return figure


def _draw_layer(axes: Any, row: int, left: float, layer: NetworkLayer) -> None:
    number = next((number for part, number in _KINDS if part in layer.kind), None)
    colour = theme().muted if number is None else theme().colours[number]
    box = FancyBboxPatch(
        (left, row - BOX_HEIGHT / 2),
        BOX_RIGHT - left,
        BOX_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=(colour, 0.15),
        edgecolor=colour,
        mutation_aspect=2,
    )
    axes.add_patch(box)
    label = textwrap.shorten(layer.label, MAX_LABEL, placeholder=" \u2026")
    options = {"va": "center", "parse_math": False}
    axes.text(left + 0.12, row, label, **options)
    axes.text(SHAPE_RIGHT, row, layer.output_shape, ha="right", **options)
    if layer.parameters:
        axes.text(PARAMETERS_RIGHT, row, f"{layer.parameters:,}", ha="right", **options)


def _draw_lane(axes: Any, lane: Lane, left: float) -> None:
    place = left - LANE_WIDTH * (lane.number + 1)
    axes.plot(
        [left, place, place], [lane.start, lane.start, lane.ends[-1]], color=theme().muted, lw=1
    )
    for end in lane.ends:
        _draw_arrow(axes, (place, end), (left, end))


def _draw_arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "color": theme().muted, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=arrow)
