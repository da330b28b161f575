"""A config -> a Keras model, its optimizer, loss and metrics; and errors at their place."""

import keras
import numpy as np
import pytest
from config_texts import Load

from mnistcli.errors import ConfigError
from mnistcli.model import Network, build_network

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
SMALL = f"layers:\n{DENSE}"


def layer_kinds(network: Network) -> list[str]:
    return [type(layer).__name__ for layer in network.model.layers]


@pytest.mark.parametrize(
    ("layers", "input_shape", "kinds"),
    [
        (DENSE, (28, 28, 1), ["Rescaling", "Flatten", "Dense"]),
        (f"  - Flatten\n{DENSE}", (28, 28, 1), ["Rescaling", "Flatten", "Dense"]),
        (f"  - Input: {{shape: [784]}}\n{DENSE}", (784,), ["Rescaling", "Dense"]),
        (f"  - Input: {{shape: [28, 28]}}\n{DENSE}", (28, 28), ["Rescaling", "Flatten", "Dense"]),
        (
            f"  - Input: {{shape: [28, 28]}}\n  - SimpleRNN: {{units: 2}}\n{DENSE}",
            (28, 28),
            ["Rescaling", "SimpleRNN", "Dense"],
        ),
    ],
)
def test_input_and_flatten_are_added_where_they_are_missing(
    load_text: Load, layers: str, input_shape: tuple[int, ...], kinds: list[str]
) -> None:
    network = build_network(load_text(f"layers:\n{layers}"), 10)

    assert isinstance(network.model, keras.Sequential)
    assert network.model.input_shape == (None, *input_shape)
    assert network.model.output_shape == (None, 10)
    assert layer_kinds(network) == kinds


def test_inputs_make_a_functional_graph(load_text: Load) -> None:
    text = (
        "layers:\n  - Conv2D: {filters: 1, kernel_size: 3, padding: same, name: a}\n"
        "  - Add: {inputs: [a, input]}\n  - GlobalMaxPooling2D\n" + DENSE
    )
    network = build_network(load_text(text), 10, scale=1 / 255)
    model = network.model
    images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1)).astype(np.float32)

    # The kernel: its centre passes the pixel on, so Add doubles the normalized image.
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 1
    model.get_layer("a").set_weights([kernel, np.zeros(1)])
    dense = model.layers[-1]
    expected = dense(2 * images.max(axis=(1, 2)) / 255)

    assert not isinstance(model, keras.Sequential)
    np.testing.assert_allclose(model(images), expected, rtol=1e-5)


