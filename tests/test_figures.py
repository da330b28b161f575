"""What figures say: their titles, axes, numbers and curves."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import roc_auc_score

from mnistcli.figures import (
    LayerOutput,
    SweepPoints,
    choose_samples,
    draw_confusion,
    draw_features,
    draw_filters,
    draw_mistakes,
    draw_roc,
    draw_samples,
    draw_sweep,
    draw_training,
    render_figure,
)
from mnistcli.scores import confusion_matrix

LONG_NAME = "a_network_with_the_longest_name_that_a_config_may_have_0123456789-20261121-101500"


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def heights(axes: Axes) -> list[float]:
    """Return how high the bars are."""
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


def overhang(figure: Figure) -> float:
    """By how many pixels the title reaches beyond the figure."""
    pixels = render_figure(figure)
    title = figure._suptitle.get_window_extent()  # type: ignore[attr-defined]
    return max(float(-title.x0), float(title.x1 - pixels.shape[1]))


def certain(answers: list[int], classes: int, sure: list[float]) -> np.ndarray:
    """Probabilities (N, classes) whose largest is the answer's."""
    rest = (1 - np.array(sure)) / (classes - 1)
    probabilities = np.repeat(rest[:, None], classes, axis=1)
    probabilities[np.arange(len(answers)), answers] = sure
    return probabilities


def test_a_confusion_has_the_true_class_in_its_row() -> None:
    matrix = confusion_matrix(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]), 3)
    figure = draw_confusion(matrix, "run")
    axes = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    # (column, row)
    assert cells == {(0, 0): "1", (1, 1): "1", (1, 2): "1", (2, 2): "1"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert figure.get_suptitle() == "run\n75.00% of 4 right"


@pytest.mark.parametrize("classes", [2, 10, 26, 256])
def test_figures_of_any_number_of_classes(classes: int) -> None:
    labels = np.arange(2 * classes) % classes
    figure = draw_confusion(confusion_matrix(labels, labels, classes), LONG_NAME)
    assert overhang(figure) <= 0
    assert max(figure.get_size_inches()) <= 30
    images = np.zeros((len(labels), 28, 28), np.uint8)
    if classes <= 26:
        assert render_figure(draw_samples(images, labels)).shape[2] == 3


def test_mistakes_are_the_surest_first() -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[2] = 200
    answers = certain([1, 1, 0, 2], 3, [0.6, 0.9, 0.8, 0.7])
    figure = draw_mistakes(images, np.array([0, 1, 1, 0]), answers, "run")
    axes = figure.axes[0]
    assert texts(axes) == [
        "1, taken for 0\n80.0% sure",
        "0, taken for 2\n70.0% sure",
        "0, taken for 1\n60.0% sure",
    ]
    sheet = np.asarray(axes.images[0].get_array())
    left = int(axes.texts[0].get_position()[0])
    assert sheet[30, left] == 200  # the image under the first text
    assert figure.get_suptitle() == "run\nall 3 mistakes"
    right = draw_mistakes(images, np.array([1, 1, 0, 2]), answers, "run")
    assert right.get_suptitle() == "run\nno mistakes"
    assert render_figure(right).shape[2] == 3


def test_samples_name_the_classes_there_are() -> None:
    labels = np.array([1, 3, 3] + [6] * 9)
    images = np.zeros((12, 28, 28), np.uint8)
    images[np.arange(12), 14, 14] = 10 * labels
    figure = draw_samples(images, labels)
    samples, counts, *means = figure.axes
    assert [tick.get_text() for tick in samples.get_yticklabels()] == ["1", "3", "6"]
    assert "repeated" in samples.get_title()
    sheet = np.asarray(samples.images[0].get_array())
    assert sheet[15::30, 15].tolist() == [10, 30, 60]
    assert heights(counts) == [0, 1, 0, 2, 0, 0, 9]
    assert [place.get_title() for place in means[:7]] == list("0123456")
    assert [float(np.asarray(place.images[0].get_array())[14, 14]) for place in means[:7]] == [
        *(0, 10, 0, 30, 0, 0, 60)
    ]
    assert choose_samples(labels).tolist()[:10] == [0] * 8 + [1, 2]


def test_training_draws_each_run_from_its_first_epoch_on() -> None:
    rows = [
        {"epoch": epoch, "loss": loss, "accuracy": 1 - loss, "val_loss": loss, "val_accuracy": 0.5}
        for epoch, loss in enumerate((2.0, 0.5, 0.25))
    ]
    figure = draw_training({"_one": rows, "$a$": rows[:2]})
    losses, accuracies = figure.axes
    assert [np.asarray(line.get_xdata()).tolist() for line in losses.get_lines()] == [
        [0, 1, 2]
    ] * 2 + [[0, 1]] * 2
    assert [np.asarray(line.get_ydata()).tolist() for line in accuracies.get_lines()] == [
        *([0.5, 0.75], [0.5, 0.5], [0.5], [0.5])
    ]
    assert losses.get_yscale() == "log"
    assert len(figure.legends[0].get_texts()) == 4
    render_figure(figure)


def test_a_run_of_one_epoch_has_whole_epochs_on_its_axes() -> None:
    rows = [{"epoch": epoch, "loss": 1.0, "accuracy": 0.9, "val_accuracy": 0.8} for epoch in (0, 1)]
    figure = draw_training({"short": rows})
    render_figure(figure)
    ticks = [tick for tick in figure.axes[1].get_xticks() if 0.7 <= tick <= 1.3]
    assert ticks == [1]
    markers = [line.get_marker() for line in figure.axes[1].get_lines()]
    assert len(set(markers)) == 2  # without a line, only they tell training from validation


def test_negative_losses_are_drawn() -> None:
    rows = [{"epoch": epoch, "loss": -0.1 * epoch, "accuracy": 0.5} for epoch in range(3)]
    axes = draw_training({"cosine": rows}).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylabel() == "loss"


def test_roc_has_the_area_of_each_class() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 200)
    scores = generator.random((200, 4)) + np.eye(4)[labels]
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    figure = draw_roc(labels, probabilities, "run")
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    for label in range(3):
        area = roc_auc_score(labels == label, probabilities[:, label])
        assert told[label].startswith(f"{label}: AUC {area:.5f}, AP ")
    assert told[3].startswith("by chance")  # there is no image of class 3


