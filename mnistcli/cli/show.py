"""`mnistcli show`: pictures of data, networks and what they do."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.completion import complete_configs, complete_runs
from mnistcli.cli.help import CommandGroup
from mnistcli.cli.options import ConfigOrRun, LatestRun, find_named_runs
from mnistcli.cli.show_images import show_images
from mnistcli.cli.show_output import Dark, Format, Inline, Out, Output, Show, check_default
from mnistcli.cli.show_pixels import show_pixels
from mnistcli.cli.show_step import show_step
from mnistcli.errors import RunError, UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.cli.figures import Answers
    from mnistcli.model import Network
    from mnistcli.runs import RunDirectory

show_app = typer.Typer(
    cls=CommandGroup,
    help="Draw data, a network, its training, or its mistakes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


show_app.command("step", epilog="Example: mnistcli show step quickstart")(show_step)
show_app.command("images", epilog="Example: mnistcli show images mnist:test:0-9")(show_images)
show_app.command("pixels", epilog="Example: mnistcli show pixels mnist:train:0")(show_pixels)


@show_app.command("data")
def show_data(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG",
            help="A YAML file with data and augmentation, or a name that `mnistcli configs` "
            "lists; by default MNIST.",
            show_default=False,
            autocompletion=complete_configs,
        ),
    ] = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw training images of each class; print shapes and ranges."""
    from mnistcli.cli.console import results, tensorflow_starting
    from mnistcli.cli.data import load_training_data
    from mnistcli.cli.data_view import arrays_table
    from mnistcli.cli.figure_views import counts_view
    from mnistcli.config import load_config
    from mnistcli.data import load_dataset
    from mnistcli.figures import choose_samples, draw_samples

    check_default(out, "data", file_format)
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
            augmented, _ = augment_images(
                network, dataset.train_images[rows], dataset.train_labels[rows]
            )
    results().print(arrays_table(dataset))
    images, labels = dataset.train_images, dataset.train_labels
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_samples, images, labels, augmented, dataset.name),
        Path("data"),
        partial(counts_view, labels),
    )


@show_app.command("network", epilog="Example: mnistcli show network lenet5")
def show_network(
    config: ConfigOrRun,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the layers of a network, with shapes and parameters."""
    from mnistcli.cli.console import results, tensorflow_starting
    from mnistcli.cli.data import load_described
    from mnistcli.figures import draw_network

    check_default(out, "network", file_format)
    file, num_classes = load_described(config, ())
    with tensorflow_starting():
        from mnistcli.model import build_network
    network = build_network(file, num_classes)
    from mnistcli.cli.network_view import describe_network, network_view

    layers = describe_network(file.config, network)
    title = f"{file.config.name}: {network.model.count_params():,} parameters"
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_network, layers, title),
        Path("network"),
        lambda: network_view(layers, results().width),
    )


@show_app.command("filters")
def show_filters(
    run: LatestRun = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the weights of the first layer."""
    from mnistcli.cli.figure_views import FiltersView
    from mnistcli.figures import draw_filters
    from mnistcli.reports import read_filters

    directory = _open(run)
    filters = read_filters(directory)
    if filters is None:
        raise RunError(
            f"the network of {directory.path} has no weights to draw as filters of the image",
            "expected Conv2D, DepthwiseConv2D, or Dense on all 784 pixels to be its first layer",
        )
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_filters, filters.weights, filters.layer),
        directory.figures / "filters",
        partial(FiltersView, filters.weights),
    )


