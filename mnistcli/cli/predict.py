"""`mnistcli predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.errors import ImageError, UsageError

if TYPE_CHECKING:
    from mnistcli.images import Digit, Framing, PictureSelection
    from mnistcli.recognition import Prediction
    from mnistcli.runs import RunDirectory


def predict_command(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="Picture files (PNG, JPEG, HEIC and others), folders of them, patterns such as "
            "'*.png', or - for standard input.",
            show_default=False,
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="A run directory; by default the latest completed run.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="K", min=1, help="Show the K most probable digits.")
    ] = 2,
    line: Annotated[bool, typer.Option("--line", help="Read a row of digits in each image.")] = (
        False
    ),
    labelled: Annotated[
        bool,
        typer.Option("--labelled", help="Folders name the digits (3/a.png): tell the accuracy."),
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Draw the 28x28 pixels that the model saw.")
    ] = False,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            help="Write how each picture was read, stage by stage.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Read the digit in each image."""
    from mnistcli.cli.pictures import read_framing
    from mnistcli.images import find_pictures
    from mnistcli.runs import latest_completed_run, open_run_directory

    if line and (labelled or show or explain):
        raise UsageError(
            "--line does not go with --labelled, --show or --explain", "use one of them at a time"
        )
    if explain:
        from mnistcli.cli.figures import check_png_path

        check_png_path(explain)
    directory = open_run_directory(run) if run else latest_completed_run()
    framing = read_framing(directory)
    if line and framing.kind == "as_is":
        raise UsageError(
            f"--line does not go with {directory.path}: its training images are not in MNIST's "
            "frame",
            "expected a run trained on single digits as MNIST has them",
        )
    found = find_pictures(images, labelled)
    if line:
        _read_lines(found, directory, framing, json)
        return
    digits = _read_digits(found, framing, explain)
    predictions: list[Prediction] = []
    if digits:
        from mnistcli.cli.recognizer import open_recognizer

        predictions = open_recognizer(directory).predict(digits)
        if explain:
            _write_stages(digits, explain)
    if json:
        _print_json(directory, predictions, found, labelled)
    elif predictions:
        _print_predictions(directory, predictions, digits, top, labelled, show)
    if explain and digits and not json:
        from mnistcli.cli.console import results

        results().print(f"Written to {explain}", soft_wrap=True)
    _report(found)


def _read_digits(
    found: "PictureSelection", framing: "Framing", explain: Path | None
) -> "list[Digit]":
    """Read each picture as the network is to see it; add what went wrong to the errors."""
    from mnistcli.images import MAX_DRAWINGS, draw_stages, read_digits

    if explain and len(found.pictures) > MAX_DRAWINGS:
        raise UsageError(
            f"--explain draws at most {MAX_DRAWINGS} pictures, got {len(found.pictures):,}",
            "expected fewer pictures; name some of them",
        )
    digits = []
    read = read_digits(found.pictures, framing, draw_stages if explain else None)
    for file, digit in zip(found.pictures, read, strict=True):
        if isinstance(digit, ImageError):
            found.errors[file.name] = str(digit)
        else:
            digits.append(digit)
    return digits


def _write_stages(digits: "list[Digit]", path: Path) -> None:
    from mnistcli.cli.figures import write_png
    from mnistcli.images import join_drawings

    write_png(join_drawings([digit.drawing for digit in digits if digit.drawing is not None]), path)


def _print_json(
    directory: "RunDirectory",
    predictions: "list[Prediction]",
    found: "PictureSelection",
    labelled: bool,
) -> None:
    from mnistcli.cli.console import print_json

    document: dict[str, Any] = {
        "run": str(directory.path),
        "predictions": [prediction.to_json() for prediction in predictions],
        "errors": found.errors,
        "left_out": found.omissions,
    }
    if labelled and predictions:
        from mnistcli.evaluation import score

        document["labelled"] = score(predictions).to_json()
    print_json(document)


def _print_predictions(
    directory: "RunDirectory",
    predictions: "list[Prediction]",
    digits: "list[Digit]",
    top: int,
    labelled: bool,
    show: bool,
) -> None:
    from mnistcli.cli.console import results
    from mnistcli.cli.views import confusion_table, digit_view, predictions_view

    if show:
        for prediction, digit in zip(predictions, digits, strict=True):
            results().print(prediction.image, soft_wrap=True)
            results().print(digit_view(digit.image))
    if labelled:
        from mnistcli.evaluation import score

        scored = score(predictions)
        wrong = [each for each in predictions if each.digit != each.label]
        if wrong:
            results().print(predictions_view(wrong, top))
        results().print(
            f"{scored.accuracy:.2%} of {len(predictions):,} images are right, {len(wrong):,} wrong"
            + (" (above)" if wrong else "")
        )
        results().print(confusion_table(scored.confusion_matrix))
    else:
        results().print(predictions_view(predictions, top))
    results().print(f"Read by {directory.path}", soft_wrap=True)
    if not show and not labelled:
        results().print("Next: add --show to see the 28x28 pixels that it saw")


def _read_lines(
    found: "PictureSelection", directory: "RunDirectory", framing: "Framing", json: bool
) -> None:
    """Read a row of digits in each picture."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.recognizer import open_recognizer
    from mnistcli.cli.views import number_view
    from mnistcli.images import name_error, read_picture
    from mnistcli.recognition import read_number

    recognizer = None
    numbers = []
    for file in found.pictures:
        try:
            picture = read_picture(file.path)
            recognizer = recognizer or open_recognizer(directory)
            numbers.append((file.name, read_number(picture, recognizer, framing)))
        except ImageError as error:
            found.errors[file.name] = str(name_error(file.path, error))
    if json:
        read = [{"image": name} | number.to_json() for name, number in numbers]
        document = {"run": str(directory.path), "numbers": read}
        print_json(document | {"errors": found.errors, "left_out": found.omissions})
    else:
        for name, number in numbers:
            results().print(number_view(name, number))
        if numbers:
            results().print(f"Read by {directory.path}", soft_wrap=True)
    _report(found)


def _report(found: "PictureSelection") -> None:
    """Say what was left out of folders and what could not be read, which fails the command."""
    from rich.text import Text

    from mnistcli.cli.console import progress
    from mnistcli.images import describe_omissions

    if found.omissions:
        progress().print(f"left out {describe_omissions(found.omissions)}", soft_wrap=True)
    for message in found.errors.values():
        progress().print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if found.errors:
        raise typer.Exit(ImageError.exit_code)
