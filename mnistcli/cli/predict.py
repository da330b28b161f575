"""`mnistcli predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_runs
from mnistcli.cli.options import Json, find_named_run
from mnistcli.errors import UsageError, printable

if TYPE_CHECKING:
    from mnistcli.data import ImageSelector
    from mnistcli.evaluation import Score
    from mnistcli.images import Digit, PictureSelection
    from mnistcli.recognition import Prediction
    from mnistcli.runs import RunDirectory


def predict_command(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="Picture files (PNG, JPEG, HEIC and others), folders of them, patterns such as "
            "'*.png', or - for standard input; or images of a data set by number, "
            "DATASET:SPLIT:NUMBERS, such as mnist:test:0-9,17 (without numbers, all of them).",
            show_default=False,
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="A run directory, or builtin for the model that comes with mnistcli. By default "
            "the latest completed run on MNIST, else builtin.",
            show_default=False,
            callback=find_named_run,
            autocompletion=complete_runs,
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="K", min=1, help="Show the K most probable digits.")
    ] = 2,
    line: Annotated[
        bool, typer.Option("--line", help="Read each line of digits in each image.")
    ] = False,
    labelled: Annotated[
        bool,
        typer.Option(
            "--labelled",
            help="Folders have the names of digits (3/a.png): show the accuracy.",
        ),
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Draw the 28x28 pixels that the model saw.")
    ] = False,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            help="Write how each picture was read, stage by stage, or with --line where its "
            "digits are.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read the digit in each image."""
    from mnistcli.cli.predict_sources import (
        find_selectors,
        find_sources,
        read_sources,
        report_selection,
    )
    from mnistcli.images import MAX_DRAWINGS, PictureSelection
    from mnistcli.recognition import read_framing
    from mnistcli.runs import choose_run, open_to_read

    selectors = find_selectors(images)
    _check_options(line, labelled or show, explain, selectors)
    directory, note = (open_to_read(run), None) if run else choose_run()
    framing = read_framing(directory)
    if line and framing.kind == "as_is":
        raise UsageError(
            f"--line does not go with {directory.path}: its training images are not in MNIST's "
            "frame",
            "expected a run trained on single digits as MNIST has them",
        )
    if note:
        from mnistcli.cli.console import progress

        progress().print(f"{note}; to read with it, name it with --run", soft_wrap=True)
    selection = PictureSelection()
    sources = find_sources(images, selectors, framing, labelled, selection)
    if explain and len(sources) > MAX_DRAWINGS:
        raise UsageError(
            f"--explain draws at most {MAX_DRAWINGS} pictures, got {len(sources):,}",
            "expected fewer pictures; name some of them",
        )
    if line:
        from mnistcli.cli.predict_lines import predict_lines

        predict_lines(selection, directory, framing, explain, json)
        report_selection(selection)
        return
    digits = read_sources(sources, framing, explain is not None, selection)
    predictions: list[Prediction] = []
    if digits:
        from mnistcli.cli.recognizer import open_recognizer
        from mnistcli.recognition import predict_digits

        predictions = predict_digits(digits, open_recognizer(directory), framing)
        if explain:
            _write_stages(digits, predictions, explain)
    if json:
        _print_json(directory, predictions, selection)
    elif predictions:
        _print_predictions(directory, predictions, digits, top, labelled, show)
    if explain and digits and not json:
        from mnistcli.cli.console import results

        results().print(f"Written to {explain}", soft_wrap=True)
    report_selection(selection)


def _check_options(
    line: bool,
    labelled_or_show: bool,
    explain: Path | None,
    selectors: "dict[str, ImageSelector]",
) -> None:
    """Check that the options go with each other and with the images.

    Raises:
        UsageError: they do not.
    """
    if line and labelled_or_show:
        raise UsageError(
            "--line does not go with --labelled or --show", "use one of them at a time"
        )
    for option, value in {"--line": line, "--explain": explain}.items():
        if value and selectors:
            raise UsageError(
                f"{option} does not go with {next(iter(selectors))}: images of a data set go to "
                "the network as they are",
                "expected pictures alone",
            )
    if explain:
        from mnistcli.cli.figures import check_png_path

        check_png_path(explain)


def _write_stages(digits: "list[Digit]", predictions: "list[Prediction]", path: Path) -> None:
    """Draw how each picture was read, with its name and the answer."""
    from mnistcli.cli.figures import write_png
    from mnistcli.images import join_drawings
    from mnistcli.numbers import format_percent

    captions = []
    for prediction in predictions:
        confidence = format_percent(prediction.confidence, decimals=1)
        doubt = f" ({prediction.uncertain})" if prediction.uncertain else ""
        text = f"{printable(prediction.image)}: {prediction.digit}, {confidence}{doubt}"
        captions.append(text.encode("ascii", "replace").decode())
    drawings = [digit.drawing for digit in digits if digit.drawing is not None]
    write_png(join_drawings(drawings, captions), path)


def _score(predictions: "list[Prediction]") -> "Score | None":
    """Compare the predictions whose label is known with it; None if there are none."""
    labelled = [prediction for prediction in predictions if prediction.label is not None]
    if not labelled:
        return None
    from mnistcli.evaluation import score

    return score(labelled)


def _print_json(
    directory: "RunDirectory", predictions: "list[Prediction]", selection: "PictureSelection"
) -> None:
    from mnistcli.cli.console import print_json
    from mnistcli.recognition import reader_to_json

    document: dict[str, Any] = {
        **reader_to_json(directory),
        "predictions": [prediction.to_json() for prediction in predictions],
        "errors": selection.errors,
        "left_out": selection.omissions,
    }
    if score := _score(predictions):
        document["labelled"] = score.to_json()
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
    from mnistcli.cli.prediction_views import predictions_view
    from mnistcli.cli.recognizer import describe_reader
    from mnistcli.numbers import format_percent

    score = _score(predictions)  # first, because a label may be unknown to the run
    if show:
        from mnistcli.cli.picture_views import digit_view

        for prediction, digit in zip(predictions, digits, strict=True):
            results().print(prediction.image, soft_wrap=True)
            results().print(digit_view(digit.image))
    mistakes = [
        prediction for prediction in predictions if prediction.label not in (None, prediction.digit)
    ]
    listed = mistakes if labelled else predictions
    if listed:
        results().print(predictions_view(listed, top))
    if score:
        images = "images" if score.count == len(predictions) else "images with a label"
        results().print(
            f"{format_percent(score.accuracy, decimals=2)} of {score.count:,} {images} are right, "
            f"{len(mistakes):,} wrong" + (" (above)" if labelled and mistakes else "")
        )
    if score and labelled:
        from mnistcli.cli.views import confusion_table

        results().print(confusion_table(score.confusion_matrix))
    results().print(describe_reader(directory), soft_wrap=True)
    if any(prediction.uncertain == "several" for prediction in predictions):
        results().print("Next: add --line to read several digits in a picture")
    elif not show and not labelled:
        results().print("Next: add --show to see the 28x28 pixels that it saw")
