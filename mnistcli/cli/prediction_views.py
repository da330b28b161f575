"""Predictions and numbers, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from mnistcli.errors import printable
from mnistcli.numbers import format_percent

if TYPE_CHECKING:
    from mnistcli.recognition import Line, NumberReading, Prediction

LEAST_NAME, USUAL_NAME = 8, 20  # a longer name goes on in the next line
RANK_WIDTH = 12  # of a probability, with the space before it


def predictions_view(predictions: Sequence[Prediction], top: int = 2) -> RenderableType:
    """List images with their most probable digits, `top` of them, and the probabilities.

    Where labels are known they are listed as well, with a cross at each wrong answer.
    """
    return _PredictionsView(predictions, top)


def number_view(name: str, number: NumberReading) -> RenderableType:
    """Show a picture's numbers, one for each line, with the confidence of each digit."""
    lines: list[RenderableType] = []
    for i, line in enumerate(number.lines, start=1):
        head = f"{printable(name)}, line {i}" if len(number.lines) > 1 else printable(name)
        lines += [Text.assemble(head, "  ", (line.number, "bold")), _line_table(line)]
    if number.left_out:
        count = "1 line" if number.left_out == 1 else f"{number.left_out} lines"
        lines.append(Text(f"left out {count} of much smaller digits", style="yellow"))
    return Group(*lines)


def _line_table(line: Line) -> RenderableType:
    from rich.table import Table  # takes 2 ms, which a prediction saves

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column(justify="right")
    table.add_column(style="yellow")
    for prediction, is_separate in zip(line.digits, line.is_separate, strict=True):
        note = f"uncertain: {prediction.uncertain}" if prediction.uncertain else ""
        if not is_separate:
            note = "may be joined to the digit beside it"
        table.add_row(
            str(prediction.digit), format_percent(prediction.confidence, decimals=1), note
        )
    return table


@dataclass(frozen=True)
class _PredictionsView:
    """A table; Rich's takes longer for a thousand rows than reading their images."""

    predictions: Sequence[Prediction]
    top: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        num_ranks = min(self.top, len(self.predictions[0].probabilities))
        has_doubts = any(prediction.uncertain for prediction in self.predictions)
        ranks = [*("confidence", "runner-up", "3rd", "4th")[:num_ranks]]
        ranks += [f"{rank}th" for rank in range(5, num_ranks + 1)]
        has_labels = any(prediction.label is not None for prediction in self.predictions)
        before = "digit  label" if has_labels else "digit"
        after = "  uncertain  " if has_doubts else ""
        names = [printable(prediction.image) for prediction in self.predictions]
        name_width = max(LEAST_NAME, *map(cell_len, names))
        room = options.max_width - min(name_width, USUAL_NAME) - 2 - len(before + after)
        shown = ranks[: max(1, room // RANK_WIDTH)]
        head = before + "".join(f"{rank:>{RANK_WIDTH}}" for rank in shown) + after
        width = max(LEAST_NAME, min(name_width, options.max_width - len(head) - 2))
        yield Segment(f"{'image':<{width}}  {head.rstrip()}", Style(bold=True))
        yield Segment.line()
        rule = "-" if options.ascii_only else "─"
        yield Segment(rule * min(width + 2 + len(head), options.max_width))
        yield Segment.line()
        for name, prediction in zip(names, self.predictions, strict=True):
            first_line, *lines = chop_cells(name, width)
            digit = f"{prediction.digit}{'?' if prediction.uncertain else ''}"
            yield Segment(f"{set_cell_size(first_line, width)}  ")
            yield Segment(f"{digit:>5}", Style(bold=True))
            if has_labels:
                label = "" if prediction.label is None else str(prediction.label)
                is_wrong = prediction.label not in (None, prediction.digit)
                mark = ("x" if options.ascii_only else "✗") if is_wrong else ""
                style = Style(color="red") if is_wrong else None
                yield Segment(f"  {label:>3} {mark:1}", style)
            yield Segment(f"  {format_percent(prediction.confidence, decimals=1):>10}")
            for runner_up, probability in prediction.most_probable(len(shown))[1:]:
                yield Segment(
                    f"  {runner_up} {format_percent(probability, decimals=1):>8}", Style(dim=True)
                )
            if prediction.uncertain:
                yield Segment(f"  {prediction.uncertain}", Style(color="yellow"))
            yield Segment.line()
            for line in lines:
                yield Segment(line)
                yield Segment.line()
        if hidden := ranks[len(shown) :]:
            yield Text(f"no room for {', '.join(hidden)}; --json has all of them", style="dim")
