"""Figures as text, for terminals that show no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from mnistcli.cli.charts import STYLES, Line, LineChart, bar_chart
from mnistcli.cli.picture_views import digit_view, picture_view
from mnistcli.errors import printable
from mnistcli.figures import (
    accuracy_scale,
    find_mistakes,
    loss_scale,
    measure_classes,
    order_filters,
)
from mnistcli.numbers import format_percent

if TYPE_CHECKING:
    from mnistcli.cli.figures import Answers
    from mnistcli.figures import RunCurves

SIDE_BY_SIDE = 110  # columns of a terminal on which two charts stand beside each other
DIGIT_WIDTH = 28
MISTAKE_ROWS = 2
MIN_FILTER_WIDTH, FILTER_ROWS = 10, 4
SIGNS = "=- +#"  # from the smallest weight to the largest
RED, BLUE = (178, 24, 43), (33, 102, 172)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class TrainingView:
    """The course of runs: of one, training and validation; of several, validation alone."""

    def __init__(self, runs: Sequence[RunCurves]) -> None:
        self.runs = runs[: len(LETTERS)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        charts = [self._chart("loss"), self._chart("accuracy")]
        if options.max_width >= SIDE_BY_SIDE:
            grid = Table.grid(padding=(0, 3), expand=True)
            grid.add_column(ratio=1)
            grid.add_column(ratio=1)
            grid.add_row(*charts)
            yield grid
        else:
            yield from charts
        for letter, run in zip(LETTERS, self.runs, strict=False):
            notes = [] if len(self.runs) == 1 else [f"{letter}  {run.label}"]
            if run.best_epoch is not None:
                notes.append(f"best epoch {run.best_epoch}")
            if not run.is_finished:
                notes.append("not finished")
            yield Text(printable(", ".join(notes)))

    def _chart(self, metric: str) -> LineChart:
        lines = self._lines(metric)
        values = [value for line in lines for _, value in line.points]
        scale = loss_scale(values) if metric == "loss" else accuracy_scale(values)
        kind = "" if len(self.runs) == 1 else "validation "
        return LineChart(f"{kind}{metric}{scale.name}", lines, scale)

    def _lines(self, metric: str) -> list[Line]:
        if len(self.runs) == 1:
            run = self.runs[0]
            lines = [
                Line("training", run.points(metric), STYLES[0]),
                Line("validation", run.points(f"val_{metric}"), STYLES[1]),
            ]
            return [line for line in lines if line.points]
        return [
            Line(letter, run.points(f"val_{metric}") or run.points(metric), style)
            for letter, run, style in zip(LETTERS, self.runs, STYLES * len(self.runs), strict=False)
        ]


def _digit_columns(options: ConsoleOptions) -> int:
    return max(1, (options.max_width + 2) // (DIGIT_WIDTH + 2))


class ImagesView:
    """Images (28, 28) with a caption above each, in as many columns as there is room for."""

    def __init__(self, images: Sequence[NDArray[np.uint8]], captions: Sequence[str]) -> None:
        self.images, self.captions = images, captions

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = _digit_columns(options)
        for start in range(0, len(self.images), columns):
            grid = Table.grid(padding=(0, 2, 0, 0))
            row = slice(start, start + columns)
            grid.add_row(*(Text(printable(caption)) for caption in self.captions[row]))
            grid.add_row(*map(digit_view, self.images[row]))
            yield grid


class MistakesView:
    """The mistakes of the highest confidence, in as many columns as there is room for."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        answers = self.answers
        places, total = find_mistakes(answers.labels, answers.probabilities)
        shown = places[: MISTAKE_ROWS * _digit_columns(options)].tolist()
        yield Text(f"{len(shown)} of {total:,} mistakes, the highest confidence first", "bold")
        images = [answers.images[place] for place in shown]
        yield ImagesView(images, list(map(self._caption, shown)))

    def _caption(self, place: int) -> str:
        probabilities = self.answers.probabilities[place]
        confidence = format_percent(float(probabilities.max()), decimals=1)
        return f"{self.answers.labels[place]} taken for {probabilities.argmax()}, {confidence}"


