"""The loops, against Keras' own fit, evaluate and predict on the same batches."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from config_texts import Load
from loops import BATCH_SIZE, CONVOLUTION, COUNT, DENSE, in_order, make_loop, run_epoch

from mnistcli import engine
from mnistcli.data import Dataset, SelectedImages, align
from mnistcli.engine import (
    BEFORE_FIRST_STEP,
    EpochProgress,
    EvaluationLoop,
    TrainingLoop,
)
from mnistcli.execution import Execution, choose_execution
from mnistcli.model import Network, averaged_weights, build_network, use_averaged_weights

CONV_WITH_BATCH_NORMALIZATION = (
    "layers:\n  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, kernel_regularizer: L2}\n"
    "  - BatchNormalization: {momentum: 0.5}\n  - ReLU\n  - Flatten\n" + DENSE
)


GRAPH = (
    "layers:\n  - Conv2D: {filters: 3, kernel_size: 3, padding: same, name: a}\n"
    "  - Conv2D: {filters: 3, kernel_size: 3, padding: same, name: b}\n"
    "  - Add: {inputs: [a, b]}\n  - Flatten\n" + DENSE
)
COSINE = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 8, alpha: 0.1}}"
PARITY = {
    "sgd_momentum": ("", "{SGD: {learning_rate: 0.1, momentum: 0.9}}"),
    "adam": ("", "{Adam: {learning_rate: 0.01}}"),
    "adamw": ("", "{AdamW: {learning_rate: 0.01, weight_decay: 0.1}}"),
    "rmsprop": ("", "{RMSprop: {learning_rate: 0.01}}"),
    "adagrad": ("", "{Adagrad: {learning_rate: 0.1}}"),
    "schedule": ("", f"{{SGD: {{learning_rate: {COSINE}}}}}"),
    "weight_decay": ("", "{SGD: {learning_rate: 0.1, weight_decay: 0.01}}"),
    "clipnorm": ("", "{SGD: {learning_rate: 0.1, clipnorm: 0.05}}"),
    "global_clipnorm": ("", "{Adam: {global_clipnorm: 0.05}}"),
    "clipvalue": ("", "{SGD: {learning_rate: 0.1, clipvalue: 0.002}}"),
    "ema": ("", "{SGD: {learning_rate: 0.1, use_ema: true, ema_momentum: 0.5}}"),
    "accumulation": ("", "{SGD: {learning_rate: 0.1, gradient_accumulation_steps: 2}}"),
    "graph": (GRAPH, "{SGD: {learning_rate: 0.05}}"),
    # Slow, and not with Adam: a sum over shards rounds otherwise, and a ReLU may turn.
    "batch_normalization_l2": (CONV_WITH_BATCH_NORMALIZATION, "{SGD: {learning_rate: 0.01}}"),
    "label_smoothing": (
        f"layers:\n{DENSE}loss: {{CategoricalCrossentropy: {{label_smoothing: 0.1}}}}\n"
        "metrics: [AUC]\n",
        "{SGD: {learning_rate: 0.1}}",
    ),
}


def make_pair(load_text: Load, case: str) -> tuple[Network, Network, Execution]:
    """The same network twice, the second one compiled by Keras, and how ours is run."""
    layers, optimizer = PARITY[case]
    config = f"{layers or f'layers:{chr(10)}{DENSE}'}optimizer: {optimizer}\n"
    network, twin = (build_network(load_text(config), 10) for _ in range(2))
    metrics = ["accuracy", *(metric.metric for metric in twin.metrics)]
    twin.model.compile(twin.optimizer, twin.loss, metrics=metrics)
    return network, twin, choose_execution(load_text(config).config)


def keras_inputs(data: Dataset, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """The first images and labels, as Keras' own loops take them."""
    images = data.train_images[:COUNT, ..., np.newaxis].astype(np.float32)
    labels = data.train_labels[:COUNT].astype(np.int32)
    return images, keras.utils.to_categorical(labels, 10) if network.loss_takes_one_hot else labels


