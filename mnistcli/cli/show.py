"""`mnistcli show`: pictures of data, networks and what they do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.options import RunArgument, check_png
from mnistcli.errors import RunError, command_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnistcli.cli.figures import Answers
    from mnistcli.model import Network
    from mnistcli.runs import RunDirectory

show_app = typer.Typer(
    help="Draw data, training, filters, features, confusions, mistakes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


Out = Annotated[
    Path | None,
    typer.Option(
        metavar="PNG",
        help="The file to write; by default in the run's figures/.",
        show_default=False,
        callback=check_png,
    ),
]
Show = Annotated[bool, typer.Option("--show", help="Open the picture, where there is a display.")]
Inline = Annotated[
    bool, typer.Option("--inline", help="Draw the picture small in the terminal, too.")
]


@show_app.command("data")
def show_data(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG",
            help="A YAML file with data and augmentation; by default MNIST.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="PNG", help="The file to write.", callback=check_png)
    ] = Path("data.png"),
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw samples of each class, as they are and augmented, class counts and mean images."""
    from mnistcli.cli.console import tensorflow_starting
    from mnistcli.cli.data import load_training_data
    from mnistcli.config import load_config
    from mnistcli.data import load_dataset
    from mnistcli.figures import choose_samples, draw_samples

    augmented = None
    if config is None:
        dataset = load_dataset("mnist")
    else:
        file = load_config(config)
        dataset = load_training_data(file, quiet=True)
        if file.config.augment:
            with tensorflow_starting():
                from mnistcli.model import augment_images, build_network
            network = build_network(file, dataset.num_classes)
            rows = choose_samples(dataset.train_labels)
            samples, labels = dataset.train_images[rows], dataset.train_labels[rows]
            augmented, _ = augment_images(network, samples, labels)
    figure = draw_samples(dataset.train_images, dataset.train_labels, augmented, dataset.name)
    _finish(figure, out, show, inline)


@show_app.command("filters")
def show_filters(
    run: RunArgument, out: Out = None, show: Show = False, inline: Inline = False
) -> None:
    """Draw the weights of the first layer."""
    from mnistcli.figures import draw_filters
    from mnistcli.reports import read_filters
    from mnistcli.runs import open_run_directory

    directory = open_run_directory(run)
    filters = read_filters(directory)
    if filters is None:
        raise RunError(
            f"the network of {run} has no weights that can be drawn as filters of the image",
            "expected Conv2D, DepthwiseConv2D, or Dense on all 784 pixels to be its first layer",
        )
    figure = draw_filters(filters.weights, filters.layer)
    _finish(figure, _figure_path(directory, "filters", out), show, inline)


@show_app.command("features")
def show_features(
    run: RunArgument,
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="A picture of a digit.", show_default=False)
    ],
    out: Out = None,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the output of each convolution, ReLU, pooling and dense layer for a picture."""
    from mnistcli.errors import ImageError
    from mnistcli.figures import LayerOutput, draw_features
    from mnistcli.images import frame_digit, name_error, picture_name, read_picture
    from mnistcli.recognition import read_framing
    from mnistcli.runs import open_run_directory

    framing = read_framing(open_run_directory(run))
    try:
        digit = frame_digit(read_picture(image), framing).image
    except ImageError as error:
        raise name_error(image, error) from None
    directory, network = _restore(run)
    from mnistcli.evaluation.features import layer_features

    layers = [LayerOutput(*features) for features in layer_features(network, digit)]
    title = f"{directory.name} on {picture_name(image)}"
    figure = draw_features(digit, layers, title)
    _finish(figure, _figure_path(directory, "features", out), show, inline)


@show_app.command("training")
def show_training(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run directories.", show_default=False)
    ],
    out: Out = None,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw loss and accuracy by epoch, of several runs in one figure."""
    from mnistcli.figures import draw_training
    from mnistcli.runs import open_run_directory

    directories = [open_run_directory(run) for run in runs]
    for directory in directories:
        directory.require_training()
    names = [directory.name for directory in directories]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    metrics = {
        name: directory.read_metrics() for name, directory in zip(names, directories, strict=True)
    }
    empty_runs = [name for name, rows in metrics.items() if not any(row["epoch"] for row in rows)]
    if empty_runs:
        raise RunError(f"{empty_runs[0]} has no epoch to draw", "expected a run that finished one")
    path = _figure_path(directories[0], "training" if len(metrics) == 1 else "comparison", out)
    _finish(draw_training(metrics), path, show, inline)


