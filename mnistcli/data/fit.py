"""A config and its data set: whether they go together, and what becomes of both.

`mnistcli.data` does not import this module: configs take 0.2 s to import, and `predict` has none.
"""

from dataclasses import replace
from typing import Any

from mnistcli.config import Config, ConfigFile, carry_validation, check_sizes
from mnistcli.data.dataset import Dataset
from mnistcli.data.locate import BUILT_IN
from mnistcli.data.splits import Splits, split_validation
from mnistcli.images import find_framing


def fit_data(file: ConfigFile, dataset: Dataset) -> ConfigFile:
    """Return the config with the data that is used, after a check that they go together.

    Raises:
        ConfigError: the validation split or a batch needs more images, or a layer other ones.
    """
    file = resolve_data(file, dataset)
    config, problems = file.config, file.problems()
    check_sizes(config, len(dataset.train_labels), problems)
    for layer in config.augment:
        if (
            layer.name == "RandomDrawings"
            and not find_framing(dataset.train_images).dark_background
        ):
            message = f"{layer} draws light ink on black, but {dataset.name} has dark ink on light"
            problems.add(layer.path, message, at_key=True)
    problems.raise_if_any()
    return file


def resolve_data(file: ConfigFile, dataset: Dataset) -> ConfigFile:
    """Return the config with the data that is used, so that it trains this run again anywhere."""
    config = file.config
    # A path is written whole: the config may be read from another folder.
    name = dataset.name if dataset.name in BUILT_IN else dataset.source
    extra = [
        each.model_copy(update={"path": images.source})
        for each, images in zip(config.data.extra, dataset.extra, strict=True)
    ]
    changes: dict[str, Any] = {"dataset": name, "extra": extra}
    batch_size = config.batch_size
    if dataset.fallback_reason is not None:
        validation = carry_validation(config.data.validation, config.data.dataset)
        changes |= {"fallback": None, "validation": validation}
        batch_size = min(batch_size, len(dataset.train_labels))
    data = config.data.model_copy(update=changes)
    return replace(file, config=config.model_copy(update={"data": data, "batch_size": batch_size}))


def split_config(config: Config, dataset: Dataset) -> Splits:
    """Split a data set as its config, which `fit_data` returned, says."""
    repeats = [extra.repeat for extra in config.data.extra]
    return split_validation(dataset, config.data.validation, config.data.split_seed, repeats)