@show_app.command("features", epilog="Example: mnistcli show features digit.png")
def show_features(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="[RUN] IMAGE",
            help="A run directory, by default the latest; and a picture of a digit, or an image "
            "of a data set by number, such as mnist:test:0.",
            show_default=False,
            autocompletion=complete_runs,
        ),
    ],
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw what each layer makes of a picture."""
    from mnistcli.cli.figure_views import features_view
    from mnistcli.cli.predict_sources import read_image
    from mnistcli.figures import LayerOutput, draw_features
    from mnistcli.recognition import read_framing
    from mnistcli.runs import find_run

    *runs, image = paths
    if len(runs) > 1:
        raise UsageError(
            f"features draws one picture, got {len(paths)} arguments", "expected: [RUN] IMAGE"
        )
    directory = _open(find_run(runs[0]) if runs else None)
    digit = read_image(str(image), read_framing(directory))
    network = _restore(directory)
    from mnistcli.evaluation.features import layer_features
    from mnistcli.recognition import OutputKind, to_probabilities

    layers = [LayerOutput(*features) for features in layer_features(network, digit.image)]
    outputs = layers[-1].after.reshape(1, -1)
    probabilities = to_probabilities(outputs, network.output_kind)[0]
    if network.output_kind is not OutputKind.PROBABILITIES:
        # Without the temperature that predict has: these are what the loss of training sees.
        name = f"probabilities, from the {network.output_kind.value} above"
        layers.append(LayerOutput(name, None, probabilities))
    title = f"{directory.name} on {digit.name}"
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_features, digit.image, layers, title),
        directory.figures / "features",
        partial(features_view, digit.image, outputs[0], probabilities),
    )


@show_app.command("training")
def show_training(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Run directories; by default the latest.",
            show_default=False,
            callback=find_named_runs,
            autocompletion=complete_runs,
        ),
    ] = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw loss and accuracy by epoch, of several runs in one figure."""
    from mnistcli.cli.curves import compare_curves, read_curves
    from mnistcli.cli.figure_views import TrainingView
    from mnistcli.figures import draw_training

    directories = [_open(run) for run in runs] if runs else [_open(None)]
    for directory in directories:
        directory.require_training()
    if len(directories) == 1:
        curves = [read_curves(directories[0])]
    else:
        from mnistcli.comparison import read_row

        names = [directory.name for directory in directories]
        if len(set(names)) < len(names):
            names = [str(directory.path) for directory in directories]
        rows = map(read_row, directories)
        curves = compare_curves(dict(zip(names, rows, strict=True)))
    if not any(run.rows for run in curves):
        raise RunError(
            f"{directories[0].path} has no epoch to draw", "expected a run that has begun"
        )
    output = Output(out, file_format, dark, show, inline)
    name = "training" if len(curves) == 1 else "comparison"
    output.write(
        partial(draw_training, curves),
        directories[0].figures / name,
        partial(TrainingView, curves),
    )


@show_app.command("confusion")
def show_confusion(
    run: LatestRun = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the confusion matrix of the test images."""
    from mnistcli.cli.views import confusion_table
    from mnistcli.figures import draw_confusion

    directory, answers = _answer_test_images(run)
    matrix = answers.confusion_matrix
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_confusion, matrix, answers.title),
        directory.figures / "confusion",
        partial(confusion_table, matrix.tolist()),
    )


@show_app.command("roc")
def show_roc(
    run: LatestRun = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the ROC and precision-recall curves of each class."""
    from mnistcli.cli.figure_views import separation_view
    from mnistcli.figures import draw_roc

    directory, answers = _answer_test_images(run)
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_roc, answers.labels, answers.probabilities, answers.title),
        directory.figures / "roc",
        partial(separation_view, answers.labels, answers.probabilities),
    )


@show_app.command("mistakes")
def show_mistakes(
    run: LatestRun = None,
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw the wrong answers with the highest confidence."""
    from mnistcli.cli.figure_views import MistakesView
    from mnistcli.figures import draw_mistakes

    directory, answers = _answer_test_images(run)
    images, labels = answers.images, answers.labels
    output = Output(out, file_format, dark, show, inline)
    output.write(
        partial(draw_mistakes, images, labels, answers.probabilities, answers.title),
        directory.figures / "mistakes",
        partial(MistakesView, answers),
    )


def _open(run: Path | None) -> "RunDirectory":
    """Open a run, or the latest."""
    from mnistcli.runs import latest_run, open_run_directory

    return open_run_directory(run or latest_run())


def _restore(directory: "RunDirectory") -> "Network":
    from mnistcli.cli.console import tensorflow_starting

    with tensorflow_starting():
        from mnistcli.artifacts import restore_network
    return restore_network(directory)


def _answer_test_images(run: Path | None) -> "tuple[RunDirectory, Answers]":
    """Return a run, and its answers to its test images, without TensorFlow."""
    import numpy as np

    from mnistcli.cli.data import load_run_data
    from mnistcli.cli.figures import Answers
    from mnistcli.cli.recognizer import open_recognizer
    from mnistcli.scores import read_predictions

    directory = _open(run)
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