@show_app.command("confusion")
def show_confusion(
    run: RunArgument, out: Out = None, show: Show = False, inline: Inline = False
) -> None:
    """Draw the confusion matrix of the test images."""
    from mnistcli.figures import draw_confusion

    directory, answers = _answer_test_images(run)
    figure = draw_confusion(answers.confusion_matrix, answers.title)
    _finish(figure, _figure_path(directory, "confusion", out), show, inline)


@show_app.command("roc")
def show_roc(run: RunArgument, out: Out = None, show: Show = False, inline: Inline = False) -> None:
    """Draw the ROC and precision-recall curves of each class."""
    from mnistcli.figures import draw_roc

    directory, answers = _answer_test_images(run)
    figure = draw_roc(answers.labels, answers.probabilities, answers.title)
    _finish(figure, _figure_path(directory, "roc", out), show, inline)


@show_app.command("mistakes")
def show_mistakes(
    run: RunArgument, out: Out = None, show: Show = False, inline: Inline = False
) -> None:
    """Draw the wrong answers with the highest confidence."""
    from mnistcli.figures import draw_mistakes

    directory, answers = _answer_test_images(run)
    figure = draw_mistakes(answers.images, answers.labels, answers.probabilities, answers.title)
    _finish(figure, _figure_path(directory, "mistakes", out), show, inline)


def _restore(run: Path) -> "tuple[RunDirectory, Network]":
    from mnistcli.cli.console import tensorflow_starting
    from mnistcli.runs import open_run_directory

    directory = open_run_directory(run)
    with tensorflow_starting():
        from mnistcli.artifacts import restore_network
    return directory, restore_network(directory)


def _answer_test_images(run: Path) -> "tuple[RunDirectory, Answers]":
    """Return a run, and its answers to its test images, without TensorFlow."""
    import numpy as np

    from mnistcli.cli.data import load_run_data
    from mnistcli.cli.figures import Answers
    from mnistcli.cli.recognizer import open_recognizer
    from mnistcli.runs import open_run_directory
    from mnistcli.scores import read_predictions

    directory = open_run_directory(run)
    dataset = load_run_data(directory)
    title = f"{directory.name} on its test images"
    images, labels = dataset.test_images, dataset.test_labels
    predictions = read_predictions(directory)
    if predictions is None:  # a run of an earlier version
        return directory, Answers(
            images, labels, open_recognizer(directory).classifier(images), title
        )
    if not np.array_equal(predictions.test.labels, labels):
        raise RunError(
            f"{directory.predictions} is of other test images",
            f"make it again with: {command_line('evaluate', directory.path)}",
        )
    return directory, Answers(images, labels, predictions.test.probabilities, title)


def _figure_path(directory: "RunDirectory", name: str, out: Path | None) -> Path:
    return out or directory.figures / f"{name}.png"


def _finish(figure: "Figure", path: Path, show: bool, inline: bool) -> None:
    """Write a figure; open it or draw it in the terminal where the user asked for that."""
    from mnistcli.cli.console import results
    from mnistcli.cli.figures import has_display, write_figure

    pixels = write_figure(figure, path)
    if inline:
        from mnistcli.cli.picture_views import picture_view

        results().print(picture_view(pixels))
    results().print(f"Written to {path}", soft_wrap=True)
    if show and has_display():
        typer.launch(str(path))
    elif show:
        hint = "" if inline else "; --inline draws it here"
        results().print(f"There is no display to show it on{hint}")
