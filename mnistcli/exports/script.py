"""A config as a plain Keras script, which needs nothing of mnistcli.

`mnistcli.exports.script_parts` holds the text that does not depend on the config.
"""

from mnistcli.config import Config, ConfigFile, KerasObject, Problems
from mnistcli.data import BUILT_IN, Dataset
from mnistcli.errors import printable
from mnistcli.exports.keras_code import write_call, write_list, write_object, write_value
from mnistcli.exports.result import SCRIPT_MARK
from mnistcli.exports.script_network import write_network
from mnistcli.exports.script_parts import (
    DIFFERENCES,
    ELASTIC_DISTORTION,
    MIXING,
    ONE_INTERPOLATION,
    SHARE,
    STROKE_WIDTH,
)
from mnistcli.model import Network

_OWN_LAYERS = {
    "RandomElasticDistortion": ELASTIC_DISTORTION,
    "RandomStrokeWidth": STROKE_WIDTH,
}


def write_script(file: ConfigFile, network: Network, dataset: Dataset | None, source: str) -> str:
    """Return a script that builds and trains what a config describes with Keras alone.

    Args:
        network: of the config, built; its weights do not matter.
        dataset: the one that the config names, unless that is MNIST.
        source: what the script is made of, for people.

    Raises:
        ConfigError: a plain script cannot do what the config asks for; with the places.
    """
    config, problems = file.config, file.problems()
    _check(config, network, dataset, problems)
    problems.raise_if_any()
    uses_shares = "share(" in write_object(config.optimizer)
    own_layers = dict.fromkeys(layer.name for layer in config.augment if layer.name in _OWN_LAYERS)
    sections = [
        _head(config, source),
        *(_OWN_LAYERS[name] for name in own_layers),
        _data(config, network, dataset),
        f"epochs = {config.epochs}\nbatch_size = {config.batch_size}"
        + (f"\n{SHARE}" if uses_shares else ""),
        write_network(config, network),
        _compile(config),
        _training(config, network),
        _evaluation(config),
    ]
    script = "\n\n".join(sections) + "\n"
    compile(script, "script", "exec")  # a mistake of this module is found here
    return script


def _check(config: Config, network: Network, dataset: Dataset | None, problems: Problems) -> None:
    """Note what no plain script can do."""
    for layer in config.augment:
        if layer.name == "RandomDrawings":
            message = (
                "RandomDrawings draws with pens that are mnistcli's own, of many hundred lines: a "
                "plain script cannot; export a copy of the config without it"
            )
            problems.add(layer.path, message, at_key=True)
    for metric, metric_config in zip(
        network.metrics,
        (each for each in config.metrics if isinstance(each, KerasObject)),
        strict=True,
    ):
        if metric.takes_one_hot != network.loss_takes_one_hot:
            forms = ("one-hot labels", "class numbers")
            of_metric, of_loss = forms if metric.takes_one_hot else forms[::-1]
            message = (
                f"{metric_config} takes {of_metric}, and {config.loss} {of_loss}: Keras' fit has "
                "one form for both; export a copy of the config without this metric"
            )
            problems.add(metric_config.path, message, at_key=True)
    if dataset is None:
        return
    if dataset.name in BUILT_IN or not dataset.source.endswith(".npz"):
        message = f"a plain script reads MNIST or an .npz file, and {dataset.name} is neither"
        problems.add(("data", "dataset"), message)
    elif dataset.notes:
        message = f"mnistcli converts this data, which a plain script does not: {dataset.notes[0]}"
        problems.add(("data", "dataset"), message)


def _head(config: Config, source: str) -> str:
    imports = ["keras", "numpy as np", *(["tensorflow as tf"] if config.augment else [])]
    differences = DIFFERENCES + (ONE_INTERPOLATION if len(config.augment) > 1 else "")
    text = printable(source).replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'"""{config.name}, in plain Keras.\n\n{SCRIPT_MARK} {text}.\n{differences}\n"""\n\n'
        + "\n".join(f"import {name}" for name in imports)
        + f"\n\nkeras.utils.set_random_seed({config.seed})"
        "  # fixes the weights, the order of the images, and other chance"
    )


def _data(config: Config, network: Network, dataset: Dataset | None) -> str:
    lines = ["# The data: images of 28x28 pixels from 0 to 255, and the class of each."]
    if dataset is None:
        lines.append(
            "(images, labels), (test_images, test_labels) = keras.datasets.mnist.load_data()"
        )
    else:
        lines += [
            f"with np.load({write_value(dataset.source)}) as file:",
            '    images, labels = file["x_train"], file["y_train"]',
            '    test_images, test_labels = file["x_test"], file["y_test"]',
        ]
    shape_code = write_value([-1, *network.model.input_shape[1:]])
    lines += [
        f"images = images.reshape({shape_code})",
        f"test_images = test_images.reshape({shape_code})",
    ]
    if network.loss_takes_one_hot:
        lines += [
            "# One-hot labels: 3 becomes [0, 0, 0, 1, 0, 0, 0, 0, 0, 0].",
            f'one_hot = np.eye({network.num_classes}, dtype="float32")',
            "labels, test_labels = one_hot[labels], one_hot[test_labels]",
        ]
    return "\n".join([*lines, *_split(config)])


