"""Evaluations, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mnistcli.cli.picture_views import RGB, colour_style
from mnistcli.errors import printable
from mnistcli.numbers import format_count, format_percent

if TYPE_CHECKING:  # the package of these loads TensorFlow
    from mnistcli.scores import Evaluation

Step = tuple[float, RGB, RGB]

# The matrix has its own dark background, so it looks the same in a light terminal. Blue and a hot
# scale of growing lightness differ under every common colour blindness. All colours are among
# xterm's 256, so a terminal with no more colours shows the same hues.
LIGHT_INK: RGB = (228, 228, 228)
DARK_INK: RGB = (0, 0, 0)
# (smallest share of the row, text colour, background colour)
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


def evaluation_view(evaluation: Evaluation, title: str) -> RenderableType:
    """Show an evaluation: headline, scores per class, confusion matrix, top confusions."""
    return _EvaluationView(evaluation, title)


def confusion_table(matrix: Sequence[Sequence[int]]) -> Table:
    """Return a coloured table of a confusion matrix (C, C) with true classes as rows."""
    digits = max(len(str(count)) for row in matrix for count in row)
    digits = max(digits, len(str(len(matrix) - 1)))
    table = Table(box=None, padding=0)
    table.add_column("", no_wrap=True)
    for label in range(len(matrix)):
        # The cells contain their spaces, so that these have the cell's colour.
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


@dataclass(frozen=True)
class _EvaluationView:
    evaluation: Evaluation
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(printable(self.title), style="bold")
        yield _headline(self.evaluation)
        if notice := self.evaluation.chance_notice:
            yield Text(notice, style="yellow")
        classes = _class_table(self.evaluation)
        confusions = _top_confusions_table(self.evaluation)
        heading = Text.assemble(("Confusion matrix", "bold"), "  rows: true, columns: predicted")
        matrix: RenderableType = Group(heading, confusion_table(self.evaluation.confusion_matrix))

        def width(renderable: RenderableType) -> int:
            # The natural width, for a console of any width.
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
        narrow_layouts = [
            rows for rows in layouts if width(_side_by_side(rows[0])) <= options.max_width
        ]
        for row in (narrow_layouts or layouts[-1:])[0]:
            yield ""
            yield _side_by_side(row)


def _headline(evaluation: Evaluation) -> Text:
    calibration_error = format_percent(evaluation.expected_calibration_error, decimals=2)
    return Text.assemble(
        "accuracy ",
        (format_percent(evaluation.accuracy, decimals=2), "bold"),
        f" ({format_count(evaluation.errors, 'error')} in {evaluation.images:,} images)",
        f"\nloss {evaluation.loss:.4f}, calibration error {calibration_error}",
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
            *(format_percent(score, decimals=2) if report.support else "-" for score in scores),
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
    """Return the style of a cell by its share of the row, in [0, 1]."""
    scale = CALM if diagonal else WARM
    steps = [step for step in scale if step[0] <= share] if share else [ZERO]
    _, colour, background = steps[-1]
    return colour_style(colour, background)
