"""The loops, against Keras' own fit, evaluate and predict on the same batches."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import LoadText

from mnistcli import engine
from mnistcli.data import Dataset
from mnistcli.engine import (
    EpochProgress,
    EvaluationLoop,
    TrainingLoop,
    averaged_weights,
    configure_threads,
    explain_precision,
    use_averaged_weights,
)
from mnistcli.model import Network, build_network

DENSE = "  - Dense: {units: 10, activation: softmax}\n"
CONV_WITH_BATCH_NORMALIZATION = (
    "layers:\n  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, kernel_regularizer: L2}\n"
    "  - BatchNormalization: {momentum: 0.5}\n  - ReLU\n  - Flatten\n" + DENSE
)
COUNT, BATCH_SIZE = 150, 32  # the last batch has 22 images


def ignore(progress: EpochProgress) -> None:
    """Report nothing."""


def in_order(count: int = COUNT) -> np.ndarray:
    return np.arange(count, dtype=np.int32)


def keras_inputs(data: Dataset, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    images = data.train_images[:count, ..., np.newaxis].astype(np.float32)
    return images, data.train_labels[:count].astype(np.int32)


def make_loop(network: Network, data: Dataset, batch_size: int = BATCH_SIZE) -> TrainingLoop:
    return TrainingLoop(network, data.train_images[:COUNT], data.train_labels[:COUNT], batch_size)


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
    "batch_normalization_l2": (CONV_WITH_BATCH_NORMALIZATION, "{Adam: {learning_rate: 0.01}}"),
    "label_smoothing": (
        f"layers:\n{DENSE}loss: {{CategoricalCrossentropy: {{label_smoothing: 0.1}}}}\n"
        "metrics: [AUC]\n",
        "{SGD: {learning_rate: 0.1}}",
    ),
}


@pytest.mark.parametrize(("text", "optimizer"), PARITY.values(), ids=PARITY)
def test_an_epoch_is_that_of_keras_fit(
    load_text: LoadText, digits: Dataset, text: str, optimizer: str
) -> None:
    config = f"{text or f'layers:{chr(10)}{DENSE}'}optimizer: {optimizer}\n"
    network, twin = (build_network(load_text(config), 10) for _ in range(2))
    images, labels = keras_inputs(digits)
    targets = keras.utils.to_categorical(labels, 10) if twin.loss_takes_one_hot else labels
    metrics = ["accuracy", *(metric.metric for metric in twin.metrics)]
    twin.model.compile(twin.optimizer, twin.loss, metrics=metrics)
    history = twin.model.fit(
        images, targets, batch_size=BATCH_SIZE, epochs=2, shuffle=False, verbose=0
    ).history
    loop, evaluation = make_loop(network, digits), EvaluationLoop(network)

    rows = [loop.run_epoch(in_order(), ignore) for _ in range(2)]
    use_averaged_weights(network)

    for got, expected in zip(network.model.get_weights(), twin.model.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    for name in rows[0]:
        assert [row[name] for row in rows] == pytest.approx(history[name], rel=1e-5)
    expected_metrics = twin.model.evaluate(images, targets, verbose=0, return_dict=True)
    got_metrics = evaluation.evaluate(digits.train_images[:COUNT], digits.train_labels[:COUNT])
    assert got_metrics == pytest.approx(expected_metrics, rel=1e-5)
    np.testing.assert_allclose(
        evaluation.predict(digits.train_images[:COUNT]),
        twin.model.predict(images, verbose=0),
        rtol=1e-4,
        atol=1e-6,
    )


class RecordImages(keras.layers.Layer):
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


def test_an_epoch_sees_each_image_once_in_its_order(load_text: LoadText) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}"), 10)
    recorder = RecordImages(COUNT)
    network.augment.append(recorder)
    # The first two pixels are the image's number.
    images = np.zeros((COUNT, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = divmod(np.arange(COUNT), 256)
    order = np.random.default_rng(0).permutation(COUNT).astype(np.int32)
    reports: list[EpochProgress] = []

    TrainingLoop(network, images, np.zeros(COUNT, np.uint8), BATCH_SIZE).run_epoch(
        order, reports.append
    )

    np.testing.assert_array_equal(recorder.seen, order)
    assert recorder.sizes.numpy()[: int(recorder.batches)].tolist() == [32, 32, 32, 32, 22]
    assert [report.images for report in reports] == sorted({report.images for report in reports})
    assert reports[-1].images == COUNT


def test_augmentation_is_for_training_only(load_text: LoadText, digits: Dataset) -> None:
    text = f"layers:\n{DENSE}optimizer: {{SGD: {{learning_rate: 0.0}}}}\naugment: [RandomInvert]\n"
    network = build_network(load_text(text), 10)
    twin = build_network(load_text(text, "augment=[]"), 10)
    images, labels = digits.train_images[:COUNT], digits.train_labels[:COUNT]

    trained = [make_loop(each, digits).run_epoch(in_order(), ignore) for each in (network, twin)]
    measured = [EvaluationLoop(each).evaluate(images, labels) for each in (network, twin)]

    assert abs(trained[0]["loss"] - trained[1]["loss"]) > 0.1
    assert measured[0] == measured[1]
    assert measured[1] == pytest.approx(trained[1], rel=1e-5)  # weights that never changed


def test_the_clock_changes_no_number(
    load_text: LoadText, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"layers:\n{DENSE}metrics: [MeanSquaredError]\n"
    rows, chunks = [], []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(engine.training, "CHUNK_SECONDS", seconds)
        reports: list[EpochProgress] = []
        loop = make_loop(build_network(load_text(text), 10), digits, batch_size=4)
        rows.append([loop.run_epoch(in_order(), reports.append) for _ in range(2)])
        chunks.append(len(reports))

    assert chunks == [2 * 38, 4 + 1]  # of 1, 4, 16 and 17 steps, then all at once
    assert rows[0] == rows[1]


def test_metrics_begin_anew_in_each_epoch_and_pass(load_text: LoadText, digits: Dataset) -> None:
    text = (
        f"layers:\n{DENSE}optimizer: {{SGD: {{learning_rate: 0.0}}}}\n"
        "metrics: [SparseCategoricalCrossentropy, SparseCategoricalAccuracy]\n"
    )
    network = build_network(load_text(text), 10)
    loop, evaluation = make_loop(network, digits), EvaluationLoop(network)

    evaluation.evaluate(digits.test_images, digits.test_labels)
    row = loop.run_epoch(in_order(), ignore)
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
def test_probabilities_sum_to_one(
    load_text: LoadText, digits: Dataset, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.evaluation, "BATCH_SIZE", 100)
    network = build_network(load_text(text), 10)

    probabilities = EvaluationLoop(network).predict(digits.test_images)

    assert probabilities.shape == (359, 10)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert probabilities.min() >= 0
    shape = network.model.input_shape[1:]
    outputs = network.model(digits.test_images.reshape(-1, *shape).astype(np.float32))
    assert (probabilities.argmax(axis=1) == np.asarray(outputs).argmax(axis=1)).mean() > 0.99


def test_a_last_batch_of_one_weighs_one_image(
    load_text: LoadText, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}metrics: [AUC]\n"), 10)
    images, labels = digits.test_images[:101], digits.test_labels[:101]
    loop = EvaluationLoop(network)
    whole = loop.evaluate(images, labels)

    monkeypatch.setattr(engine.evaluation, "BATCH_SIZE", 100)

    assert loop.evaluate(images, labels) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_averages_take_the_place_of_the_weights_and_give_it_back(
    load_text: LoadText, digits: Dataset, precision: str
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
    average = None
    for _ in range(3):
        loop.run_epoch(in_order(), ignore)
        average = kernel.numpy() if average is None else (average + kernel.numpy()) / 2
    raw = kernel.numpy()

    with pytest.raises(KeyError), averaged_weights(network):
        np.testing.assert_allclose(kernel.numpy(), average, rtol=1e-5, atol=1e-7)
        assert not np.array_equal(kernel.numpy(), raw)
        raise KeyError
    np.testing.assert_array_equal(kernel.numpy(), raw)


def test_without_averages_nothing_is_swapped(load_text: LoadText, digits: Dataset) -> None:
    network = build_network(load_text(f"layers:\n{DENSE}"), 10)
    make_loop(network, digits).run_steps(2)
    before = network.model.get_weights()

    with averaged_weights(network):
        for one, two in zip(before, network.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_trial_runs_the_first_steps(load_text: LoadText, digits: Dataset) -> None:
    network, twin = (build_network(load_text(f"layers:\n{DENSE}"), 10) for _ in range(2))
    make_loop(network, digits).run_steps(2)

    shorter = TrainingLoop(twin, digits.train_images[:64], digits.train_labels[:64], BATCH_SIZE)
    shorter.run_epoch(in_order(64), ignore)

    assert int(network.optimizer.iterations) == 2
    np.testing.assert_array_equal(network.model.get_weights()[0], twin.model.get_weights()[0])


def without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)


@pytest.mark.parametrize("prepare", [without_affinity, lambda monkeypatch: None])
def test_automatic_threads_work_where_tensorflow_is_running_already(
    prepare: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    load_text: LoadText,
) -> None:
    prepare(monkeypatch)
    tf.zeros(1)

    in_use = configure_threads(load_text(CONVOLUTION).config)

    assert 1 <= in_use.count <= (os.cpu_count() or 1)
    assert configure_threads(load_text(CONVOLUTION, "threads=1000").config) == in_use


CONVOLUTION = """
layers:
  - Conv2D: {filters: 2, kernel_size: 3}
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""


