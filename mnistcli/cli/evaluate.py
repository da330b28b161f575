"""`mnistcli evaluate`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.options import Json, LatestRun
from mnistcli.errors import UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.data import LabelledImages, Splits
    from mnistcli.runs import RunDirectory


class Split(StrEnum):
    """The sets of images of a run."""

    TEST = "test"
    VALIDATION = "validation"
    TRAIN = "train"


class Checkpoint(StrEnum):
    """A checkpoint of a run."""

    BEST = "best"
    LAST = "last"


def evaluate_command(
    run: LatestRun = None,
    split: Annotated[
        Split | None,
        typer.Option(
            help="Which images of the run's data set; by default test.", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Other labelled images: mnist, digits, a folder of IDX files, an .npz file, or a "
            "folder of pictures (3/a.png).",
            show_default=False,
        ),
    ] = None,
    checkpoint: Annotated[
        Checkpoint, typer.Option(help="Which checkpoint of the run.")
    ] = Checkpoint.BEST,
    json: Json = False,
) -> None:
    """Measure a trained run on labelled images."""
    from mnistcli.cli.console import print_json, results, tensorflow_starting
    from mnistcli.cli.figures import Answers, write_run_figures
    from mnistcli.evaluation import (
        Subject,
        keep_predictions,
        keep_samples,
        write_evaluation,
    )
    from mnistcli.runs import latest_run, open_run_directory

    if split and data is not None:
        raise UsageError("--split does not go with --data", "expected one of them")
    split = split or Split.TEST
    run = run or latest_run()
    directory = open_run_directory(run)
    images, splits = _load_images(directory, split, data)
    with tensorflow_starting():
        from mnistcli.evaluation.run import evaluate_run
    measured = evaluate_run(directory, images, checkpoint.value)
    evaluation, probabilities = measured.evaluation, measured.probabilities
    subject = Subject(split.value, data, checkpoint.value)
    title = f"{directory.name} on {subject}"
    # Print the result before writing it: the run directory may be read-only.
    if json:
        document = {"data": data or split.value, "checkpoint": checkpoint.value}
        print_json({"run": str(run)} | document | evaluation.to_json())
    else:
        from mnistcli.cli.views import evaluation_view

        results().print(evaluation_view(evaluation, title))
    path = write_evaluation(directory, evaluation, subject)
    # Those of a run that is not finished are of another network than its model files.
    if splits and subject == Subject() and directory.read_record().status == "completed":
        keep_predictions(directory, measured.loop, splits, measured.temperature, probabilities)
        keep_samples(directory, measured.loop.network, splits.train)
    answers = Answers(images.images, images.labels, probabilities, title)
    figures = write_run_figures(directory, answers, subject.suffix)
    if not json:
        results().print(f"Written to {path}", soft_wrap=True)
        names = ", ".join(figure.name for figure in figures)
        results().print(f"Figures in {directory.figures}:", f"  {names}", sep="\n", soft_wrap=True)
        next_line = command_line("predict", "IMAGE", "--run", run)
        results().print(f"Next: {next_line}", soft_wrap=True)


def _load_images(
    directory: "RunDirectory", split: Split, data: str | None
) -> "tuple[LabelledImages, Splits | None]":
    """Load labelled images: those of a data set, or those of the run's split, with its splits.

    Raises:
        RunError: the run has no such images, or its data set has changed.
    """
    from mnistcli.cli.console import progress
    from mnistcli.cli.data import load_run_data, show_notes
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import load_labelled_images
    from mnistcli.evaluation import select_images
    from mnistcli.recognition import read_framing

    if data is not None:
        with DownloadDisplay(progress(), quiet=False) as download:
            images = load_labelled_images(data, download, read_framing(directory))
        show_notes([*images.notes, *_note_training(directory, images)])
        return images, None
    return select_images(directory, load_run_data(directory), split.value)


def _note_training(directory: "RunDirectory", images: "LabelledImages") -> list[str]:
    """Say that a run was trained on some of these pictures, if it was."""
    from mnistcli.data import holds_pictures

    record = directory.read_record().dataset
    sources = [record.source, *(extra.source for extra in record.extra)]
    if images.source not in sources or not holds_pictures(Path(images.source)):
        return []
    return [f"the run was trained on pictures in {images.source}; it knows them already"]
