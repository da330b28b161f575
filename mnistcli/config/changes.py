"""The changes of a config that would make another run."""

import re
from collections.abc import Mapping
from typing import Any

from mnistcli.config.flat import flatten, format_value
from mnistcli.config.objects import resolve_shares
from mnistcli.config.settings import Config

# These settings say when to stop, what to keep, and where the images are; they do not change
# what an epoch computes.
_FREE_SECTIONS = ("epochs", "early_stopping", "checkpoint", "threads")
# Paths: what they lead to is compared by SHA-256.
_FREE_KEYS = re.compile(r"data\.dataset|data\.extra\.\d+\.path")
_FIXED_KEYS = ("checkpoint.best",)  # the best checkpoint so far was chosen by it


def find_training_changes(old_config: Config, new_config: Config) -> list[str]:
    """Return the changes that change what an epoch computes, as 'batch_size: 32 -> 64'.

    With one of them, the epochs of a run so far would have had other results. A new number of
    epochs is one if the optimizer has a share of the run, such as '10%', in a schedule.
    """
    old_values = flatten(old_config.model_dump())
    new_values = flatten(new_config.model_dump())
    lines = [
        f"{key}: {_format(old_values, key)} -> {_format(new_values, key)}"
        for key in dict.fromkeys([*old_values, *new_values])
        if old_values.get(key) != new_values.get(key) and not _is_free(key)
    ]
    old_epochs, new_epochs = old_config.epochs, new_config.epochs
    if old_epochs != new_epochs:
        lines += [
            f"{key}: a share of {old_epochs} epochs -> of {new_epochs} epochs"
            for key in _share_keys(old_config)
        ]
    return lines


def _is_free(key: str) -> bool:
    if key.startswith(_FIXED_KEYS):
        return False
    return bool(_FREE_KEYS.fullmatch(key)) or key.partition(".")[0] in _FREE_SECTIONS


def _format(values: Mapping[str, Any], key: str) -> str:
    return format_value(values[key]) if key in values else "none"


def _share_keys(config: Config) -> list[str]:
    """Return the settings of the optimizer that are shares of the whole run."""
    short_run, long_run = (
        flatten(resolve_shares(config.optimizer, total_steps).to_plain())
        for total_steps in (10**6, 10**7)
    )
    return [f"optimizer.{key}" for key in short_run if short_run[key] != long_run[key]]