def test_threads_are_one_per_core_or_as_many_as_the_config_says(tmp_path: Path) -> None:
    """In a process of its own: TensorFlow takes the number before its first kernel only."""
    cores = os.cpu_count() if not hasattr(os, "sched_getaffinity") else len(os.sched_getaffinity(0))
    expected = {f"{CONVOLUTION}\nthreads: 3": 3, CONVOLUTION: cores}
    for i, text in enumerate(expected):
        (tmp_path / f"{i}.yaml").write_text(text)
    code = (
        "import tensorflow as tf\n"
        "from mnistcli.config import load_config\n"
        "from mnistcli.engine import configure_threads\n"
        f"for i in range({len(expected)}):\n"
        "    threads = configure_threads(load_config(f'{i}.yaml').config)\n"
        "    assert tf.config.threading.get_intra_op_parallelism_threads() == threads.count\n"
        "    print(threads.count)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [str(count) for count in expected.values()], done.stderr


@pytest.mark.parametrize(
    ("cpuinfo", "precision", "expected"),
    [
        ("flags : fpu avx2", "float32", "fastest"),
        ("flags : fpu avx512_bf16", "float32", "mixed_bfloat16 may be faster"),
        ("flags : fpu avx2", "mixed_bfloat16", "float32 would be faster"),
        ("Features : asimd bf16 sve", "mixed_bfloat16", "has bfloat16 arithmetic"),
        (None, "mixed_bfloat16", ""),
        ("flags : fpu avx512_bf16", "mixed_float16", ""),
    ],
)
def test_the_precision_is_explained_by_the_processor(
    tmp_path: Path,
    load_text: LoadText,
    monkeypatch: pytest.MonkeyPatch,
    cpuinfo: str | None,
    precision: str,
    expected: str,
) -> None:
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(f"model name : x\n{cpuinfo}\n")
    monkeypatch.setattr(engine.runtime, "CPUINFO", tmp_path / "cpuinfo")

    reason = explain_precision(load_text(CONVOLUTION, f"precision={precision}").config)

    assert expected in reason
    assert bool(reason) == bool(expected)


DROPOUT = "layers:\n  - Flatten\n  - Dropout: {rate: 0.3%s}\n" + DENSE


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        (f"layers:\n{DENSE}", True),
        (DROPOUT % "", True),
        (f"layers:\n{DENSE}augment: [RandomInvert]", False),
        (DROPOUT % ", noise_shape: [1, 784]", False),
        (f"layers:\n  - SpatialDropout2D: {{rate: 0.3}}\n  - Flatten\n{DENSE}", False),
        (CONVOLUTION, False),
    ],
)
def test_xla_compiles_dense_networks(
    load_text: LoadText, digits: Dataset, text: str, compiled: bool
) -> None:
    loop = make_loop(build_network(load_text(text), 10), digits)

    assert loop.is_compiled == compiled
    assert np.isfinite(loop.run_epoch(in_order(), ignore)["loss"])


