"""`mnistcli predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.errors import ImageError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistcli.images import DigitImage
    from mnistcli.recognition import Prediction
    from mnistcli.runs import RunDirectory

    Digit = DigitImage[NDArray[np.uint8]]


def predict_command(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="PNG, JPEG, BMP or WebP files, folders of them, patterns such as '*.png', "
            "or - for standard input.",
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
    from mnistcli.runs import latest_completed_run, open_run_directory

    if line and (labelled or show or explain):
        raise UsageError(
            "--line does not go with --labelled, --show or --explain", "use one of them at a time"
        )
    directory = open_run_directory(run) if run else latest_completed_run()
    if line:
        _read_lines(images, directory, json)
        return
    digits, failures = _read_digits(images, labelled, explain is not None)
    predictions: list[Prediction] = []
    if digits:
        import numpy as np

        from mnistcli.cli.recognizer import open_recognizer

        predictions = open_recognizer(directory).predict(
            list(digits),
            np.stack([digit.image for digit in digits.values()]),
            [digit.is_alone for digit in digits.values()],
        )
        if explain:
            _write_stages([digit.drawing for digit in digits.values()], explain)
    if json:
        _print_json(directory, predictions, failures, labelled)
    elif predictions:
        _print_predictions(directory, predictions, digits, top, labelled, show)
    if explain and digits and not json:
        from mnistcli.cli.console import results

        results().print(f"Written to {explain}", soft_wrap=True)
    _report_failures(failures)


def _read_digits(
    images: list[str], labelled: bool, explain: bool
) -> "tuple[dict[str, Digit], dict[str, str]]":
    """Each picture as MNIST would hold it, and what went wrong with the others."""
    from mnistcli.images import draw_stages, picture_name, read_digits

    digits: dict[str, Digit] = {}
    paths, failures = _find_paths(images, labelled)
    read = read_digits(paths, draw_stages if explain else None)
    for path, found in zip(paths, read, strict=True):
        if isinstance(found, ImageError):
            failures[picture_name(path)] = str(found)
        else:
            digits[picture_name(path)] = found
    return digits, failures


def _find_paths(images: list[str], labelled: bool = False) -> tuple[list[Path], dict[str, str]]:
    """The files that are meant, and what is wrong with the names that mean none."""
    from mnistcli.images import find_images

    paths: list[Path] = []
    failures = {}
    for name in images:
        try:
            paths += find_images([name], labelled)
        except ImageError as error:
            failures[name] = str(error)
    return paths, failures


def _write_stages(strips: "list[NDArray[np.uint8] | None]", path: Path) -> None:
    from mnistcli.images import encode_stages
    from mnistcli.runs import write_whole

    write_whole(path, encode_stages([strip for strip in strips if strip is not None]))


def _print_json(
    directory: "RunDirectory",
    predictions: "list[Prediction]",
    failures: dict[str, str],
    labelled: bool,
) -> None:
    from mnistcli.cli.console import print_json
    from mnistcli.evaluation import score

    document: dict[str, Any] = {
        "run": str(directory.path),
        "predictions": [prediction.to_json() for prediction in predictions],
        "errors": failures,
    }
    if labelled and predictions:
        document["labelled"] = score(predictions).to_json()
    print_json(document)


def _print_predictions(
    directory: "RunDirectory",
    predictions: "list[Prediction]",
    digits: "dict[str, Digit]",
    top: int,
    labelled: bool,
    show: bool,
) -> None:
    from mnistcli.cli.console import results
    from mnistcli.cli.views import confusion_table, digit_view, predictions_view

    if show:
        for name, digit in digits.items():
            results().print(name, soft_wrap=True)
            results().print(digit_view(digit.image))
    if labelled:
        from mnistcli.evaluation import score

        scored = score(predictions)
        wrong = [each for each in predictions if each.digit != scored.labels[each.image]]
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


def _read_lines(images: list[str], directory: "RunDirectory", json: bool) -> None:
    """Read a row of digits in each picture."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.recognizer import open_recognizer
    from mnistcli.cli.views import number_view
    from mnistcli.images import name_error, picture_name, read_picture
    from mnistcli.recognition import read_number

    recognizer = None
    numbers = {}
    paths, failures = _find_paths(images)
    for path in paths:
        name = picture_name(path)
        try:
            picture = read_picture(path)
            recognizer = recognizer or open_recognizer(directory)
            numbers[name] = read_number(picture, recognizer)
        except ImageError as error:
            failures[name] = str(name_error(path, error))
    if json:
        read = [{"image": name} | number.to_json() for name, number in numbers.items()]
        print_json({"run": str(directory.path), "numbers": read, "errors": failures})
    else:
        for name, number in numbers.items():
            results().print(number_view(name, number))
        if numbers:
            results().print(f"Read by {directory.path}", soft_wrap=True)
    _report_failures(failures)


def _report_failures(failures: dict[str, str]) -> None:
    from rich.text import Text

    from mnistcli.cli.console import progress

    for message in failures.values():
        progress().print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if failures:
        raise typer.Exit(ImageError.exit_code)
