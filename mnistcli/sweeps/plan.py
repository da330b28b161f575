"""A sweep file -> a checked `SweepPlan`, without TensorFlow and without Optuna."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from mnistcli.config import (
    Best,
    Config,
    ConfigFile,
    Document,
    Position,
    Problems,
    config_error,
    describe_value,
    dump_config,
    load_config,
    parse_config,
    read_text,
    read_yaml,
    suggest,
)
from mnistcli.errors import ConfigError, UsageError, command_line
from mnistcli.gallery import find_config, list_names
from mnistcli.sweeps.ranges import Range
from mnistcli.sweeps.space import read_space

SAMPLERS = ("tpe", "random", "grid", "qmc", "cmaes")
PRUNERS = ("none", "median", "successive_halving", "hyperband")
DEFAULT_TRIALS = 20
MAXIMUM_TRIALS = 10_000
_KEYS = ("config", "search", "trials", "minutes", "goal", "sampler", "pruner", "confirm", "seed")


@dataclass(frozen=True)
class Confirm:
    """The best trials are trained again: so many of them, each with so many other seeds."""

    best: int = 3
    seeds: int = 3


@dataclass(frozen=True)
class SweepPlan:
    """What is searched, and how.

    Attributes:
        file: the config whose settings are searched; its best epoch is the best in the goal.
        space: the values of each setting, by its dotted key.
        trials: how many there are.
        minutes: of training after which no more trials begin; None: no limit.
        goal: the column of metrics.jsonl by which trials are compared.
        document: where each of these was read.
    """

    file: ConfigFile
    space: Mapping[str, Range]
    trials: int
    minutes: float | None = None
    goal: str = "val_accuracy"
    sampler: str = "tpe"
    pruner: str = "none"
    confirm: Confirm | None = None
    seed: int = 0
    document: Document = field(default_factory=lambda: Document(""), repr=False)

    @property
    def config(self) -> Config:
        """The config whose settings are searched."""
        return self.file.config

    def to_yaml(self, config: str) -> str:
        """Return a sweep file, with every default written out.

        Args:
            config: the path of the config, from the folder of the file.
        """
        document: dict[str, Any] = {
            "config": config,
            "search": {key: str(range_) for key, range_ in self.space.items()},
            "trials": self.trials,
            "minutes": self.minutes,
            "goal": self.goal,
            "sampler": self.sampler,
            "pruner": self.pruner,
            "confirm": vars(self.confirm) if self.confirm else None,
            "seed": self.seed,
        }
        kept = {key: value for key, value in document.items() if value is not None}
        return yaml.safe_dump(kept, sort_keys=False, width=10_000, allow_unicode=True)

    def trial_config(self, options: Sequence[str], seed: int | None = None) -> ConfigFile:
        """Return the config of a trial.

        Args:
            options: its settings, as `--set` takes them.
            seed: another seed than that of the config.

        Raises:
            ConfigError: the settings do not go together.
        """
        file = parse_config(dump_config(self.config), "the config of the trial", options)
        if seed is None:
            return file
        return replace(file, config=file.config.model_copy(update={"seed": seed}))


def load_plan(path: FilePath, options: Mapping[str, Any], overrides: Sequence[str]) -> SweepPlan:
    """Read and check a sweep file.

    Args:
        path: of a YAML file, or the name of one that comes with mnistcli.
        options: values that replace those of the file, by their keys.
        overrides: `KEY=VALUE` texts for the config.

    Raises:
        ConfigError: it lists all problems, each with its file, line and column.
        UsageError: it is a config.
    """
    document = read_yaml(read_text(path), str(path))
    if not isinstance(document.value, dict):
        expected = "expected a mapping with 'config:' and 'search:'"
        raise config_error(document.locate(()), f"{expected}, got {describe_value(document.value)}")
    if "layers" in document.value and "search" not in document.value:
        line = command_line("sweep", path, "--search", "batch_size=choice(32, 64, 128)")
        raise UsageError(
            f"{path} is a config, which does not say what to search",
            f"expected a sweep file, or settings to search, such as: {line}",
        )
    for key, value in options.items():
        _set_option(document, key, value)
    return _read_plan(document, find_config(path).parent, overrides)


def plan_search(
    config_path: FilePath,
    searches: Sequence[str],
    options: Mapping[str, Any],
    overrides: Sequence[str],
) -> SweepPlan:
    """Make the plan that a command line describes, without a sweep file.

    Args:
        config_path: of a config, or its name.
        searches: `KEY=RANGE` texts.
        options: values by the keys of a sweep file.
        overrides: `KEY=VALUE` texts for the config.

    Raises:
        ConfigError: it lists all problems.
    """
    document = Document("the command line", {"config": str(config_path), "search": {}})
    for search in searches:
        key, equals, text = search.partition("=")
        position = Position(f"--search {search}")
        if not equals:
            raise config_error(
                position, "expected KEY=RANGE, such as batch_size=choice(32, 64, 128)"
            )
        if key in document.value["search"]:
            document.faults.append((position, f"'{key}' is there twice"))
        document.value["search"][key] = text
        document.values["search", key] = document.keys["search", key] = position
    for key, value in options.items():
        _set_option(document, key, value)
    return _read_plan(document, FilePath(), overrides)


def _set_option(document: Document, key: str, value: Any) -> None:
    position = Position(f"--{key} {value}")
    if key == "confirm":  # best=3,seeds=3
        try:
            value = read_yaml(f"{{{value.replace('=', ': ')}}}", "", is_option=True).value
        except ConfigError:
            raise config_error(position, "expected best=N,seeds=N") from None
    document.value[key] = value
    document.graft((key,), Document("", value, {(): position}))


class _Reader:
    """Reads the values of a sweep file, and notes what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = Problems(document)

    def check_keys(self, values: Mapping[str, Any], keys: Sequence[str], *path: str) -> None:
        for key in values:
            if key not in keys:
                hint = suggest(key, keys, f"expected one of {', '.join(keys)}")
                self.problems.add((*path, key), f"unknown key '{key}'{hint}", at_key=True)

    def number(
        self, values: Mapping[str, Any], key: str, default: int, low: int, high: int, *path: str
    ) -> int:
        value = values.get(key)
        if value is None:
            return default
        if type(value) is int and low <= value <= high:
            return value
        message = f"expected a whole number from {low} to {high:,}, got {describe_value(value)}"
        self.problems.add((*path, key), f"{key}: {message}")
        return default

    def minutes(self) -> float | None:
        value = self.document.value.get("minutes")
        if value is None:
            return None
        if type(value) in (int, float) and 0 < value < math.inf:
            return float(value)
        message = f"minutes: expected a number above 0, got {describe_value(value)}"
        self.problems.add(("minutes",), message)
        return None

    def word(self, key: str, default: str, words: Sequence[str]) -> str:
        value = self.document.value.get(key)
        if value is None:
            return default
        if value in words:
            return str(value)
        choices = f"expected one of {', '.join(words)}"
        if value == "gp":
            message = "sampler: gp needs PyTorch, which is as large as TensorFlow; use tpe"
            self.problems.add((key,), f"{message}; {choices}")
            return default
        hint = suggest(value, words, choices) if isinstance(value, str) else f"; {choices}"
        self.problems.add((key,), f"unknown {key} {describe_value(value)}{hint}")
        return default

    def confirm(self) -> Confirm | None:
        value = self.document.value.get("confirm")
        if value is None:
            return None
        if not isinstance(value, dict):
            message = f"confirm: expected {{best: 3, seeds: 3}}, got {describe_value(value)}"
            self.problems.add(("confirm",), message)
            return None
        self.check_keys(value, ("best", "seeds"), "confirm")
        best = self.number(value, "best", Confirm.best, 1, 100, "confirm")
        return Confirm(best, self.number(value, "seeds", Confirm.seeds, 1, 100, "confirm"))