@pytest.mark.parametrize("optimizer", ["Adam", "Lamb", "Muon", "Nadam", "Adafactor", "Lion"])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_xla_trains_as_the_kernels_do(
    load_text: LoadText, digits: Dataset, optimizer: str, precision: str
) -> None:
    text = (
        f"layers:\n{DENSE}optimizer: {optimizer}\nprecision: {precision}\n"
        "metrics: [{TopKCategoricalAccuracy: {k: 3}}]\n"
    )
    loops = [make_loop(build_network(load_text(text), 10), digits) for _ in range(2)]
    loops[1].is_compiled = False

    rows = [loop.run_epoch(in_order(), ignore) for loop in loops]

    assert rows[0] == pytest.approx(rows[1], rel=1e-4, nan_ok=True)


@pytest.mark.parametrize("in_xla", [True, False])
def test_dropout_drops_others_each_time_and_keeps_the_mean(
    load_text: LoadText, digits: Dataset, in_xla: bool
) -> None:
    network = build_network(load_text(DROPOUT % ""), 10)
    make_loop(network, digits)
    dropout = network.model.get_layer("dropout")
    call = tf.function(lambda x: dropout(x, training=True), jit_compile=in_xla)
    ones = tf.ones((200, 784))

    first, second = call(ones).numpy(), call(ones).numpy()

    for dropped in (first, second):
        assert set(np.unique(dropped)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
        assert np.mean(dropped == 0) == pytest.approx(0.3, abs=0.005)  # 4 deviations
    assert np.mean((first == 0) & (second == 0)) == pytest.approx(0.09, abs=0.005)
    np.testing.assert_array_equal(dropout(ones, training=False), ones)