def test_filters_share_one_scale() -> None:
    weights = np.zeros((3, 3, 10), np.float32)
    weights[0, 0, 4] = -2
    figure = draw_filters(weights, "first (Conv2D)")
    drawn = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(drawn) == 10
    assert {image.get_clim() for image in drawn} == {(-2, 2)}


def test_features_of_layers_with_and_without_maps() -> None:
    maps = np.arange(2 * 2 * 12, dtype=np.float32).reshape(2, 2, 12)
    layers = [
        LayerOutput("first", maps - 20, maps),
        LayerOutput("zero", None, np.zeros((2, 2, 1), np.float32)),
        LayerOutput("last", None, np.array([0.1, 0.9], np.float32)),
    ]
    figure = draw_features(np.zeros((28, 28), np.uint8), layers, "$1 on $2")
    blocks = figure.subfigs
    assert blocks[1].get_suptitle() == (
        "first   2 x 2 x 12 (the first 8 of them)   from -20.00 to 27.00 before the activation, "
        "from 0.00 to 47.00 after it"
    )
    assert heights(blocks[3].axes[0]) == pytest.approx([0.1, 0.9])
    assert render_figure(figure).shape[2] == 3


def test_a_sweep_shows_the_best_so_far_of_whole_trials() -> None:
    points = SweepPoints(
        goal="val_loss",
        higher_is_better=False,
        numbers=[0, 1, 3, 4],
        values=[0.5, 0.1, 0.7, 0.2],
        is_complete=[True, False, True, True],
        settings={"rate": [1e-4, 1e-3, 1e-2, 1e-1], "$x": ["relu", "selu", "relu", "selu"]},
        logarithmic=["rate"],
        choices={"$x": ["relu", "selu"]},
        importances={"rate": 0.7, "$x": 0.3},
    )

    assert points.best_so_far().tolist() == [0.5, 0.5, 0.5, 0.2]
    figures = draw_sweep(points)
    assert set(figures) == {"history", "slices", "importances", "parallel"}
    for figure in figures.values():
        assert render_figure(figure).shape[2] == 3
    lines = figures["parallel"].axes[0].get_lines()[:4]
    best = np.asarray(lines[-1].get_ydata())  # on top
    assert best == pytest.approx(np.array([1 / 3, 1]))
