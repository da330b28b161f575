import io
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mnistcli.cli import picture_views, prediction_views, views
from mnistcli.recognition import Prediction
from mnistcli.scores import Evaluation, evaluate_predictions

TITLE = "lenet5-20261121-101500 on [test]"


def render(
    renderable: RenderableType,
    width: int = 80,
    color_system: Literal["truecolor"] | None = None,
    encoding: str = "utf-8",
    no_color: bool = False,
) -> list[str]:
    """Print to a terminal (`color_system`) or a pipe (None) and return the lines."""
    buffer = io.BytesIO()
    with io.TextIOWrapper(buffer, encoding=encoding, newline="\n") as file:
        Console(
            file=file,
            width=width,
            color_system=color_system,
            force_terminal=color_system is not None,
            no_color=no_color,
        ).print(renderable)
        file.flush()
        return buffer.getvalue().decode(encoding).splitlines()


def evaluate(class_count: int = 10, images: int = 10_000) -> Evaluation:
    """Evaluate predictions of which one in twenty is random."""
    random = np.random.default_rng(0)
    labels = random.integers(0, class_count, images)
    guesses = random.integers(0, class_count, images)
    predicted = np.where(random.random(images) < 0.05, guesses, labels)
    return evaluate_predictions(labels, np.eye(class_count)[predicted], loss=0.0312)


def test_importing_the_views_loads_no_tensorflow() -> None:
    imports = "import sys; from mnistcli.cli import picture_views, prediction_views, views"
    code = f"{imports}; sys.exit('tensorflow' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)


def column_of(lines: list[str], text: str) -> int:
    return next(line.index(text) for line in lines if text in line)


def row_of(lines: list[str], text: str) -> int:
    return next(index for index, line in enumerate(lines) if text in line)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_number_of_an_evaluation_is_there_within_the_width(width: int) -> None:
    evaluation = evaluate()

    lines = render(views.evaluation_view(evaluation, TITLE), width)

    assert lines[0] == TITLE
    assert f"{evaluation.accuracy:.2%}"[:-1] in lines[1]
    assert f"{evaluation.errors} errors in 10,000 images" in lines[1]
    assert lines[2].startswith("loss 0.0312, calibration error ")
    assert max(map(cell_len, lines)) <= width
    assert len(lines) <= 45
    text = "\n".join(lines)
    for confusion in evaluation.top_confusions:
        words = f"{confusion.true} taken for {confusion.predicted}: {confusion.count} times"
        assert words in text
    for report, row in zip(evaluation.classes, evaluation.confusion_matrix, strict=True):
        scores = (f"{100 * share:.2f}%" for share in (report.precision, report.recall, report.f1))
        assert re.search(rf"{report.label} +{' +'.join(scores)} +{report.support:,}\b", text)
        counts = (str(count or "·") for count in row)
        assert re.search(rf"\b{report.label} +{' +'.join(counts)} *$", text, re.MULTILINE)


def test_blocks_stand_side_by_side_where_there_is_room() -> None:
    view = views.evaluation_view(evaluate(), TITLE)

    wide, medium, narrow = (render(view, width) for width in (120, 80, 60))

    assert row_of(wide, "Scores per class") == row_of(wide, "Confusion matrix")
    assert row_of(wide, "Top confusions") > row_of(wide, "Scores per class")
    assert row_of(medium, "Scores per class") == row_of(medium, "Top confusions")
    assert row_of(medium, "Confusion matrix") > row_of(medium, "Scores per class")
    assert [column_of(narrow, title) for title in ("Scores", "Confusion", "Top")] == [0, 0, 0]


def test_a_class_without_images_has_no_scores() -> None:
    evaluation = evaluate_predictions(np.array([0, 1]), np.eye(3)[[0, 1]], loss=0.1)

    lines = render(views.evaluation_view(evaluation, TITLE), 60)

    assert any(re.match(r" *2 +- +- +- +0 ", line) for line in lines)
    assert "0 errors in 2 images" in lines[1]
    assert any(line.rstrip().endswith(" none") for line in lines)


def test_one_error_is_singular() -> None:
    evaluation = evaluate_predictions(np.array([0, 1]), np.eye(2)[[0, 0]], loss=0.1)

    lines = render(views.evaluation_view(evaluation, TITLE), 60)

    assert "1 error in 2 images" in lines[1]
    assert any(line.strip() == "1 taken for 0: once" for line in lines)


