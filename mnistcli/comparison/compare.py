"""Runs, or groups of seeds, side by side."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.comparison.differences import Difference, find_differences
from mnistcli.comparison.rows import RunRow
from mnistcli.errors import RunError, command_line
from mnistcli.numbers import format_percent
from mnistcli.scores import (
    Interval,
    McNemar,
    RunPredictions,
    compare_answers,
    confusion_matrix,
    difference_interval,
    read_predictions,
)

_TEST_PARTS = ("test_images", "test_labels")
# What a comparison shows of each run, where it is known.
METRICS = (
    "val_accuracy",
    "val_loss",
    "test_accuracy",
    "test_loss",
    "test_expected_calibration_error",
)


@dataclass(frozen=True)
class Group:
    """A run, or the runs of one config with several seeds.

    Attributes:
        name: what the user called it.
        rows: at least one, none of them damaged.
        predictions: one for each run; None where a run keeps none.
    """

    name: str
    rows: list[RunRow]
    predictions: list[RunPredictions | None]

    @property
    def runs(self) -> dict[str, RunRow]:
        """Its runs by unique names."""
        if len(self.rows) == 1:
            return {self.name: self.rows[0]}
        return {f"{self.name}/{row.run.name}": row for row in self.rows}

    @property
    def settings(self) -> dict[str, Any]:
        """The config that all of its runs have; without the seed if they differ in it alone."""
        settings = dict(self.rows[0].settings)
        if len(self.rows) > 1:
            settings.pop("seed", None)
        return settings

    @property
    def test_data(self) -> tuple[str, ...] | None:
        """The SHA-256 of the test images and labels of all its runs; None if they have others."""
        sums = {
            tuple(row.record.dataset.sha256.get(part, "") for part in _TEST_PARTS)
            for row in self.rows
            if row.record
        }
        return sums.pop() if len(sums) == 1 else None

    def figures(self, metric: str) -> list[float]:
        """Return a metric of each run that has it."""
        values = [row.metrics.get(metric) for row in self.rows]
        return [value for value in values if value is not None]

    def test_probabilities(self) -> NDArray[np.floating[Any]] | None:
        """Return what its runs say of the test images on average, (N, C); None if unknown."""
        kept = [each.test.probabilities for each in self.predictions if each is not None]
        if len(kept) < len(self.rows) or len({each.shape for each in kept}) > 1:
            return None
        mean: NDArray[np.floating[Any]] = np.mean(kept, axis=0)
        return mean

    def recalls(self) -> NDArray[np.float64] | None:
        """Return the share of each class that is recognised, (C,), the mean over its runs."""
        kept = [each.test for each in self.predictions if each is not None]
        if len(kept) < len(self.rows):
            return None
        shares = []
        for answers in kept:
            num_classes = answers.probabilities.shape[1]
            predicted = answers.probabilities.argmax(axis=1)
            matrix = confusion_matrix(answers.labels, predicted, num_classes)
            shares.append(np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1))
        mean: NDArray[np.float64] = np.mean(shares, axis=0)
        return mean


@dataclass(frozen=True)
class Verdict:
    """Whether a group is better on the test images than the first one, and how that is known.

    Attributes:
        first, second: the test accuracies, means of the groups, in [0, 1].
        mcnemar: of two single runs.
        interval: of the difference `second - first` of two groups of seeds.
        problem: why there is no test, one line.
    """

    name: str
    first: float | None = None
    second: float | None = None
    mcnemar: McNemar | None = None
    interval: Interval | None = None
    problem: str | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the difference is more than chance."""
        by_images = self.mcnemar is not None and self.mcnemar.is_significant
        return by_images or (self.interval is not None and self.interval.excludes_zero)


@dataclass(frozen=True)
class Comparison:
    """Groups side by side.

    Attributes:
        settings: the differences of their configs.
        environment: the differences of versions, hardware, threads, device and kernels.
        data: the differences of their images.
        verdicts: one for each group but the first.
    """

    groups: list[Group]
    settings: list[Difference]
    environment: list[Difference]
    data: list[Difference]
    verdicts: list[Verdict]


def make_group(name: str, rows: list[RunRow]) -> Group:
    """Take runs that differ in their seeds alone, with their predictions.

    Raises:
        RunError: they differ in more than their seeds, or in less; or the predictions of a run are
            damaged, or of another network.
    """
    settings = [
        {section: value for section, value in row.settings.items() if section != "seed"}
        for row in rows
    ]
    others = [difference.key for difference in find_differences(settings)]
    if len({repr(_describe_data(row)) for row in rows}) > 1:
        others.append("their data (SHA-256)")
    if others:
        raise RunError(
            f"the runs in {name} differ in more than their seeds: {', '.join(others)}",
            f"name two of them; the list is: {command_line('runs', name)}",
        )
    seeds = [row.settings.get("seed") for row in rows]
    if len(set(seeds)) < len(seeds):
        raise RunError(
            f"two runs in {name} have the same seed", "expected a run for each seed, and no copies"
        )
    return Group(name, rows, [_read_predictions(row) for row in rows])


