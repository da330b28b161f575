"""`mnistcli export CONFIG --format python`: the script trains what mnistcli trains."""

import re
import runpy
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from commands import run_in_process
from config_texts import Load

from mnistcli.config import ConfigFile, load_config
from mnistcli.data import Dataset, load_dataset
from mnistcli.errors import ConfigError
from mnistcli.exports.script import write_script
from mnistcli.model.backend import keras, tf
from mnistcli.model.distortions import RandomElasticDistortion, RandomStrokeWidth
from mnistcli.runs import RunDirectory
from mnistcli.training import Preparation, prepare, validate_config

CONFIGS = Path(__file__).parents[1] / "configs"
# All images are one batch, whose order does not matter: only chance keeps losses apart.
TEXT = """\
layers:
  - Input: {shape: [784]}
  - Dense: {units: 16, activation: relu, kernel_regularizer: {L2: {l2: 1e-3}}, name: a-b}
  - Dense: {units: 16, inputs: a-b, name: a_b}
  - Add: {inputs: [a-b, a_b]}
  - PReLU  # not compiled by XLA, which takes seconds
  - Dense: {units: 10}
optimizer:
  Adam:
    learning_rate: {PiecewiseConstantDecay: {boundaries: [50%], values: [1e-2, 2e-3]}}
    use_ema: true
    ema_momentum: 0.5
loss: {CategoricalCrossentropy: {label_smoothing: 0.1, from_logits: true}}
metrics: [{TopKCategoricalAccuracy: {k: 2, name: top_2}}]
epochs: 4
batch_size: 60
data: {dataset: set.npz, validation: 0.2, split_seed: 3, normalize: standard}
early_stopping: {monitor: val_top_2, patience: 5}
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Dataset:
    """75 training and 20 test images, in an .npz file."""
    path = tmp_path_factory.mktemp("data") / "set.npz"
    x_train, y_train = digits.train_images[:75], digits.train_labels[:75]
    x_test, y_test = digits.test_images[:20], digits.test_labels[:20]
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return load_dataset(str(path))


def run_script(script: str, folder: Path) -> dict[str, Any]:
    """Run a script in a folder, as in a new process; its variables, and what went into `fit`."""
    seen: dict[str, Any] = {}
    fit = keras.Model.fit

    def fit_after_look(model: Any, *arguments: Any, **options: Any) -> Any:
        seen["first_weights"], seen["fitted"] = model.get_weights(), model
        model.run_eagerly = True  # a graph takes seconds to make, and the steps are few
        seen["history"] = fit(model, *arguments, **options | {"verbose": 0}).history

    keras.utils.clear_session(free_memory=False)
    with chdir(folder), mock.patch.object(keras.Model, "fit", fit_after_look):
        Path("script.py").write_text(script, "utf-8")
        return runpy.run_path("script.py") | seen


def make_pair(file: ConfigFile, dataset: Dataset) -> tuple[str, Preparation]:
    """The script of a config, and what mnistcli trains."""
    preparation = prepare(file, dataset)
    return write_script(file, preparation.network, dataset, "c.yaml"), preparation


def assert_same_setup(variables: dict[str, Any], preparation: Preparation) -> None:
    """Layers, first weights, optimizer, loss and images are the same."""
    network, splits = preparation.network, preparation.splits
    model = variables["fitted"]
    # Numbers that were computed from the pixels may differ in the last bit.
    models = (model, network.model)
    text, expected = (re.sub(r"\d\.\d{6,}", "", str(each.get_config())) for each in models)
    assert text == expected
    for weights, others in zip(
        variables["first_weights"], network.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weights, others)
    assert model.optimizer.get_config() == network.optimizer.get_config()
    assert model.loss.get_config() == network.loss.get_config()
    for name in ("train", "validation"):
        images = getattr(splits, name).images[:]
        np.testing.assert_array_equal(variables[f"{name}_images"].reshape(images.shape), images)


@pytest.mark.parametrize("name", ["tutorials/dense128_sgd", "papers/convnet_elastic"])
def test_a_shipped_config_and_its_script_begin_alike(
    name: str, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [f"data.dataset={dataset.source}", "epochs=1", "batch_size=30"]
    if name != "tutorials/dense128_sgd":
        overrides.append("data.validation=15")
    file = load_config(CONFIGS / f"{name}.yaml", overrides)
    script, preparation = make_pair(file, dataset)
    variables = run_script(script, tmp_path)
    assert_same_setup(variables, preparation)
    assert variables["model"].count_params() == preparation.network.model.count_params()
    assert re.search(r"test loss \d.*, test accuracy \d\d?\.00%\n", capsys.readouterr().out)


def test_a_script_trains_to_the_same_losses(
    dataset: Dataset, load_text: Load, tmp_path: Path
) -> None:
    file = load_text(TEXT, f"data.dataset={dataset.source}")
    script, preparation = make_pair(file, dataset)
    variables = run_script(script, tmp_path)
    assert_same_setup(variables, preparation)

    validate_config(file, dataset, path=tmp_path / "run")
    rows = RunDirectory(tmp_path / "run").read_metrics()[1:]
    history = variables["history"]
    for column in ("loss", "val_loss", "val_accuracy", "val_top_2"):
        assert history[column] == pytest.approx([row[column] for row in rows], rel=1e-4), column
    assert (tmp_path / "small.keras").is_file()


def test_own_layers_are_written_out_as_they_are(
    dataset: Dataset, load_text: Load, digits: Dataset
) -> None:
    file = load_text(
        "layers: [{Dense: {units: 10, activation: softmax}}]\n"
        "loss: categorical_crossentropy\n"
        "augment: [{RandomElasticDistortion: {seed: 5}}, {RandomStrokeWidth: {seed: 6}}, MixUp]\n"
    )
    script, _ = make_pair(file, dataset)
    assert "isinstance(layer, (keras.layers.MixUp,))" in script
    head = script[: script.index("# The data")]
    variables: dict[str, Any] = {}
    exec(compile(head, "script.py", "exec"), variables)
    images = tf.constant(digits.test_images[:9, ..., np.newaxis], tf.float32)
    pairs: list[tuple[Any, Any]] = [
        (variables["RandomElasticDistortion"](34.0, 4.0, 5), RandomElasticDistortion(seed=5)),
        (variables["RandomStrokeWidth"]([-0.3, 0.6], 6), RandomStrokeWidth([-0.3, 0.6], seed=6)),
    ]
    for written, ours in pairs:
        changed = written(images, training=True)
        assert float(tf.reduce_max(tf.abs(changed - images))) > 10
        np.testing.assert_allclose(changed, ours(images, training=True), atol=2e-2)


def test_what_a_script_cannot_do_is_refused_with_its_place(
    dataset: Dataset, digits: Dataset, load_text: Load
) -> None:
    text = (
        "layers: [{Dense: {units: 10, activation: softmax}}]\n"
        "loss: categorical_crossentropy\n"
        "metrics: [{SparseTopKCategoricalAccuracy: {k: 2}}]\n"
        "augment: [RandomDrawings]\n"
        "data: {dataset: digits}\n"
    )
    file = load_text(text)
    network = prepare(file, digits).network
    with pytest.raises(ConfigError) as caught:
        write_script(file, network, digits, "c.yaml")
    lines = [re.sub(r".*small\.yaml:", "", line) for line in str(caught.value).splitlines()]
    assert re.match(
        r"3:\d+: error: SparseTopKCategoricalAccuracy takes class numbers, and", lines[0]
    )
    assert re.match(r"4:\d+: error: RandomDrawings draws with pens", lines[1])
    assert re.match(r"5:\d+: error: a plain script reads MNIST or an .npz file", lines[2])


def test_the_command_writes_one_file_and_overwrites_nothing_else(
    dataset: Dataset, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        'layers: [{Dense: {units: 10, activation: softmax}}]\nname: 7"seven\n'.replace('7"', "")
    )
    arguments = ("export", "c.yaml", "--format", "python")
    done = run_in_process(*arguments, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Written to seven.py\nNext: python seven.py\n"
    script = (tmp_path / "seven.py").read_text()
    assert "keras.datasets.mnist.load_data()" in script
    again = run_in_process(*arguments, folder=tmp_path)
    assert again.returncode == 1
    assert "seven.py exists already" in again.stderr
    (tmp_path / "mine.py").write_text("import this\n")
    mine = run_in_process(*arguments, "--out", "mine.py", "--force", folder=tmp_path)
    assert "mine.py is not replaced: it is no script" in mine.stderr
    forced = run_in_process(*arguments, "--force", "--json", folder=tmp_path)
    assert forced.returncode == 0
    assert f'"bytes": {len(script.encode())}' in forced.stdout
    other = run_in_process("export", "c.yaml", "--format", "onnx", folder=tmp_path)
    assert other.returncode == 2
    assert "only the format python takes a config" in other.stderr
