"""What evaluations, predictions and digits look like in a terminal.

Everything here is built for Rich and printed elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.color import Color
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mnistcli.errors import printable

if TYPE_CHECKING:  # the package of these loads TensorFlow
    from mnistcli.evaluation import Evaluation
    from mnistcli.recognition import NumberReading, Prediction

RGB = tuple[int, int, int]
Step = tuple[float, RGB, RGB]

# The matrix has its own dark ground, so that it reads the same in a light terminal. A hot scale
# whose lightness only grows, beside blue, holds under every common colour blindness. All are
# colours of xterm's 256, so that nothing is rounded to another hue where there are no more.
LIGHT_INK: RGB = (228, 228, 228)
DARK_INK: RGB = (0, 0, 0)
# (share of the row from which it holds, ink, ground)
ZERO: Step = (0.0, (118, 118, 118), (28, 28, 28))
CALM: tuple[Step, ...] = (
    (0.0, LIGHT_INK, (0, 0, 95)),
    (0.5, LIGHT_INK, (0, 0, 135)),
    (0.9, LIGHT_INK, (0, 95, 135)),
)
WARM: tuple[Step, ...] = (
    (0.0, LIGHT_INK, (95, 0, 0)),
    (0.003, LIGHT_INK, (135, 0, 0)),
    (0.01, DARK_INK, (215, 95, 0)),
    (0.03, DARK_INK, (215, 135, 0)),
    (0.1, DARK_INK, (255, 175, 0)),
)

SHADES = " ░▒▓█"
ASCII_SHADES = " .+*#"  # where the output's encoding has no blocks (Windows, to a pipe)


def evaluation_view(evaluation: Evaluation, title: str) -> RenderableType:
    """Lay out an evaluation: headline, per-class scores, confusion matrix, top confusions."""
    return _EvaluationView(evaluation, title)


def chance_notice(evaluation: Evaluation) -> str:
    """Say that a network does no better than one that always gives the same answer."""
    chance = _percent(evaluation.chance_accuracy, decimals=2)
    return f"no better than chance: always the most frequent class is right in {chance}"


def confusion_table(matrix: Sequence[Sequence[int]]) -> Table:
    """Draw a confusion matrix, (C, C) with true classes as rows, as a heat table."""
    digits = max(len(str(count)) for row in matrix for count in row)
    digits = max(digits, len(str(len(matrix) - 1)))
    table = Table(box=None, padding=0)
    table.add_column("", no_wrap=True)
    for label in range(len(matrix)):
        # The cells bring their own spaces: those are to have the cell's colour.
        table.add_column(Text(f"{label:>{digits}} "), no_wrap=True)
    for true, row in enumerate(matrix):
        total = sum(row)
        table.add_row(
            Text(f"{true:>2} ", style="bold"),
            *(
                Text(
                    f"{count or '·':>{digits}} ",
                    style=_cell_style(count / max(total, 1), diagonal=true == predicted),
                )
                for predicted, count in enumerate(row)
            ),
        )
    return table


def predictions_view(predictions: Sequence[Prediction], top: int = 2) -> RenderableType:
    """List images with their digit, its probability and the next best ones."""
    return _PredictionsView(predictions, top)


def number_view(name: str, number: NumberReading) -> RenderableType:
    """Show a number with the confidence of each of its digits."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column(justify="right")
    table.add_column(style="yellow")
    for prediction, is_separate in zip(number.digits, number.is_separate, strict=True):
        note = f"uncertain: {prediction.uncertain}" if prediction.uncertain else ""
        if not is_separate:
            note = "cannot be separated from its neighbour for certain"
        table.add_row(str(prediction.digit), _percent(prediction.confidence, decimals=1), note)
    return Group(Text.assemble(printable(name), "  ", (number.number, "bold")), table)


def digit_view(digit: NDArray[np.uint8]) -> RenderableType:
    """Draw a (28, 28) image, 255 being ink, in 28 columns and 14 rows.

    Grey half blocks where the console has colour, shading characters elsewhere.
    """
    return _DigitView(digit)


def picture_view(picture: NDArray[np.uint8]) -> RenderableType:
    """Draw a picture (H, W, 3) in half blocks, as wide as the console."""
    return _PictureView(picture)


@dataclass(frozen=True)
class _EvaluationView:
    evaluation: Evaluation
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(printable(self.title), style="bold")
        yield _headline(self.evaluation)
        if self.evaluation.is_at_chance:
            yield Text(chance_notice(self.evaluation), style="yellow")
        classes = _class_table(self.evaluation)
        confusions = _top_confusions_table(self.evaluation)
        heading = Text.assemble(("Confusion matrix", "bold"), "  rows: true, columns: predicted")
        matrix: RenderableType = Group(heading, confusion_table(self.evaluation.confusion_matrix))

        def width(renderable: RenderableType) -> int:
            # The width it would like to have, whatever the console's.
            return Measurement.get(console, options.update(width=10_000), renderable).maximum

        if width(matrix) > options.max_width:
            matrix = Text(
                f"The confusion matrix needs {width(matrix)} columns; --json has it.", style="dim"
            )
        layouts: list[list[list[RenderableType]]] = [
            [[classes, matrix], [confusions]],
            [[classes, confusions], [matrix]],
            [[classes], [matrix], [confusions]],
        ]
        fitting = [rows for rows in layouts if width(_side_by_side(rows[0])) <= options.max_width]
        for row in (fitting or layouts[-1:])[0]:
            yield ""
            yield _side_by_side(row)