def _read_predictions(row: RunRow) -> RunPredictions | None:
    """Return the predictions of a completed run, if it keeps them.

    Raises:
        RunError: they are damaged, or of another network.
    """
    predictions = read_predictions(row.run) if row.status == "completed" else None
    accuracy = row.metrics.get("test_accuracy")
    if predictions is None or accuracy is None or not len(predictions.test.labels):
        return None
    right = predictions.test.is_right
    if abs(right.mean() - accuracy) * len(right) > 1.5:  # two equal probabilities may be rounded
        raise RunError(
            f"{row.run.predictions} is of another network: it is right in "
            f"{format_percent(float(right.mean()), decimals=2)}, and "
            f"run.json says {format_percent(accuracy, decimals=2)}",
            f"make it again with: {command_line('evaluate', row.run.path)}",
        )
    return predictions


def compare_groups(groups: list[Group]) -> Comparison:
    """Compare groups, at least two, with the first of them."""
    return Comparison(
        groups,
        find_differences([group.settings for group in groups]),
        _differences(groups, _describe_environment),
        _differences(groups, _describe_data),
        [_judge(groups[0], group) for group in groups[1:]],
    )


def _differences(
    groups: Sequence[Group], describe: Callable[[RunRow], dict[str, Any]]
) -> list[Difference]:
    """Return what differs between the first runs of groups."""
    described = [describe(group.rows[0]) for group in groups]
    keys = dict.fromkeys(key for each in described for key in each)
    by_key = {key: tuple(each.get(key) for each in described) for key in keys}
    return [Difference(key, values) for key, values in by_key.items() if len(set(values)) > 1]


def _describe_environment(row: RunRow) -> dict[str, Any]:
    record = row.record
    if record is None:
        return {}
    return {
        **record.versions,
        **record.hardware,
        "threads": record.threads,
        "device": record.device,
        "kernels": record.kernels,
        "git_commit": record.git_commit,
    }


def _describe_data(row: RunRow) -> dict[str, Any]:
    if row.record is None:
        return {}
    data = row.record.dataset
    return {
        "name": data.name,
        "training_images": data.training_images,
        "validation_images": data.validation_images,
        "test_images": data.test_images,
        **{f"SHA-256 of {part}": checksum for part, checksum in data.sha256.items()},
    }


def _judge(first: Group, second: Group) -> Verdict:
    """Compare the test accuracies of two groups."""
    accuracies = [group.figures("test_accuracy") for group in (first, second)]
    name = second.name
    for group in (first, second):
        if problem := _describe_untested(group):
            return Verdict(name, problem=problem)
    means = (statistics.mean(accuracies[0]), statistics.mean(accuracies[1]))
    if first.test_data is None or first.test_data != second.test_data:
        return Verdict(name, *means, problem="they were tested on other images, or labels")
    if len(first.rows) == len(second.rows) == 1:
        return _test_answers(first, second, means)
    interval = difference_interval(*accuracies)
    if interval is None:
        problem = "one of them is a single run, whose luck is unknown: train it with --seeds"
        return Verdict(name, *means, problem=problem)
    return Verdict(name, *means, interval=interval)


def _describe_untested(group: Group) -> str | None:
    """Return why a group has no test accuracy to compare; None if all of its runs have one."""
    untested = [row for row in group.rows if row.metrics.get("test_accuracy") is None]
    if not untested:
        return None
    subject = f"{group.name} has no"
    if len(group.rows) > 1:
        subject = f"{len(untested)} of the {len(group.rows)} runs in {group.name} have no"
    if all(row.status == "completed" for row in untested):
        return f"{subject} test accuracy: trials of a sweep are not tested"
    return f"{subject} test accuracy: finish the training first"


def _test_answers(first: Group, second: Group, means: tuple[float, float]) -> Verdict:
    """Compare two single runs by the images that each gets right."""
    answers = []
    for group in (first, second):
        predictions = group.predictions[0]
        if predictions is None:
            line = command_line("evaluate", group.rows[0].run.path)
            problem = f"{group.name} keeps no predictions; add them with: {line}"
            return Verdict(second.name, *means, problem=problem)
        answers.append(predictions.test)
    if not np.array_equal(answers[0].labels, answers[1].labels):
        return Verdict(second.name, *means, problem="their predictions are of other images")
    mcnemar = compare_answers(answers[0].is_right, answers[1].is_right)
    return Verdict(second.name, *means, mcnemar=mcnemar)