def _read_plan(document: Document, folder: FilePath, overrides: Sequence[str]) -> SweepPlan:
    values, reader = document.value, _Reader(document)
    reader.check_keys(values, _KEYS)
    confirm, minutes = reader.confirm(), reader.minutes()
    sampler = reader.word("sampler", "tpe", SAMPLERS)
    pruner = reader.word("pruner", "none", PRUNERS)
    seed = reader.number(values, "seed", 0, 0, 2**31 - 1)
    file = _load_base(reader, folder, overrides)
    if file is None:
        reader.problems.raise_if_any()
        raise AssertionError("a problem was noted")
    config = file.config
    goal = _read_goal(reader, config)
    best = Best(monitor=goal, mode=config.checkpoint.best.mode if _is_best(config, goal) else None)
    checkpoint = config.checkpoint.model_copy(update={"best": best})
    config = config.model_copy(update={"checkpoint": checkpoint})
    file = replace(file, config=config)
    space = read_space(document, config, reader.problems)
    _check_goal(reader, goal, space)
    size = grid_size(space)
    if sampler == "grid":
        _check_grid(reader, space)
    numeric = sum(hasattr(range_, "low") for range_ in space.values())
    if sampler == "cmaes" and numeric < 2:
        message = "cmaes needs at least two ranges of numbers to search; tpe takes any"
        reader.problems.add(("sampler",), message)
    default = size if sampler == "grid" and size else DEFAULT_TRIALS
    trials = reader.number(values, "trials", default, 1, MAXIMUM_TRIALS)
    if values.get("trials") is None and minutes is not None and sampler != "grid":
        trials = MAXIMUM_TRIALS
    if sampler == "grid" and size:
        trials = min(trials, size)
    reader.problems.raise_if_any()
    return SweepPlan(file, space, trials, minutes, goal, sampler, pruner, confirm, seed, document)