@dataclass(frozen=True)
class _PictureView:
    picture: NDArray[np.uint8]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from PIL import Image

        if console.color_system is None or console.no_color or options.ascii_only:
            yield Text("(a picture needs a terminal with colours)", style="dim")
            return
        height, width = self.picture.shape[:2]
        columns = min(options.max_width, width)
        rows = max(2, round(height * columns / width / 2) * 2)
        small = np.asarray(Image.fromarray(self.picture).resize((columns, rows)))
        for upper_row, lower_row in zip(small[::2].tolist(), small[1::2].tolist(), strict=True):
            for upper, lower in zip(upper_row, lower_row, strict=True):
                yield Segment("▀", _style(tuple(upper), tuple(lower)))
            yield Segment.line()


@dataclass(frozen=True)
class _PredictionsView:
    """A table; Rich's own takes longer for a thousand rows than reading the images did."""

    predictions: Sequence[Prediction]
    top: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        others = min(self.top, len(self.predictions[0].probabilities)) - 1
        doubtful = any(prediction.uncertain for prediction in self.predictions)
        headings = ["digit", "confidence", *("runner-up", "3rd", "4th")[:others]]
        headings += [f"{place}th" for place in range(5, others + 2)]
        head = "  ".join([f"{headings[0]:>5}", *(f"{each:>10}" for each in headings[1:])])
        head += "  uncertain  " if doubtful else ""
        names = [printable(prediction.image) for prediction in self.predictions]
        width = max(8, min(max(map(cell_len, names)), options.max_width - len(head) - 2))
        yield Segment(f"{'image':<{width}}  {head.rstrip()}", Style(bold=True))
        yield Segment.line()
        rule = "-" if options.ascii_only else "─"
        yield Segment(rule * min(width + 2 + len(head), options.max_width))
        yield Segment.line()
        for name, prediction in zip(names, self.predictions, strict=True):
            first, *rest = chop_cells(name, width)
            digit = f"{prediction.digit}{'?' if prediction.uncertain else ''}"
            yield Segment(f"{set_cell_size(first, width)}  ")
            yield Segment(f"{digit:>5}", Style(bold=True))
            yield Segment(f"  {_percent(prediction.confidence, decimals=1):>10}")
            for other, probability in prediction.most_probable(others + 1)[1:]:
                yield Segment(f"  {other} {_percent(probability, decimals=1):>8}", Style(dim=True))
            if prediction.uncertain:
                yield Segment(f"  {prediction.uncertain}", Style(color="yellow"))
            yield Segment.line()
            for part in rest:
                yield Segment(part)
                yield Segment.line()


@dataclass(frozen=True)
class _DigitView:
    digit: NDArray[np.uint8]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = self.digit.shape[1]
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        coloured = console.color_system is not None and not console.no_color
        shades = ASCII_SHADES if options.ascii_only else SHADES
        for upper_row, lower_row in zip(self.digit[::2], self.digit[1::2], strict=True):
            for upper, lower in zip(upper_row.tolist(), lower_row.tolist(), strict=True):
                if coloured and not options.ascii_only:
                    yield Segment("▀", _style((upper,) * 3, (lower,) * 3))
                else:
                    # Rounded up, so that the faintest ink shows.
                    yield Segment(shades[math.ceil((upper + lower) / 510 * (len(shades) - 1))])
            yield Segment.line()


def _headline(evaluation: Evaluation) -> Text:
    noun = "error" if evaluation.errors == 1 else "errors"
    return Text.assemble(
        "accuracy ",
        (_percent(evaluation.accuracy, decimals=2), "bold"),
        f"   {evaluation.errors:,} {noun} in {evaluation.images:,} images",
        f"   loss {evaluation.loss:.4f}",
        f"   calibration error {_percent(evaluation.expected_calibration_error, decimals=2)}",
    )


def _class_table(evaluation: Evaluation) -> Table:
    table = Table(
        box=None, pad_edge=False, title="Scores per class", title_style="bold", title_justify="left"
    )
    for heading in ("class", "precision", "recall", "F1", "images"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.columns[0].style = "bold"
    for report in evaluation.classes:
        scores = (report.precision, report.recall, report.f1)
        table.add_row(
            str(report.label),
            *(_percent(score, decimals=2) if report.support else "-" for score in scores),
            f"{report.support:,}",
            style=None if report.support else "dim",
        )
    return table


def _top_confusions_table(evaluation: Evaluation) -> Table:
    table = Table.grid()
    table.title, table.title_style, table.title_justify = "Top confusions", "bold", "left"
    table.add_column(no_wrap=True)
    for confusion in evaluation.top_confusions:
        times = "once" if confusion.count == 1 else f"{confusion.count:,} times"
        table.add_row(f"{confusion.true} taken for {confusion.predicted}: {times}")
    if not evaluation.top_confusions:
        table.add_row("none")
    return table


def _side_by_side(renderables: Sequence[RenderableType]) -> Table:
    grid = Table.grid(padding=(0, 4))
    grid.add_row(*renderables)
    return grid


def _cell_style(share: float, *, diagonal: bool) -> Style:
    """Colour a cell by its share of the row, in [0, 1]."""
    scale = CALM if diagonal else WARM
    steps = [step for step in scale if step[0] <= share] if share else [ZERO]
    _, ink, ground = steps[-1]
    return _style(ink, ground)


def _style(colour: RGB, background: RGB) -> Style:
    return Style(color=Color.from_rgb(*colour), bgcolor=Color.from_rgb(*background))


def _percent(share: float, *, decimals: int) -> str:
    """Write a share of [0, 1] as a percentage that says 0 or 100 only if it is exactly that."""
    smallest = 10.0**-decimals
    if 0 < share < smallest / 200:
        return f"<{smallest:.{decimals}f} %"
    if 1 - smallest / 200 < share < 1:
        return f">{100 - smallest:.{decimals}f} %"
    return f"{100 * share:.{decimals}f} %"