def test_26_classes_fit_in_120_columns_and_are_left_out_where_they_do_not() -> None:
    evaluation = evaluate(class_count=26, images=20_800)
    view = views.evaluation_view(evaluation, TITLE)

    wide, narrow = render(view, 120), render(view, 80)

    assert max(map(cell_len, wide + narrow)) <= 120
    counts = (str(count or "·") for count in evaluation.confusion_matrix[25])
    assert re.search(rf"25 +{' +'.join(counts)} *$", "\n".join(wide), re.MULTILINE)
    assert max(map(cell_len, narrow)) <= 80
    assert any("confusion matrix needs 107 columns; --json has it" in line for line in narrow)


def test_columns_are_as_wide_as_their_labels() -> None:
    lines = render(views.confusion_table(np.eye(12, dtype=int).tolist()), 60)

    assert lines[0].split() == [str(label) for label in range(12)]
    assert lines[12].split() == ["11", *"·" * 11, "1"]
    assert len(lines[12].rstrip()) == len(lines[0].rstrip())


class CellColors(NamedTuple):
    pen: Color
    ground: Color


def cell_colors(matrix: list[list[int]]) -> list[list[CellColors]]:
    """Return the colours of each cell of the matrix, column by column."""

    def colors_of(cell: RenderableType) -> CellColors:
        assert isinstance(cell, Text) and isinstance(cell.style, Style)
        assert cell.style.color and cell.style.bgcolor
        return CellColors(cell.style.color, cell.style.bgcolor)

    columns = views.confusion_table(matrix).columns[1:]
    return [[colors_of(cell) for cell in column.cells] for column in columns]


def luminance(color: Color) -> float:
    """Relative luminance after WCAG 2.2."""
    shares = (value / 255 for value in color.get_truecolor())
    linear = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def matrix_of_all_shares() -> list[list[int]]:
    """Have diagonals from 20 to 100 % below a row of confusions from 0.2 to 50 %."""
    matrix = np.diag([423, 20, 40, 60, 80, 95, 100])
    matrix[1:, 0] = 100 - matrix.diagonal()[1:]
    matrix[0, 1:] = [2, 5, 20, 50, 500, 0]
    return matrix.tolist()


def test_confusions_grow_lighter_and_warmer_with_their_share_of_the_row() -> None:
    columns = cell_colors(matrix_of_all_shares())
    confusions = [columns[predicted][0].ground for predicted in (6, 1, 2, 3, 4, 5)]

    lightness = [luminance(color) for color in confusions]

    assert all(low < high for low, high in itertools.pairwise(lightness))
    assert all(color.red > color.blue for color in (c.get_truecolor() for c in confusions[1:]))
    hits = [columns[index][index].ground.get_truecolor() for index in range(7)]
    assert all(hit.blue > hit.red for hit in hits)


def test_numbers_can_be_read_on_their_cells() -> None:
    columns = cell_colors(matrix_of_all_shares())

    for cell in itertools.chain.from_iterable(columns):
        light, dark = sorted(map(luminance, cell), reverse=True)
        faint = cell == columns[6][0]  # the dot of an empty cell
        assert (light + 0.05) / (dark + 0.05) >= (3 if faint else 4.5)
        for system in (ColorSystem.EIGHT_BIT, ColorSystem.STANDARD):
            assert cell.pen.downgrade(system) != cell.ground.downgrade(system)


def test_colours_are_the_same_where_there_are_256() -> None:
    for cell in itertools.chain.from_iterable(cell_colors(matrix_of_all_shares())):
        for color in cell:
            number = color.downgrade(ColorSystem.EIGHT_BIT).number
            assert number is not None
            there = Color.from_ansi(number).get_truecolor()
            # Rich may round a grey to the next one, 10 away.
            assert np.abs(np.subtract(there, color.get_truecolor())).max() <= 10


def test_colour_covers_whole_cells_and_leaves_with_no_color() -> None:
    table = views.confusion_table([[90, 10], [0, 100]])

    coloured = "\n".join(render(table, 60, "truecolor"))
    plain = "\n".join(render(table, 60, "truecolor", no_color=True))

    assert re.search(r"\x1b\[[\d;]*48;2;0;95;135m 90 \x1b", coloured)
    assert "48;2" not in plain
    assert re.search(r" 90 +10 *\n", plain)


