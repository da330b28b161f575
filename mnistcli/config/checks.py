"""Checks that span several keys of a config."""

from collections.abc import Sequence
from typing import Any

from mnistcli.config.document import Path, Problems, describe_value, suggest
from mnistcli.config.objects import KerasObject
from mnistcli.config.settings import NAME, NAME_EXPECTED, Config, metric_name

# The numbers of training images of the built-in data sets.
KNOWN_TRAINING_SIZES = {"mnist": 60_000, "digits": 1_438}


def check_config(config: Config, problems: Problems) -> None:
    """Report metrics, layers and sizes that do not fit together."""
    _check_columns(config, problems)
    _check_metric_names(config, problems)
    _check_graph(config.layers, problems)
    size = KNOWN_TRAINING_SIZES.get(config.data.dataset)
    if size is not None:
        check_sizes(config, size, problems)


def _check_columns(config: Config, problems: Problems) -> None:
    """Report metrics that share a column of metrics.jsonl with something else."""
    columns = {"loss", "accuracy", "epoch", "learning_rate", "seconds", "images_per_second"}
    for metric in config.metrics:
        if isinstance(metric, KerasObject):
            name = metric_name(metric)
            if name in columns or name.startswith("val_"):
                message = f"the column '{name}' of metrics.jsonl is taken; give {metric} a 'name'"
                problems.add((*metric.path, "name"), f"{message} of its own")
            columns.add(name)


def _check_metric_names(config: Config, problems: Problems) -> None:
    names = config.metric_names()
    columns = [*names, *(f"val_{name}" for name in names)]
    monitors: list[tuple[Path, str]] = [
        (("checkpoint", "best", "monitor"), config.checkpoint.best.monitor)
    ]
    if config.early_stopping:
        path: Path = ("early_stopping", "monitor")
        column = config.early_stopping.monitor
        monitors.append((path, column))
        # Without validation images, the last epoch counts as the best one, but early stopping
        # would have nothing to monitor.
        if column.startswith("val_") and config.data.validation == 0:
            message = f"there are no validation images for '{column}'"
            problems.add(path, f"{message}: expected one of {', '.join(names)}")
    for path, column in monitors:
        if column not in columns:
            hint = suggest(column, columns, f"expected one of {', '.join(columns)}")
            problems.add(path, f"unknown metric '{column}'{hint}")


def _check_graph(layers: Sequence[KerasObject], problems: Problems) -> None:
    """Report duplicate names of layers, and inputs that name no earlier layer."""
    layer_names = {"input"}
    for layer in layers:
        for key, input_name in layer.named_inputs.items():
            if input_name not in layer_names:
                message = f"no layer before this is named '{input_name}'"
                hint = "a layer can take only layers that stand before it"
                suggestion = suggest(input_name, layer_names, hint)
                problems.add((*layer.path, "inputs", key), f"{message}{suggestion}")
        layer_name, path = layer.arguments.get("name"), (*layer.path, "name")
        if isinstance(layer_name, str):
            if layer_name in layer_names and layer.name != "Input":
                problems.add(path, f"a layer before this is already named '{layer_name}'")
            elif not NAME.fullmatch(layer_name):
                value_text = describe_value(layer_name)
                problems.add(path, f"{layer}'s name: {NAME_EXPECTED}, got {value_text}")
            layer_names.add(layer_name)


def carry_validation(validation: Any, dataset: str) -> Any:
    """Return a `validation` that holds out the same share of another data set.

    Args:
        validation: the setting for `dataset`, which may be unchecked.
        dataset: the name of the data set that the setting is for.

    Returns:
        For a number of images, its share of `dataset`, if the size of that is known. Any other
        value, such as a share, 0 or "test", is returned as it is.
    """
    size = KNOWN_TRAINING_SIZES.get(dataset, 0)
    if type(validation) is int and 0 < validation < size:
        return validation / size
    return validation


def check_sizes(config: Config, training_images: int, problems: Problems) -> None:
    """Report a validation split or a batch that needs more images than there are."""
    validation = config.data.validation
    if isinstance(validation, int) and validation >= training_images:
        problems.add(
            ("data", "validation"),
            f"data.validation: expected fewer than the {training_images:,} training images "
            f"of {config.data.dataset}, got {describe_value(validation)}",
        )
        return
    validation_images = validation if isinstance(validation, int) else 0
    if config.batch_size > training_images - validation_images:
        problems.add(
            ("batch_size",),
            f"batch_size: expected at most {training_images - validation_images:,}, the images "
            f"left to train on, got {config.batch_size}",
        )
