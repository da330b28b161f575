"""What figures say: their titles, axes, numbers and curves."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import roc_auc_score

from mnistcli.figures import (
    LayerOutput,
    RunCurves,
    SweepPoints,
    choose_samples,
    dark_figures,
    draw_confusion,
    draw_features,
    draw_filters,
    draw_mistakes,
    draw_roc,
    draw_samples,
    draw_sweep,
    draw_training,
    render_figure,
    render_svg,
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
    assert figure.get_suptitle() == "run\n75.00% right, 1 mistake in 4"
    shares = [text.get_text() for text in axes.child_axes[0].get_yticklabels()]
    assert shares == ["100.0%", "100.0%", "50.0%"]


def test_one_mistake_and_eight_have_other_colours() -> None:
    matrix = np.diag([980, 1000, 990])
    matrix[0, 1], matrix[1, 2] = 1, 8
    cells = draw_confusion(matrix, "run").axes[0].images[0].get_array()
    one, eight, none = np.asarray(cells)[[0, 1, 0], [1, 2, 2], :3].astype(int)
    assert np.abs(one - none).sum() > 50
    assert np.abs(eight - one).sum() > 120


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
        "1 taken for 0\n80.0%",
        "0 taken for 2\n70.0%",
        "0 taken for 1\n60.0%",
    ]
    sheet = np.asarray(axes.images[0].get_array())
    left, top = map(int, axes.texts[0].get_position())
    assert sheet[top + 20, left, 0] == 200  # the image under the first text
    assert figure.get_suptitle() == "run\n3 mistakes"
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
    assert sheet[15::30, 15, 0].tolist() == [10, 30, 60]
    assert heights(counts) == [0, 1, 0, 2, 0, 0, 9]
    assert [place.get_title() for place in means[:7]] == list("0123456")
    assert [int(np.asarray(place.images[0].get_array())[14, 14, 0]) for place in means[:7]] == [
        *(0, 10, 0, 30, 0, 0, 60)
    ]
    assert choose_samples(labels).tolist()[:10] == [0] * 8 + [1, 2]


def course(losses: tuple[float, ...]) -> list[dict[str, float]]:
    return [
        {"epoch": epoch, "loss": loss, "accuracy": 1 - loss, "val_loss": loss, "val_accuracy": 0.5}
        for epoch, loss in enumerate(losses)
    ]


def test_training_draws_each_run_from_the_untrained_network_on() -> None:
    rows = course((0.9, 0.5, 0.02))
    whole = RunCurves("_one", rows, best_epoch=1)
    figure = draw_training([whole, RunCurves("$a$", rows[:2], is_finished=False)])
    for axes, column in zip(figure.axes, ("loss", "accuracy"), strict=True):
        training, validation, ring, *_, cut = axes.get_lines()
        assert np.asarray(training.get_xdata()).tolist() == [0, 1, 2]
        assert np.asarray(training.get_ydata()).tolist() == [row[column] for row in rows]
        assert validation.get_linestyle() == "--"
        assert np.asarray(ring.get_xdata()).tolist() == [1]  # the best epoch
        assert np.asarray(cut.get_xdata()).tolist() == [1]  # the last of what is not finished
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:2] == ["_one", r"\$a\$ (not finished)"]
    render_figure(figure)
    ticks = [[text.get_text() for text in axes.get_yticklabels()] for axes in figure.axes]
    assert ticks[0] == ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]
    assert ticks[1] == ["98%", "95%", "90%", "80%", "50%", "0%"]


def test_many_runs_have_another_look_each() -> None:
    figure = draw_training([RunCurves(str(i), course((0.9, 0.1))) for i in range(30)])
    lines = figure.axes[0].get_lines()[1::3]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 30


def test_a_run_of_one_epoch_has_whole_epochs_on_its_axes() -> None:
    rows = [{"epoch": epoch, "loss": 1.0, "accuracy": 0.9, "val_accuracy": 0.8} for epoch in (0, 1)]
    figure = draw_training([RunCurves("short", rows)])
    render_figure(figure)
    ticks = [tick for tick in figure.axes[1].get_xticks() if -0.3 <= tick <= 1.3]
    assert ticks == [0, 1]


def test_negative_losses_are_drawn() -> None:
    rows = [{"epoch": epoch, "loss": -0.1 * epoch, "accuracy": 0.5} for epoch in range(3)]
    figure = draw_training([RunCurves("cosine", rows)])
    render_figure(figure)
    assert figure.axes[0].get_title() == "loss"
    low, high = figure.axes[0].get_ylim()
    assert low < -0.2 < 0 < high


def test_a_figure_is_the_same_each_time_and_dark_where_asked() -> None:
    run = RunCurves("run", course((0.9, 0.1)), best_epoch=1)
    first, again = (draw_training([run]) for _ in range(2))
    assert np.array_equal(render_figure(first), render_figure(again))
    assert render_svg(draw_training([run])) == render_svg(draw_training([run]))
    with dark_figures():
        dark = draw_training([run])
    assert render_figure(first).mean() > 200
    assert render_figure(dark).mean() < 60


def test_roc_has_the_area_of_each_class() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 200)
    scores = generator.random((200, 4)) + np.eye(4)[labels]
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    figure = draw_roc(labels, probabilities, "run")
    captions = [text.get_text() for text in figure.legends[0].get_texts()]
    for label in range(3):
        area = roc_auc_score(labels == label, probabilities[:, label])
        assert captions[label].startswith(f"{label}: AUC {area:.5f}, AP ")
    assert len(captions) == 3  # there is no image of class 3


def test_roc_shows_the_corner_in_which_the_curves_bend() -> None:
    labels = np.arange(2000) % 2
    scores = np.where(labels == 1, 0.9, 0.1)
    scores[:20] = 0.5 + 0.4 * (labels[:20] == 0)  # one image in a hundred is wrong
    figure = draw_roc(labels, np.stack([1 - scores, scores], axis=1), "run")
    assert figure.axes[0].get_xlim() == (0, 0.05)
    assert "upper left" in figure.axes[0].get_title()


def test_the_strongest_filters_come_first_in_one_scale() -> None:
    weights = np.full((3, 3, 40), 0.01, np.float32)
    weights[0, 0, 4], weights[0, 0, 7] = -2, 1
    figure = draw_filters(weights, "first")
    axes = figure.axes[0]
    assert figure.get_suptitle() == "first: the strongest 32 of 40 filters of 3 x 3 weights"
    assert texts(axes)[:4] == ["4", "2.00", "7", "1.00"]
    assert len(texts(axes)) == 2 * 32
    assert axes.images[0].get_clim() == (-2, 2)


def test_features_of_layers_with_and_without_maps() -> None:
    maps = np.arange(2 * 2 * 70, dtype=np.float32).reshape(2, 2, 70)
    layers = [
        LayerOutput("first", maps - 20, maps),
        LayerOutput("zero", None, np.zeros((2, 2, 1), np.float32)),
        LayerOutput("last", None, np.array([0.1, 0.9], np.float32)),
    ]
    figure = draw_features(np.zeros((28, 28), np.uint8), layers, "$1 on $2")
    blocks = figure.subfigs
    assert blocks[1].get_suptitle() == (
        "first   2 x 2 x 70 (64 of 70 maps are drawn)   from -20.00 to 259.00 before the "
        "activation, from 0.00 to 279.00 after it"
    )
    legend = blocks[0].axes[1].get_legend()
    assert legend
    assert [text.get_text().split()[0] for text in legend.get_texts()] == ["before", "after"]
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