def prediction(
    image: str, confidence: float = 0.875, runner_up_confidence: float = 0.0625
) -> Prediction:
    probabilities = [0.0, runner_up_confidence, *[0.0] * 5, confidence, 0.0, 0.0]
    return Prediction(image, 7, confidence, 1, runner_up_confidence, probabilities)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_predictions_show_digit_confidence_and_runner_up(width: int) -> None:
    name = "drawings/" + "long/" * 30 + "[red]seven[/].png"

    lines = render(
        prediction_views.predictions_view([prediction("a.png"), prediction(name)]), width
    )

    assert max(map(cell_len, lines)) <= width
    assert re.fullmatch(r"a\.png +7 +87\.5% +1 +6\.2%", lines[2].rstrip())
    folded = "".join(line[: lines[0].index("digit")].strip() for line in lines[3:])
    assert folded == name


def test_labels_fit_beside_the_predictions() -> None:
    doubtful = replace(prediction("mnist:test:0", 0.5), uncertain="not a digit", label=7)
    wrong, unknown = replace(prediction("b.png"), label=9), prediction("c.png")

    lines = render(prediction_views.predictions_view([doubtful, wrong, unknown]), 60)

    assert max(map(cell_len, lines)) <= 60
    assert re.search(r" 7\?    7 +50\.0% ", lines[2])
    assert re.search(r" 7    9 ✗ +87\.5%", lines[3])
    assert re.search(r" 7 {6,}87\.5%", lines[4])
    assert lines[5].rstrip() == "no room for runner-up; --json has all of them"


@pytest.mark.parametrize(
    ("confidence", "runner_up_confidence", "shown"),
    [
        (0.99999, 0.00001, ">99.9% +1 +<0.1%"),
        (1.0, 0.0, r"100.0% +0 +0.0%"),
        (0.9994, 0.0006, "99.9% +1 +0.1%"),
    ],
)
def test_only_certainty_is_called_100_percent(
    confidence: float, runner_up_confidence: float, shown: str
) -> None:
    lines = render(
        prediction_views.predictions_view([prediction("a", confidence, runner_up_confidence)])
    )

    assert re.search(rf" {shown}", lines[2])


def ink() -> NDArray[np.uint8]:
    """A stroke of full ink, one of half and one faint pixel, on nothing."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 10:12] = 255
    digit[10:12, 16:20] = 120
    digit[27, 27] = 1
    return digit


@pytest.mark.parametrize(
    ("options", "shades"),
    [
        ({}, " ░▒█"),
        ({"color_system": "truecolor", "no_color": True}, " ░▒█"),
        ({"encoding": "cp1252"}, " .+#"),
        ({"encoding": "cp1252", "color_system": "truecolor"}, " .+#"),
    ],
)
def test_a_digit_without_colour_is_drawn_in_shades(options: dict[str, Any], shades: str) -> None:
    none, faint, half, full = tuple(shades)
    expected = np.full((14, 28), none)
    expected[2:12, 10:12] = full
    expected[5, 16:20] = half
    expected[13, 27] = faint

    lines = render(picture_views.digit_view(ink()), **options)

    assert lines == ["".join(row) for row in expected.tolist()]


def test_a_digit_in_colour_is_drawn_in_half_blocks() -> None:
    digit = ink()
    half_block = re.compile(r"\x1b\[38;2;(\d+);\1;\1;48;2;(\d+);\2;\2m▀\x1b\[0m")

    lines = render(picture_views.digit_view(digit), color_system="truecolor")

    halves = np.array([half_block.findall(line) for line in lines], dtype=np.uint8)
    drawn = halves.transpose(0, 2, 1).reshape(28, 28)  # (14, 28, 2) before
    np.testing.assert_array_equal(drawn, digit)


def test_a_digit_is_as_wide_as_its_drawing() -> None:
    drawing = picture_views.digit_view(ink())
    grid = Table.grid(padding=(0, 4))
    grid.add_row(drawing, drawing)

    lines = render(grid)

    assert lines[3] == f"{'██':>12}{'██':>32}".ljust(60)
    assert len(lines) == 14