def grid_size(space: Mapping[str, Range]) -> int | None:
    """Return how many combinations of values there are; None if not finitely many."""
    sizes = [range_.grid_size() for range_ in space.values()]
    finite = [size for size in sizes if size is not None]
    return math.prod(finite) if len(finite) == len(sizes) else None


def _load_base(reader: _Reader, folder: FilePath, overrides: Sequence[str]) -> ConfigFile | None:
    """Return the config that is searched; None after a note of what is wrong."""
    value = reader.document.value.get("config")
    if not isinstance(value, str):
        message = "'config' is missing; it names the config whose settings are searched"
        if value is not None:
            message = f"config: expected the path of a config, got {describe_value(value)}"
        reader.problems.add(("config",), message)
        return None
    path = folder / value
    if not path.exists() and value in list_names():
        path = FilePath(value)
    elif not path.exists():
        siblings = [each.name for each in path.parent.glob("*.y*ml")]
        hint = suggest(path.name, [*siblings, *list_names()])
        reader.problems.add(("config",), f"config: there is no file {path}{hint}")
        return None
    return load_config(path, overrides)


def _is_best(config: Config, goal: str) -> bool:
    return config.checkpoint.best.monitor == goal


def _read_goal(reader: _Reader, config: Config) -> str:
    """Return the column by which trials are compared, of validation images."""
    columns = [f"val_{name}" for name in config.metric_names()]
    goal = reader.word("goal", "val_accuracy", columns)
    validation = config.data.validation
    if validation == 0:
        reader.problems.add(
            ("goal",), f"the config holds no images out for '{goal}'; set data.validation in it"
        )
    elif validation == "test":
        reader.problems.add(
            ("goal",),
            "the config validates on the test images, which a search must not see; "
            "set data.validation to a number of images",
        )
    return goal


def _check_goal(reader: _Reader, goal: str, space: Mapping[str, Range]) -> None:
    """Report trials that would be compared by losses of which each is another sum."""
    others = [key for key in space if key.partition(".")[0] == "loss" or "egulariz" in key]
    if goal == "val_loss" and others:
        message = f"'{others[0]}' changes what val_loss is the sum of; expected another goal"
        reader.problems.add(("goal",), message)


def _check_grid(reader: _Reader, space: Mapping[str, Range]) -> None:
    for key, range_ in space.items():
        if range_.grid_size() is None:
            message = f"a grid needs finitely many values of '{key}': choice, int, or a step"
            reader.problems.add(("search", key), f"{message}, got {range_}")
    size = grid_size(space)
    if size is not None and size > MAXIMUM_TRIALS:
        message = f"the grid has {size:,} combinations, expected up to {MAXIMUM_TRIALS:,}"
        reader.problems.add(("sampler",), message)