def test_the_config_s_own_input_can_be_named(load_text: Load) -> None:
    text = (
        "layers:\n  - Input: {shape: [784], name: pixels}\n  - Dense: {units: 4, name: a}\n"
        "  - Concatenate: {inputs: [a, pixels]}\n" + DENSE
    )
    model = build_network(load_text(text), 10).model

    assert model.layers[-1].kernel.shape == (788, 10)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (
            "layers:\n  - Flatten\n  - Dense: {units: 9, activation: softmax}\n",
            ["3:20: error: the model ends in 9 units, but the data has 10 classes"],
        ),
        (
            f"layers:\n  - Flatten\n{DENSE}  - Reshape: {{target_shape: [5]}}\n",
            ["4:5: error: Reshape cannot take its input of shape (10,): The total size"],
        ),
        (
            f"layers:\n  - Conv2D: {{filters: 8, kernel_size: 3}}\n{DENSE}",
            ["3:5: error: the model ends in shape (26, 26, 10), expected (10,): end with Flatten"],
        ),
        (
            f"layers:\n  - ReLU\n  - MaxPooling2D: {{pool_size: 29}}\n  - Flatten\n{DENSE}",
            ["3:5: error: MaxPooling2D cannot take its input of shape (28, 28, 1): Computed"],
        ),
        (
            "layers:\n  - Conv2D: {filters: 2, kernel_size: 3, name: a}\n"
            f"  - Add: {{inputs: [input, a]}}\n  - Flatten\n{DENSE}",
            ["3:5: error: Add cannot take its input of shape (28, 28, 1) and (26, 26, 2): Inputs"],
        ),
        (
            "layers:\n  - Input: {shape: [28, 28]}\n  - LSTM: {units: 4, return_state: true}\n",
            ["3:5: error: LSTM gives several outputs; a layer here gives one"],
        ),
        (
            f"layers:\n  - Input: {{shape: [27, 28]}}\n{DENSE}",
            ["2:20: error: Input: expected a shape of 784 pixels, as [28, 28, 1], got [27, 28]"],
        ),
        (
            f"layers:\n  - Input: {{shape: [null, 28, 1]}}\n{DENSE}",
            ["2:20: error: Input: expected a shape of 784 pixels"],
        ),
        ("layers:\n  - Input: {shape: [784]}\n", ["2:3: error: expected a layer after Input"]),
        (
            "layers:\n  - Flatten\n  - Dense: {units: 10}\n",
            ["3:5: error: SparseCategoricalCrossentropy expects probabilities, but the model puts"],
        ),
        (
            f"{SMALL}loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}\n",
            ["3:53: error: SparseCategoricalCrossentropy expects logits, but the model puts out p"],
        ),
        (
            "layers:\n  - Dense: {units: 10}\n  - Softmax\n"
            "loss: {CategoricalCrossentropy: {from_logits: true}}\n",
            ["4:47: error: CategoricalCrossentropy expects logits, but the model puts out proba"],
        ),
        (
            f"{SMALL}loss: {{CategoricalCrossentropy: {{reduction: none}}}}\n",
            ["3:45: error: CategoricalCrossentropy gives no mean over the batch"],
        ),
        (
            f"{SMALL}metrics:\n  - F1Score\n  - AUC\n",
            ["4:5: error: F1Score gives several numbers; a column of metrics holds one"],
        ),
        (
            f"{SMALL}augment:\n  - RandomCrop: {{height: 20, width: 20}}\n",
            ["4:5: error: RandomCrop changes an image's shape to (20, 20, 1); augmentation keeps"],
        ),
        (
            "layers:\n  - Dropout: {rate: 1.5}\n  - Flatten\n"
            "  - Dense: {units: 10, activation: softmax, kernel_regularizer: {L2: {l2: -1}}}\n"
            "optimizer: {SGD: {momentum: 2}}\n",
            [
                "2:21: error: Dropout: Invalid value received for argument `rate`.",
                "4:75: error: L2: Invalid value for argument l2: expected a non-negative float",
                "5:29: error: SGD: `momentum` must be a float between [0, 1].",
            ],
        ),
        (
            f"layers:\n  - Flatten: {{name: normalize}}\n{DENSE}",
            ["2:21: error: the name 'normalize' is taken by a layer before"],
        ),
        (
            "layers:\n  - Conv2D: {filters: 1, kernel_size: 3}\n"
            f"  - Conv2D: {{filters: 1, kernel_size: 3, name: conv2d}}\n  - Flatten\n{DENSE}",
            ["3:48: error: the name 'conv2d' is taken by a layer before"],
        ),
        (
            "layers:\n  - Dense: {units: 3, name: a}\n  - Dense: {units: 4}\n"
            f"  - ReLU: {{inputs: a}}\n{DENSE}",
            ["3:5: error: nothing takes the output of Dense"],
        ),
        (
            f"{SMALL}loss: {{MeanSquaredError: {{reduction: sum}}}}\n",
            ["3:38: error: MeanSquaredError gives no mean over the batch"],
        ),
    ],
)
def test_what_keras_refuses_is_an_error_at_its_place(
    load_text: Load, text: str, errors: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_network(load_text(text), 10)

    lines = str(caught.value).splitlines()
    assert len(lines) == len(errors) + 1
    for line, expected in zip(lines, errors, strict=False):
        assert line.partition("small.yaml:")[2].startswith(expected)
        assert "Arguments received" not in line


@pytest.mark.parametrize(
    ("loss", "one_hot"),
    [
        ("sparse_categorical_crossentropy", False),
        ("{SparseCategoricalCrossentropy: {from_logits: false}}", False),
        ("categorical_crossentropy", True),
        ("{CategoricalCrossentropy: {label_smoothing: 0.1}}", True),
        ("mse", True),
        ("CategoricalFocalCrossentropy", True),
        ("{CategoricalGeneralizedCrossEntropy: {q: 0.5}}", False),
        ("Circle", False),
        ("Dice", True),
    ],
)
def test_labels_are_one_hot_exactly_where_the_loss_needs_it(
    load_text: Load, loss: str, one_hot: bool
) -> None:
    assert build_network(load_text(f"{SMALL}loss: {loss}\n"), 10).loss_takes_one_hot is one_hot


def test_labels_are_one_hot_exactly_where_a_metric_needs_it(load_text: Load) -> None:
    text = f"""{SMALL}metrics:
      - accuracy
      - SparseTopKCategoricalAccuracy: {{k: 2, name: top_2}}
      - F1Score: {{average: macro}}
      - MeanIoU: {{num_classes: 10, sparse_y_pred: false}}
      - MeanSquaredError
"""
    metrics = build_network(load_text(text), 10).metrics

    assert [(m.name, m.takes_one_hot, m.higher_is_better) for m in metrics] == [
        ("top_2", False, True),
        ("f1_score", True, True),
        ("mean_io_u", False, True),
        ("mean_squared_error", True, False),
    ]


def test_which_columns_are_better_when_higher(load_text: Load) -> None:
    network = build_network(load_text(f"{SMALL}metrics: [MeanSquaredError, AUC]\n"), 10)

    columns = ["loss", "accuracy", "mean_squared_error", "auc"]
    for prefix in ("", "val_"):
        better = [network.higher_is_better(prefix + column) for column in columns]
        assert better == [False, True, False, True]


HIGHER_IS_BETTER = {
    "AUC": True,
    "BinaryAccuracy": True,
    "CosineSimilarity": True,
    "FalseNegatives": False,
    "FalsePositives": False,
    "TrueNegatives": True,
    "TruePositives": True,
    "Precision: {thresholds: 0.99}": True,
    "Recall: {top_k: 2}": True,
    "KLDivergence": False,
    "Hinge": False,
    "LogCoshError": False,
    "RootMeanSquaredError": False,
    "R2Score": True,
    "F1Score: {average: weighted}": True,
    "SensitivityAtSpecificity: {specificity: 0.9}": True,
    "SparseTopKCategoricalAccuracy": True,
    "TopKCategoricalAccuracy: {k: 2}": True,
    "OneHotMeanIoU: {num_classes: 10}": True,
}


@pytest.mark.parametrize("metric", HIGHER_IS_BETTER)
def test_the_direction_of_a_metric_is_known(metric: str, load_text: Load) -> None:
    text = f"{SMALL}metrics: [{{{metric}}}]\n" if ":" in metric else f"{SMALL}metrics: [{metric}]\n"
    (built,) = build_network(load_text(text), 10).metrics
    assert built.higher_is_better is HIGHER_IS_BETTER[metric]


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("MeanIoU: {num_classes: 10}", "it expects class numbers; add 'sparse_y_pred: false'"),
        ("TopKCategoricalAccuracy: {k: 10}", "says the same of right and of wrong answers"),
        ("Accuracy: {name: a}", "says the same of right and of wrong answers"),
        ("Mean: {name: m}", "does not compare outputs with labels"),
        ("FBetaScore: {beta: 2.0}", "a column of metrics holds one, as with 'average: macro'"),
    ],
)
def test_a_metric_that_measures_nothing_is_an_error(
    metric: str, reason: str, load_text: Load
) -> None:
    with pytest.raises(ConfigError) as error:
        build_network(load_text(f"{SMALL}metrics: [{{{metric}}}]\n"), 10)
    assert reason in str(error.value)