@pytest.mark.parametrize("case", PARITY)
def test_an_epoch_is_that_of_keras_fit(load_text: Load, digits: Dataset, case: str) -> None:
    network, twin, execution = make_pair(load_text, case)
    inputs = keras_inputs(digits, twin)
    options = {"batch_size": BATCH_SIZE, "epochs": 2, "shuffle": False, "verbose": 0}
    history = twin.model.fit(*inputs, **options).history
    loop = make_loop(network, digits, execution=execution)

    rows = [run_epoch(loop, in_order()) for _ in range(2)]
    use_averaged_weights(network)

    for got, expected in zip(network.model.get_weights(), twin.model.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    for name in rows[0]:
        assert [row[name] for row in rows] == pytest.approx(history[name], rel=1e-5)


@pytest.mark.parametrize("case", ["adam", "graph", "batch_normalization_l2", "label_smoothing"])
def test_a_pass_is_that_of_keras_evaluate_and_predict(
    load_text: Load, digits: Dataset, case: str
) -> None:
    network, twin, execution = make_pair(load_text, case)
    images, targets = keras_inputs(digits, twin)
    run_epoch(make_loop(network, digits), in_order())
    twin.model.set_weights(network.model.get_weights())
    loop = EvaluationLoop(network, execution.shards)

    metrics = loop.evaluate(digits.train_images[:COUNT], digits.train_labels[:COUNT])
    outputs = loop.predict(digits.train_images[:COUNT])

    expected = twin.model.evaluate(images, targets, verbose=0, return_dict=True)
    assert metrics == pytest.approx(expected, rel=1e-5)
    expected_outputs = twin.model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-4, atol=1e-6)


