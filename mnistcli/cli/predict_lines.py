"""`mnistcli predict --line`: the lines of digits in each picture."""

from pathlib import Path
from typing import TYPE_CHECKING

from mnistcli.cli.console import print_json, results
from mnistcli.cli.prediction_views import number_view
from mnistcli.cli.recognizer import describe_reader, open_recognizer
from mnistcli.errors import ImageError, printable
from mnistcli.images import (
    Framing,
    Mark,
    PictureSelection,
    annotate,
    name_error,
    read_reduced_picture,
    stack_drawings,
)
from mnistcli.numbers import format_percent
from mnistcli.recognition import NumberReading, read_number, reader_to_json
from mnistcli.runs import RunDirectory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def predict_lines(
    selection: PictureSelection,
    directory: RunDirectory,
    framing: Framing,
    explain: Path | None,
    json: bool,
) -> None:
    """Read each line of digits in each picture, and print them.

    Args:
        selection: the pictures; gets the error of each that cannot be read.
        directory: the run that reads them.
        framing: of the run's training images; its kind is "mnist".
        explain: the PNG to write, with boxes around the digits.
        json: whether to print JSON.
    """
    recognizer = None
    numbers, drawings = [], []
    for file in selection.pictures:
        try:
            picture, size = read_reduced_picture(file.path)
            recognizer = recognizer or open_recognizer(directory)
            number = read_number(picture, recognizer, framing, size)
        except ImageError as error:
            selection.errors[file.name] = str(name_error(file.path, error))
            continue
        numbers.append((file.name, number))
        if explain:
            drawings.append(_draw(picture, file.name, number))
    if explain and drawings:
        from mnistcli.cli.figures import write_png

        write_png(stack_drawings(drawings), explain)
    if json:
        readings = [{"image": name} | number.to_json() for name, number in numbers]
        document = {**reader_to_json(directory), "numbers": readings}
        print_json(document | {"errors": selection.errors, "left_out": selection.omissions})
    elif numbers:
        for name, number in numbers:
            results().print(number_view(name, number))
        results().print(describe_reader(directory), soft_wrap=True)
        if explain:
            results().print(f"Written to {explain}", soft_wrap=True)
        else:
            results().print("Next: add --explain lines.png to see where the digits are")


def _draw(picture: "NDArray[np.uint8]", name: str, number: NumberReading) -> "NDArray[np.uint8]":
    """Draw the boxes of a picture's digits, with the digits and their confidence."""
    width, height = number.size
    marks = [
        Mark(
            (box[0] / width, box[1] / height, box[2] / width, box[3] / height),
            f"{prediction.digit}{'?' if prediction.uncertain or not is_separate else ''}",
            format_percent(prediction.confidence, decimals=0),
            bool(prediction.uncertain or not is_separate),
        )
        for line in number.lines
        for prediction, box, is_separate in zip(
            line.digits, line.boxes, line.is_separate, strict=True
        )
    ]
    title = f"{printable(name)}: {', '.join(line.number for line in number.lines)}"
    return annotate(picture, marks, title.encode("ascii", "replace").decode())