def _split(config: Config) -> list[str]:
    """Return the lines that hold out validation images: those that mnistcli holds out."""
    data = config.data
    if data.validation == 0:
        return ["train_images, train_labels = images, labels  # validation: 0 holds out none"]
    if data.validation == "test":
        return [
            "train_images, train_labels = images, labels",
            "# validation: test. The test images choose the best epoch, so they flatter it.",
            "validation_images, validation_labels = test_images, test_labels",
        ]
    count = str(data.validation)
    if isinstance(data.validation, float):
        count = f"max(1, round({data.validation!r} * len(images)))"
    return [
        "",
        "# Validation images are held out by chance; `fit` would take the last ones.",
        f"draws = np.random.PCG64({data.split_seed}).random_raw(len(images))",
        'order = np.argsort(draws, kind="stable")',
        f"num_validation = {count}",
        "train, validation = np.sort(order[num_validation:]), np.sort(order[:num_validation])",
        "train_images, train_labels = images[train], labels[train]",
        "validation_images, validation_labels = images[validation], labels[validation]",
    ]


def _compile(config: Config) -> str:
    optimizer = write_object(config.optimizer, 4)
    if config.precision == "mixed_float16":
        optimizer = write_call("keras.optimizers.LossScaleOptimizer", [("", optimizer)], 4)
    metrics = ['"accuracy"']
    metrics += [write_object(each, 4) for each in config.metrics if isinstance(each, KerasObject)]
    arguments = [
        ("optimizer", optimizer),
        ("loss", write_object(config.loss, 4)),
        ("metrics", f"[{', '.join(metrics)}]"),
    ]
    return f"{write_call('model.compile', arguments)}\nmodel.summary()"


def _training(config: Config, network: Network) -> str:
    sections = []
    if config.augment:
        sections.append(_augmentation(config, network))
    callbacks = _callbacks(config, network)
    if config.augment:
        shuffler, arguments = "train_data", [("", "train_data"), ("shuffle", "False")]
    else:
        shuffler, arguments = "fit", [("", "train_images"), ("", "train_labels")]
        arguments.append(("batch_size", "batch_size"))
    arguments.append(("epochs", "epochs"))
    if config.data.validation != 0:
        arguments.append(("validation_data", "(validation_images, validation_labels)"))
    if callbacks:
        arguments.append(("callbacks", write_list(callbacks, 4)))
    sections.append(
        f"# Training. `{shuffler}` shuffles the images anew before each epoch.\n"
        + write_call("model.fit", arguments)
    )
    return "\n\n".join(sections)


def _augmentation(config: Config, network: Network) -> str:
    layers = write_list([write_object(layer, 4) for layer in config.augment])
    call = "        images = layer(images, training=True)\n"
    if network.label_mixers:
        names = [f"keras.layers.{type(layer).__name__}" for layer in network.label_mixers]
        call = MIXING.format(classes=f"({', '.join(dict.fromkeys(names))},)")
    shape = network.model.input_shape[1:]
    before = after = "images"
    if shape != (28, 28, 1):
        before, after = "tf.reshape(images, [-1, 28, 28, 1])", f"tf.reshape(images, {[-1, *shape]})"
    return (
        "# Augmentation: training sees each image changed a little, in each epoch another way.\n"
        f"augmentation = {layers}\n\n\n"
        "def augment(images, labels):\n"
        f"    images = tf.cast({before}, tf.float32)\n"
        "    for layer in augmentation:\n"
        f"{call}"
        f"    return {after}, labels\n\n\n"
        "train_data = tf.data.Dataset.from_tensor_slices((train_images, train_labels))\n"
        "train_data = train_data.shuffle(len(train_images)).batch(batch_size).map(augment)\n"
        "train_data = train_data.prefetch(tf.data.AUTOTUNE)"
    )


def _callbacks(config: Config, network: Network) -> list[str]:
    callbacks = []
    optimizer = config.optimizer.arguments.get("inner_optimizer") or config.optimizer
    if optimizer.arguments.get("use_ema"):
        callbacks += [
            "# The averages of the weights are validated and kept, not the weights themselves.",
            "keras.callbacks.SwapEMAWeights(swap_on_epoch=True)",
        ]
    if _has_best(config):
        best = config.checkpoint.best
        arguments = [
            ("", write_value(_model_file(config))),
            ("monitor", write_value(best.monitor)),
            ("mode", _mode(best.mode, best.monitor, network)),
            ("save_best_only", "True"),
        ]
        callbacks.append(write_call("keras.callbacks.ModelCheckpoint", arguments, 8))
    if config.early_stopping:
        stopping = config.early_stopping
        arguments = [
            ("monitor", write_value(stopping.monitor)),
            ("mode", _mode(stopping.mode, stopping.monitor, network)),
            ("patience", str(stopping.patience)),
            *([("min_delta", repr(stopping.min_delta))] if stopping.min_delta else []),
        ]
        callbacks.append(write_call("keras.callbacks.EarlyStopping", arguments, 8))
    return callbacks


def _mode(mode: str | None, monitor: str, network: Network) -> str:
    return write_value(mode or ("max" if network.higher_is_better(monitor) else "min"))


def _has_best(config: Config) -> bool:
    """Return whether something chooses the best epoch; without validation images it is the last."""
    return config.data.validation != 0 or not config.checkpoint.best.monitor.startswith("val_")


def _model_file(config: Config) -> str:
    return f"{config.name}.keras"


def _evaluation(config: Config) -> str:
    path = write_value(_model_file(config))
    first = f"model.save({path})"
    if _has_best(config):
        first = f"model = keras.models.load_model({path})  # the best epoch"
    comment = "# The test images are looked at once, at the end."
    if config.data.validation == "test":
        comment = "# The test images chose the best epoch: this accuracy flatters the network."
    return "\n".join(
        [
            comment,
            first,
            "results = model.evaluate(test_images, test_labels, verbose=0, return_dict=True)",
            "print(f\"test loss {results['loss']:.4f}, test accuracy {results['accuracy']:.2%}\")",
        ]
    )
