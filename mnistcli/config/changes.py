"""What differs between two configs, and what of it makes another run."""

from collections.abc import Mapping
from typing import Any

import yaml

from mnistcli.config.objects import resolve_shares
from mnistcli.config.settings import Config

# They say when to stop, what to keep, and where the same images are; not what is computed.
_FREE = ("epochs", "early_stopping", "checkpoint", "threads")
_FREE_WITHIN = ("data.dataset",)  # its contents are compared by SHA-256
_FIXED_WITHIN = ("checkpoint.best",)  # the best checkpoint so far was chosen by it


def describe_changes(before: Config, after: Config) -> list[str]:
    """Each setting that differs, as 'batch_size: 32 -> 64'."""
    return [f"{key}: {old} -> {new}" for key, old, new in _changes(before, after)]


def changes_of_course(before: Config, after: Config) -> list[str]:
    """Those of `describe_changes` with which the epochs so far would have been others."""
    lines = [
        f"{key}: {old} -> {new}"
        for key, old, new in _changes(before, after)
        if key.startswith(_FIXED_WITHIN)
        or not (key in _FREE_WITHIN or key.partition(".")[0] in _FREE)
    ]
    if before.epochs != after.epochs:
        lines += [
            f"{key}: a share of {before.epochs} epochs -> of {after.epochs} epochs"
            for key in _shares(before)
        ]
    return lines


def _changes(before: Config, after: Config) -> list[tuple[str, str, str]]:
    old, new = _flatten(before.model_dump()), _flatten(after.model_dump())
    keys = dict.fromkeys([*old, *new])
    return [
        (key, old.get(key, "none"), new.get(key, "none"))
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _flatten(value: Any, key: str = "") -> dict[str, str]:
    """A tree as dotted keys, as `--set` takes them, with values as YAML."""
    if isinstance(value, Mapping) and value:
        items = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list) and value:
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
        return {key: text.removesuffix("\n...")}
    flat: dict[str, str] = {}
    for name, item in items:
        flat |= _flatten(item, f"{key}.{name}" if key else name)
    return flat


def _shares(config: Config) -> list[str]:
    """The settings of the optimizer that are shares of the whole run."""
    short, long = (_flatten(resolve_shares(config.optimizer, 10**n).to_plain()) for n in (6, 7))
    return [f"optimizer.{key}" for key in short if short[key] != long[key]]
