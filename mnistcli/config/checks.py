"""Checks that span several keys of a config."""

from collections.abc import Sequence
from typing import Any

from mnistcli.config.document import Path, Problems, describe_value, suggest
from mnistcli.config.objects import KerasObject
from mnistcli.config.settings import NAME, NAME_EXPECTED, Config, metric_name

# Training images of the data sets that are known without reading them.
KNOWN_TRAINING_SIZES = {"mnist": 60_000, "digits": 1_438}


def check_config(config: Config, problems: Problems) -> None:
    """Report metrics, layers and sizes that do not go together."""
    _check_columns(config, problems)
    _check_metric_names(config, problems)
    _check_graph(config.layers, problems)
    size = KNOWN_TRAINING_SIZES.get(config.data.dataset)
    if size is not None:
        check_sizes(config, size, problems)


def _check_columns(config: Config, problems: Problems) -> None:
    """Each metric has a column of metrics.jsonl of its own."""
    taken = {"loss", "accuracy", "epoch", "learning_rate", "seconds", "images_per_second"}
    for metric in config.metrics:
        if isinstance(metric, KerasObject):
            name = metric_name(metric)
            if name in taken or name.startswith("val_"):
                message = f"the column '{name}' of metrics.jsonl is taken; give {metric} a 'name'"
                problems.add((*metric.path, "name"), f"{message} of its own")
            taken.add(name)


def _check_metric_names(config: Config, problems: Problems) -> None:
    names = config.metric_names()
    known = [*names, *(f"val_{name}" for name in names)]
    monitored: list[tuple[Path, str]] = [
        (("checkpoint", "best", "monitor"), config.checkpoint.best.monitor)
    ]
    if config.early_stopping:
        column = config.early_stopping.monitor
        monitored.append((("early_stopping", "monitor"), column))
        # The best epoch is then the last one; but early stopping would follow nothing.
        if column.startswith("val_") and config.data.validation == 0:
            message = f"there are no validation images for '{column}'"
            expected = f"expected one of {', '.join(names)}"
            problems.add(("early_stopping", "monitor"), f"{message}: {expected}")
    for path, name in monitored:
        if name not in known:
            hint = suggest(name, known, f"expected one of {', '.join(known)}")
            problems.add(path, f"unknown metric '{name}'{hint}")


def _check_graph(layers: Sequence[KerasObject], problems: Problems) -> None:
    """Names are given once, and inputs name layers that stand before."""
    known = {"input"}
    for layer in layers:
        for key, name in layer.named_inputs.items():
            if name not in known:
                hint = suggest(name, known, "a layer can take only layers that stand before it")
                problems.add(
                    (*layer.path, "inputs", key), f"no layer before this is named '{name}'{hint}"
                )
        own_name = layer.arguments.get("name")
        if isinstance(own_name, str):
            if own_name in known and layer.name != "Input":
                problems.add(
                    (*layer.path, "name"), f"a layer before this is already named '{own_name}'"
                )
            elif not NAME.fullmatch(own_name):
                got = describe_value(own_name)
                problems.add((*layer.path, "name"), f"{layer}'s name: {NAME_EXPECTED}, got {got}")
            known.add(own_name)


def carry_validation(validation: Any, dataset: str) -> Any:
    """Return what holds out as much of another data set as `validation` does of `dataset`.

    A number of images becomes its share, where the size of `dataset` is known; a share, 0,
    "test" and what is no such thing stay as they are.
    """
    size = KNOWN_TRAINING_SIZES.get(dataset, 0)
    if type(validation) is int and 0 < validation < size:
        return validation / size
    return validation


def check_sizes(config: Config, training_images: int, problems: Problems) -> None:
    """Report a validation split or a batch that the training set cannot give."""
    validation = config.data.validation
    if isinstance(validation, int) and validation >= training_images:
        problems.add(
            ("data", "validation"),
            f"data.validation: expected fewer than the {training_images:,} training images "
            f"of {config.data.dataset}, got {describe_value(validation)}",
        )
        return
    held_out = validation if isinstance(validation, int) else 0
    if config.batch_size > training_images - held_out:
        problems.add(
            ("batch_size",),
            f"batch_size: expected at most {training_images - held_out:,}, the images left to "
            f"train on, got {config.batch_size}",
        )