@pytest.mark.parametrize("mixer", ["MixUp", "CutMix"])
def test_mixed_labels_need_a_loss_that_takes_them(mixer: str, load_text: Load) -> None:
    with pytest.raises(ConfigError, match=f"{mixer} mixes the labels of images, but Sparse"):
        build_network(load_text(f"{SMALL}augment: [{mixer}]\n"), 10)


def test_metrics_are_left_empty_by_the_trial(load_text: Load) -> None:
    network = build_network(load_text(f"{SMALL}metrics: [AUC]\n"), 10)

    assert float(network.metrics[0].metric.result()) == 0


def test_shares_of_a_schedule_are_of_the_whole_run(load_text: Load) -> None:
    text = f"""{SMALL}optimizer:
  SGD:
    learning_rate:
      PiecewiseConstantDecay: {{boundaries: [10%, 75%, 190], values: [8, 4, 2, 1]}}
"""
    optimizer = build_network(load_text(text), 10, total_steps=200).optimizer

    rates = []
    for step in (0, 20, 21, 150, 151, 190, 191):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates == [8, 8, 4, 4, 2, 2, 1]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_the_first_and_the_last_layer_in_float32(
    load_text: Load, precision: str
) -> None:
    text = f"layers:\n  - Dense: {{units: 4, activation: relu}}\n{DENSE}precision: {precision}\n"
    network = build_network(load_text(text), 10)

    rescaling, _, hidden, last = network.model.layers
    assert hidden.compute_dtype == precision.removeprefix("mixed_")
    assert hidden.variable_dtype == "float32"
    assert (rescaling.compute_dtype, last.compute_dtype) == ("float32", "float32")
    probabilities = network.model(np.zeros((1, 28, 28, 1), np.float32))
    assert keras.backend.standardize_dtype(probabilities.dtype) == "float32"
    scales_loss = isinstance(network.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scales_loss == (precision == "mixed_float16")
    assert keras.config.dtype_policy().name == "float32"


def test_the_first_layer_scales_the_pixels(load_text: Load) -> None:
    model = build_network(load_text(SMALL), 10, scale=2 / 255, offset=-1).model

    pixels = np.array([0, 127.5, 255], np.float32)
    np.testing.assert_allclose(model.get_layer("normalize")(pixels), [-1, 0, 1], atol=1e-6)


def test_the_seed_fixes_weights_and_random_layers(load_text: Load) -> None:
    text = (
        f"layers:\n  - Dense: {{units: 8}}\n  - Dropout: {{rate: 0.5}}\n{DENSE}"
        "augment: [{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]\n"
    )
    images = np.random.default_rng(0).uniform(0, 255, (4, 28, 28, 1)).astype(np.float32)

    def draw(seed: int) -> list[np.ndarray]:
        network = build_network(load_text(text, f"seed={seed}"), 10)
        outputs = network.model(network.augment[0](images, training=True), training=True)
        return [*network.model.get_weights(), np.asarray(outputs)]

    first, again, other = draw(0), draw(0), draw(1)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[-1], other[-1])


def test_layers_are_numbered_from_the_start_in_each_network(load_text: Load) -> None:
    names = [
        [layer.name for layer in build_network(load_text(SMALL), 10).model.layers] for _ in range(2)
    ]

    assert names == [["normalize", "flatten_input", "dense"]] * 2