class RecordImages(keras.layers.Layer):  # type: ignore[misc]
    """Notes the pixels that it is given, in the order of the batches."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.seen = tf.Variable(tf.zeros((count,), tf.int32))
        self.sizes = tf.Variable(tf.zeros((count,), tf.int32))
        self.next = tf.Variable(0)
        self.batches = tf.Variable(0)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        numbers = tf.cast(images[:, 0, 0, 0] * 256 + images[:, 0, 1, 0], tf.int32)
        size = tf.size(numbers)
        places = (self.next + tf.range(size))[:, tf.newaxis]
        self.seen.assign(tf.tensor_scatter_nd_update(self.seen, places, numbers))
        self.sizes.assign(tf.tensor_scatter_nd_update(self.sizes, [[self.batches]], [size]))
        self.next.assign_add(size)
        self.batches.assign_add(1)
        return images


def test_an_epoch_sees_each_image_once_in_its_order(load_text: Load) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}"), 10)
    recorder = RecordImages(COUNT)
    network.augment.append(recorder)
    # The first two pixels are the image's number.
    images = np.zeros((COUNT, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = divmod(np.arange(COUNT), 256)
    order = np.random.default_rng(0).permutation(COUNT).astype(np.int32)

    loop = TrainingLoop(network, images, np.zeros(COUNT, np.uint8), BATCH_SIZE)
    reports = list(loop.run_epoch(order))

    np.testing.assert_array_equal(recorder.seen, order)
    assert recorder.sizes.numpy()[: int(recorder.batches)].tolist() == [32, 32, 32, 32, 22]
    assert [report.images for report in reports] == sorted({report.images for report in reports})
    assert reports[-1].images == COUNT


def test_augmentation_is_for_training_only(load_text: Load, digits: Dataset) -> None:
    text = f"layers:\n{DENSE}optimizer: {{SGD: {{learning_rate: 0.0}}}}\naugment: [RandomInvert]\n"
    network = build_network(load_text(text), 10)
    twin = build_network(load_text(text, "augment=[]"), 10)
    images, labels = digits.train_images[:COUNT], digits.train_labels[:COUNT]

    trained = [run_epoch(make_loop(each, digits), in_order()) for each in (network, twin)]
    measured = [EvaluationLoop(each).evaluate(images, labels) for each in (network, twin)]

    assert abs(trained[0]["loss"] - trained[1]["loss"]) > 0.1
    assert measured[0] == measured[1]
    assert measured[1] == pytest.approx(trained[1], rel=1e-5)  # weights that never changed


def test_the_clock_changes_no_number(
    load_text: Load, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"layers:\n{DENSE}metrics: [MeanSquaredError]\n"
    rows: list[list[dict[str, float]]] = []
    chunks = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(engine.training, "CHUNK_SECONDS", seconds)
        reports: list[EpochProgress] = []
        loop = make_loop(build_network(load_text(text), 10), digits, batch_size=4)
        rows.append([])
        for _ in range(2):
            reports += loop.run_epoch(in_order())
            rows[-1].append(loop.results(reports[-1]))
        chunks.append(len(reports))

    assert chunks == [2 * 38, 4 + 1]  # of 1, 4, 16 and 17 steps, then all at once
    assert rows[0] == rows[1]


@pytest.mark.parametrize("make", [align, np.array], ids=["aligned", "as it comes"])
def test_selected_images_are_trained_on_without_a_copy(
    make: Callable[[np.ndarray], np.ndarray], load_text: Load, digits: Dataset
) -> None:
    array, rows = make(digits.train_images[:COUNT].copy()), np.arange(1, COUNT, 2)
    networks = [build_network(load_text(f"layers:\n{DENSE}"), 10) for _ in range(2)]
    labels = digits.train_labels[rows]
    copied = TrainingLoop(networks[0], array[rows], labels, BATCH_SIZE)
    selected = TrainingLoop(networks[1], SelectedImages(array, rows), labels, BATCH_SIZE)

    assert run_epoch(selected, in_order(len(rows))) == run_epoch(copied, in_order(len(rows)))

    array[0, 0, 0] = 77
    if make is align:
        assert int(selected.images[0, 0, 0]) == 77, "the tensor lies in the array's memory"


def test_an_epoch_goes_on_from_any_step(load_text: Load, digits: Dataset) -> None:
    """A pass over other images between two steps changes nothing in the epoch's metrics."""
    text = f"layers:\n{DENSE}metrics: [MeanSquaredError]\n"
    whole, parts = (build_network(load_text(text), 10) for _ in range(2))
    expected = run_epoch(make_loop(whole, digits, batch_size=4), in_order())

    loop, evaluation = make_loop(parts, digits, batch_size=4), EvaluationLoop(parts)
    progress, stops = BEFORE_FIRST_STEP, []
    while progress.step < loop.steps_per_epoch:
        progress = next(loop.run_epoch(in_order(), progress))
        evaluation.evaluate(digits.test_images, digits.test_labels)
        stops.append(progress.step)

    assert len(stops) > 3
    assert loop.results(progress) == expected
    for one, two in zip(whole.model.get_weights(), parts.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("layers", [DENSE, CONVOLUTION.replace("\nlayers:\n", "")])
def test_an_epoch_ends_at_the_first_loss_that_is_not_finite(
    load_text: Load, digits: Dataset, layers: str
) -> None:
    text = f"layers:\n{layers}optimizer: {{SGD: {{learning_rate: 1e38}}}}\n"
    loop = make_loop(build_network(load_text(text), 10), digits)

    *_, progress = loop.run_epoch(in_order())

    assert not progress.is_finite
    assert 2 <= progress.step <= 3  # the first step's weights are good, and then no more
    assert progress.images == progress.step * BATCH_SIZE


def test_metrics_begin_anew_in_each_epoch_and_pass(load_text: Load, digits: Dataset) -> None:
    text = (
        f"layers:\n{DENSE}optimizer: {{SGD: {{learning_rate: 0.0}}}}\n"
        "metrics: [SparseCategoricalCrossentropy, SparseCategoricalAccuracy]\n"
    )
    network = build_network(load_text(text), 10)
    loop, evaluation = make_loop(network, digits), EvaluationLoop(network)

    evaluation.evaluate(digits.test_images, digits.test_labels)
    row = run_epoch(loop, in_order())
    measured = evaluation.evaluate(digits.train_images[:COUNT], digits.train_labels[:COUNT])

    for metrics in (row, measured):
        expected = metrics["sparse_categorical_crossentropy"]
        assert metrics["loss"] == pytest.approx(expected, rel=1e-5)
        expected = metrics["sparse_categorical_accuracy"]
        assert metrics["accuracy"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        f"layers:\n{DENSE}",
        "layers:\n  - Dense: {units: 10}\n"
        "loss: {SparseCategoricalCrossentropy: {from_logits: true}}\n",
        f"layers:\n  - Input: {{shape: [784]}}\n{DENSE}precision: mixed_bfloat16\n",
    ],
    ids=["softmax", "logits", "flat"],
)
def test_a_pass_gives_what_the_model_puts_out(
    load_text: Load, digits: Dataset, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.evaluation, "BATCH_SIZE", 100)
    network = build_network(load_text(text), 10)

    outputs = EvaluationLoop(network).predict(digits.test_images)

    assert outputs.shape == (359, 10)
    assert outputs.dtype == np.float32
    shape = network.model.input_shape[1:]
    expected = network.model(digits.test_images.reshape(-1, *shape).astype(np.float32))
    tolerance = 0.05 if "bfloat16" in text else 1e-5  # a batch of another size rounds otherwise
    np.testing.assert_allclose(outputs, expected, atol=tolerance)


