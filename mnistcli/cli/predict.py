"""`mnistcli predict`."""

from pathlib import Path
from typing import Annotated

import typer

from mnistcli.errors import ImageError


def predict_command(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE",
            help="PNG, JPEG, BMP or WebP files, or folders of them.",
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
    show: Annotated[
        bool, typer.Option("--show", help="Draw the 28x28 pixels that the model saw.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Read the digit in each image."""
    import numpy as np
    from rich.text import Text

    from mnistcli.cli.console import print_json, progress, results, tensorflow_starting
    from mnistcli.cli.views import digit_view, predictions_view
    from mnistcli.images import find_images, read_digit
    from mnistcli.runs import latest_completed_run, open_run_directory

    directory = open_run_directory(run) if run else latest_completed_run()
    digits, failures = {}, {}
    for path in find_images(images):
        try:
            digits[str(path)] = read_digit(path)
        except ImageError as error:
            failures[str(path)] = str(error)
    predictions = []
    if digits:
        with tensorflow_starting():
            from mnistcli.engine import EvaluationLoop
            from mnistcli.inference import restore_network, top_predictions
        loop = EvaluationLoop(restore_network(directory))
        predictions = top_predictions(list(digits), loop.predict(np.stack(list(digits.values()))))
    if json:
        print_json(
            {
                "run": str(directory.path),
                "predictions": [prediction.to_json() for prediction in predictions],
                "errors": failures,
            }
        )
    elif predictions:
        if show:
            for name, digit in digits.items():
                results().print(name, soft_wrap=True)
                results().print(digit_view(digit))
        results().print(predictions_view(predictions))
        results().print(f"Read by {directory.path}", soft_wrap=True)
        if not show:
            results().print("Next: add --show to see the 28x28 pixels that it saw")
    for message in failures.values():
        progress().print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if failures:
        raise typer.Exit(ImageError.exit_code)
