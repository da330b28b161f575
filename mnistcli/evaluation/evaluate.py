"""One pass over a labelled set."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mnistcli.data import Dataset, LabelledImages, Splits, TrainingImages, split_validation
from mnistcli.errors import DataError, RunError, UsageError
from mnistcli.recognition import (
    Calibration,
    choose_described,
    fit_familiarity,
    fit_spread,
    fit_temperature,
    to_probabilities,
)
from mnistcli.reports import Samples, write_samples
from mnistcli.runs import RunDirectory, dump_json, write_whole
from mnistcli.scores import (
    Evaluation,
    LabelledProbabilities,
    RunPredictions,
    evaluate_predictions,
    write_predictions,
)

if TYPE_CHECKING:  # it loads TensorFlow
    from mnistcli.engine import EvaluationLoop
    from mnistcli.model import Network

Split = Literal["train", "validation", "test"]

STAND_IN_IMAGES = 5_000
MIN_SHARE_OF_ONE_CLASS = 0.5


def select_images(
    run: RunDirectory, dataset: Dataset, split: Split
) -> tuple[LabelledImages, Splits]:
    """Return the images of a run's split, and all its splits.

    Args:
        dataset: the one that the run was trained on.

    Raises:
        UsageError: there is no such split.
        RunError: the run has no such images.
    """
    if split not in get_args(Split):
        raise UsageError(f"no split {split!r}", f"expected one of {', '.join(get_args(Split))}")
    data = run.read_config().config.data
    splits = split_validation(dataset, data.validation, data.split_seed)
    if split == "train":
        images = splits.train.copy()
    else:
        images = splits.validation if split == "validation" else splits.test
    if not len(images):
        raise RunError(
            f"{run.path} has no {split} images",
            "it was trained on all images, with data.validation: 0; use --split test",
        )
    return images, splits


def evaluate_network(
    loop: EvaluationLoop, data: LabelledImages, temperature: float = 1.0
) -> tuple[Evaluation, NDArray[np.floating[Any]]]:
    """Measure a network on labelled images; returns its calibrated probabilities as well.

    Args:
        temperature: of the run's calibration; the loss is as it was trained, without it.

    Raises:
        DataError: the images have a label that the network does not know.
    """
    num_classes = loop.network.num_classes
    if data.num_classes > num_classes:
        raise DataError(
            f"{data.source} has the label {data.num_classes - 1}",
            f"expected labels from 0 to {num_classes - 1}: the run knows {num_classes} classes",
        )
    metrics, outputs = loop.measure(data.images, data.labels)
    probabilities = to_probabilities(outputs, loop.network.output_kind, temperature)
    return evaluate_predictions(data.labels, probabilities, metrics["loss"]), probabilities


def keep_predictions(
    run: RunDirectory,
    loop: EvaluationLoop,
    splits: Splits,
    temperature: float,
    test_probabilities: NDArray[np.floating[Any]],
) -> None:
    """Write what a run's best network says of its validation and test images.

    Args:
        temperature: of the run's calibration.
        test_probabilities: (N, C), of `evaluate_network`.

    Raises:
        RunError: predictions.npz cannot be written.
    """
    validation, test = (
        splits.validation,
        LabelledProbabilities.of(test_probabilities, splits.test.labels),
    )
    if validation is splits.test:
        write_predictions(run, RunPredictions(test, test))
        return
    probabilities = np.zeros((0, loop.network.num_classes))
    if len(validation):
        outputs = loop.predict(validation.images)
        probabilities = to_probabilities(outputs, loop.network.output_kind, temperature)
    answers = LabelledProbabilities.of(probabilities, validation.labels)
    write_predictions(run, RunPredictions(answers, test))


def keep_samples(run: RunDirectory, network: Network, train: TrainingImages) -> None:
    """Write some of a run's training images, as they are and augmented.

    It draws from the random generators of `augment`, so it comes after the training. It took
    0.4 s for the layers of configs/robust.yaml, 0.04 s without `augment`.

    Raises:
        RunError: samples.npz cannot be written.
    """
    from mnistcli.figures import choose_samples  # Matplotlib takes 0.2 s

    rows = choose_samples(train.labels)
    images, labels = train.images[rows], train.labels[rows]
    augmented = None
    if network.augment:
        from mnistcli.model import augment_images

        pixels, _ = augment_images(network, images, labels)
        augmented = np.rint(np.clip(pixels, 0, 255)).astype(np.uint8)
    write_samples(run, Samples(images, labels, augmented))


def calibrate(
    loop: EvaluationLoop, train: TrainingImages, validation: LabelledImages
) -> Calibration:
    """Learn from the validation images how sure a network may be, and what it was trained on.

    Images are augmented as for training: people's own digits vary more than those of a data set.
    Where there are no validation images, the first training images stand in for them.
    """
    if not len(validation):
        first = slice(0, STAND_IN_IMAGES)
        images, labels = train.images[first], train.labels[first]
        validation = replace(validation, images=images, labels=labels)
    images, labels = _augment(loop, validation.images, validation.labels)
    outputs = loop.predict(images)
    kind = loop.network.output_kind
    temperature = fit_temperature(outputs, labels, kind)
    familiarity = None
    # A network that was shown other things knows them better by itself, as
    # tests/benchmarks/rejection.py measures.
    if not loop.network.is_shown_others:
        rows = choose_described(train.labels)
        familiarity = fit_familiarity(
            *_augment(loop, train.images[rows], train.labels[rows]),
            images,
            outputs.argmax(axis=1),
            loop.network.num_classes,
        )
    return Calibration(temperature, familiarity, fit_spread(outputs, kind, temperature))


def _augment(
    loop: EvaluationLoop, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images as training sees them, without those that are no longer of one class.

    Where labels are mixed in most images, they stay as they are.
    """
    if not loop.network.augment:
        return images, labels
    from mnistcli.model import augment_images

    augmented, shares = augment_images(loop.network, images, labels)
    has_class = shares.max(axis=1) == 1
    if has_class.mean() < MIN_SHARE_OF_ONE_CLASS:
        return images, labels
    pixels = np.rint(np.clip(augmented[has_class], 0, 255)).astype(np.uint8)
    return pixels, shares[has_class].argmax(axis=1).astype(np.uint8)


@dataclass(frozen=True)
class Subject:
    """Which images were answered, and by which checkpoint of a run.

    Attributes:
        split: "train", "validation" or "test", where they are the run's own images.
        data: what the user calls them, where they are others.
    """

    split: Split = "test"
    data: str | None = None
    checkpoint: Literal["best", "last"] = "best"

    def __str__(self) -> str:
        images = f"its {self.split} images" if self.data is None else self.data
        return images if self.checkpoint == "best" else f"{images}, last checkpoint"

    @property
    def suffix(self) -> str:
        """The end of the names of files about it; empty for the test images and the best epoch."""
        parts = []
        if self.data is not None:
            parts += ["data", re.sub(r"[^\w.-]+", "-", Path(self.data).stem)]
        elif self.split != "test":
            parts.append(self.split)
        if self.checkpoint == "last":
            parts.append("last")
        return "".join(f"-{part}" for part in parts)


def write_evaluation(run: RunDirectory, evaluation: Evaluation, subject: Subject) -> Path:
    """Write evaluation.json, or evaluation-validation.json and the like; return its path."""
    path = run.evaluation.with_stem(f"{run.evaluation.stem}{subject.suffix}")
    document = {"data": subject.data or subject.split, "checkpoint": subject.checkpoint}
    write_whole(path, dump_json(document | evaluation.to_json(), indent=2))
    return path