def test_a_last_batch_of_one_weighs_one_image(
    load_text: Load, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}metrics: [AUC]\n"), 10)
    images, labels = digits.test_images[:101], digits.test_labels[:101]
    loop = EvaluationLoop(network)
    whole = loop.evaluate(images, labels)

    monkeypatch.setattr(engine.evaluation, "BATCH_SIZE", 100)

    assert loop.evaluate(images, labels) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_averages_take_the_place_of_the_weights_and_give_it_back(
    load_text: Load, digits: Dataset, precision: str
) -> None:
    text = f"""
layers:
{DENSE}
optimizer: {{SGD: {{learning_rate: 0.1, use_ema: true, ema_momentum: 0.5}}}}
precision: {precision}
"""
    network = build_network(load_text(text), 10)
    kernel = network.model.layers[-1].kernel
    loop = make_loop(network, digits, batch_size=COUNT)
    run_epoch(loop, in_order())
    average = kernel.numpy()
    for _ in range(2):
        run_epoch(loop, in_order())
        average = (average + kernel.numpy()) / 2
    raw = kernel.numpy()

    with pytest.raises(KeyError), averaged_weights(network):
        np.testing.assert_allclose(kernel.numpy(), average, rtol=1e-5, atol=1e-7)
        assert not np.array_equal(kernel.numpy(), raw)
        raise KeyError
    np.testing.assert_array_equal(kernel.numpy(), raw)


def test_without_averages_nothing_is_swapped(load_text: Load, digits: Dataset) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}"), 10)
    make_loop(network, digits).run_steps(2)
    before = network.model.get_weights()

    with averaged_weights(network):
        for one, two in zip(before, network.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_trial_runs_the_first_steps(load_text: Load, digits: Dataset) -> None:
    network, twin = (build_network(load_text(f"layers:\n{DENSE}"), 10) for _ in range(2))
    make_loop(network, digits).run_steps(2)

    shorter = TrainingLoop(twin, digits.train_images[:64], digits.train_labels[:64], BATCH_SIZE)
    run_epoch(shorter, in_order(64))

    assert int(network.optimizer.iterations) == 2
    np.testing.assert_array_equal(network.model.get_weights()[0], twin.model.get_weights()[0])
