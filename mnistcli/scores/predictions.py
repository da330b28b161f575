"""What a network says of the validation and test images of its run, as predictions.npz keeps it."""

import io
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError, command_line
from mnistcli.runs import RunDirectory, write_whole
from mnistcli.runs.arrays import ArrayFile, open_arrays

# A million images of ten classes. A stranger's file must not fill the memory.
MAXIMUM_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class LabelledProbabilities:
    """A network's answers to labelled images, in the order of the images.

    Attributes:
        probabilities: (N, C) float32, calibrated; N may be 0.
        labels: (N,) uint8, the true classes.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.uint8]

    @classmethod
    def of(cls, probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Self:
        """Take numbers of any type."""
        return cls(probabilities.astype(np.float32), labels.astype(np.uint8))

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether the class of the largest probability is the true one, (N,)."""
        right: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.labels
        return right


@dataclass(frozen=True)
class RunPredictions:
    """The answers of a run's best network.

    Attributes:
        validation: to the images that it was chosen by; without any if it held out none.
        test: to the test images.
    """

    validation: LabelledProbabilities
    test: LabelledProbabilities


def write_predictions(run: RunDirectory, predictions: RunPredictions) -> None:
    """Write predictions.npz.

    Raises:
        RunError: it cannot be written.
    """
    stream = io.BytesIO()
    validation, test = predictions.validation, predictions.test
    np.savez_compressed(
        stream,
        validation_probabilities=validation.probabilities,
        validation_labels=validation.labels,
        test_probabilities=test.probabilities,
        test_labels=test.labels,
    )
    write_whole(run.predictions, stream.getvalue())


def read_predictions(run: RunDirectory) -> RunPredictions | None:
    """Read predictions.npz.

    Returns:
        The predictions; None if the run has none, like those of earlier versions.

    Raises:
        RunError: the file is damaged, or of a run with other classes.
    """
    num_classes = run.read_record().dataset.num_classes
    try:
        with open_arrays(run.predictions) as file:
            return RunPredictions(
                _read(file, "validation", num_classes), _read(file, "test", num_classes)
            )
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RunError(
            f"{run.predictions} is damaged: {error}",
            f"delete it, and make it again with: {command_line('evaluate', run.path)}",
        ) from None


def _read(file: ArrayFile, split: str, num_classes: int) -> LabelledProbabilities:
    probabilities = file.read(f"{split}_probabilities", np.float32, MAXIMUM_BYTES)
    labels = file.read(f"{split}_labels", np.uint8, MAXIMUM_BYTES)
    if probabilities.shape != (len(labels), num_classes) or labels.ndim != 1:
        raise ValueError(
            f"{split}: expected ({len(labels)}, {num_classes}), got {probabilities.shape}"
        )
    if labels.size and labels.max() >= num_classes:
        raise ValueError(f"{split}: the label {labels.max()} is none of {num_classes} classes")
    # A comparison with NaN is false, too.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(f"{split}: expected probabilities from 0 to 1")
    return LabelledProbabilities(probabilities, labels)