class FiltersView:
    """The strongest filters of a layer (H, W, filters), red above 0 and blue below.

    Without colours, signs stand for the weights.
    """

    def __init__(self, weights: NDArray[np.floating[Any]]) -> None:
        weights = np.nan_to_num(weights)  # a training may have diverged
        self.strongest = order_filters(weights).tolist()
        self.levels = (weights / (float(np.abs(weights).max()) or 1.0)).clip(-1, 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        has_colours = console.color_system is not None and not console.no_color
        draw = _paint if has_colours and not options.ascii_only else _spell
        _, width, count = self.levels.shape
        zoom = max(1, -(-MIN_FILTER_WIDTH // width))
        columns = max(1, (options.max_width + 2) // (zoom * width + 2))
        strongest = self.strongest[: FILTER_ROWS * columns]
        yield Text(f"{len(strongest)} of {count} filters, the strongest first", "bold")
        if draw is _spell:
            yield Text("# and + above 0, - and = below")
        for start in range(0, len(strongest), columns):
            row = strongest[start : start + columns]
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_row(*(Text(str(unit)) for unit in row))
            grid.add_row(*(draw(self.levels[:, :, unit], zoom) for unit in row))
            yield grid


def _paint(levels: NDArray[np.floating[Any]], zoom: int) -> RenderableType:
    """Draw levels (H, W) in [-1, 1] in the colours of the figure, and less of it in whiter ones."""
    levels = levels.repeat(zoom, axis=0).repeat(zoom, axis=1)[..., np.newaxis]
    pixels = np.rint(255 + (np.where(levels > 0, RED, BLUE) - 255) * np.abs(levels))
    padding = ((0, len(pixels) % 2), (0, 0), (0, 0))
    return picture_view(np.pad(pixels.astype(np.uint8), padding, constant_values=255))


def _spell(levels: NDArray[np.floating[Any]], zoom: int) -> RenderableType:
    """Draw levels (H, W) in [-1, 1] as signs, half as high as wide."""
    signs = np.rint(2 * levels).astype(int) + 2
    rows = signs.repeat(max(1, zoom // 2), axis=0).repeat(zoom, axis=1).tolist()
    return Text("\n".join("".join(SIGNS[sign] for sign in row) for row in rows))


def separation_view(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]]
) -> RenderableType:
    """Show the areas under the curves of each class, from labels (N,) and probabilities (N, C)."""
    table = Table(box=None, pad_edge=False)
    for heading in ("class", "area under ROC", "average precision"):
        table.add_column(heading, justify="right", no_wrap=True)
    for curves in measure_classes(labels, probabilities):
        table.add_row(str(curves.label), f"{curves.area:.5f}", f"{curves.average_precision:.5f}")
    return table


def features_view(
    image: NDArray[np.uint8],
    outputs: NDArray[np.floating[Any]],
    probabilities: NDArray[np.floating[Any]],
) -> RenderableType:
    """Show an image (28, 28), and a network's outputs (C,) and probabilities (C,) for it."""
    texts = [format_percent(float(share), decimals=1) for share in probabilities]
    names = [str(place) for place in range(len(texts))]
    title = "class, probability"
    if not np.allclose(outputs, probabilities):
        title = "class, output, probability made of it"
        names = [f"{name}  {output:6.2f}" for name, output in zip(names, outputs, strict=True)]
    return Group(
        digit_view(image),
        Text(title, "bold"),
        bar_chart(names, probabilities.tolist(), texts),
        Text("the file has what each layer makes of the picture", "dim"),
    )


def counts_view(labels: NDArray[np.integer[Any]]) -> RenderableType:
    """Show the number of images of each class, from their labels (N,)."""
    counts = np.bincount(labels).tolist()
    names = [str(label) for label in range(len(counts))]
    title = Text("images of each class", "bold")
    return Group(title, bar_chart(names, counts, [f"{count:,}" for count in counts]))
