"""All that a report shows of a run, read once; what is missing is said, and is no error."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import Config
from mnistcli.errors import MnistcliError, command_line, printable
from mnistcli.reports.filters import Filters, read_filters
from mnistcli.reports.samples import Samples, read_samples
from mnistcli.runs import RunDirectory, RunRecord
from mnistcli.scores import Evaluation, RunPredictions, evaluate_predictions, read_predictions

LoadImages = Callable[[RunDirectory], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Note:
    """What a report lacks and why, and the command that helps, if there is one."""

    text: str
    command: str | None = None


@dataclass(frozen=True)
class RunContents:
    """A run, as far as it could be read.

    Attributes:
        name: the name of its folder, safe to show.
        config: the settings; None if config.yaml is missing or was changed.
        config_text: config.yaml; None if it is missing.
        rows: those of metrics.jsonl, from epoch 0 on; none for an ensemble.
        evaluation: what its answers to the test images are worth.
        images: (N, 28, 28) uint8, the test images; None if they are gone.
        notes: what is missing.
    """

    directory: RunDirectory
    name: str
    record: RunRecord
    config: Config | None
    config_text: str | None
    rows: list[dict[str, Any]]
    predictions: RunPredictions | None
    evaluation: Evaluation | None
    images: NDArray[np.uint8] | None
    samples: Samples | None
    filters: Filters | None
    notes: list[Note]

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were kept."""
        epoch = (self.record.metrics or {}).get("best_epoch")
        return epoch if isinstance(epoch, int) else None

    @property
    def test_accuracy(self) -> float | None:
        """The share of the test images that it reads right, in [0, 1]."""
        if self.evaluation is not None:
            return self.evaluation.accuracy
        accuracy = (self.record.metrics or {}).get("test_accuracy")
        return accuracy if accuracy is not None and 0 <= accuracy <= 1 else None


def read_contents(directory: RunDirectory, load_test_images: LoadImages | None) -> RunContents:
    """Read a run for a report.

    Args:
        directory: of a run that exists.
        load_test_images: returns its test images, (N, 28, 28) uint8, and their labels, (N,). None
            for a comparison of runs, which shows no pictures and no layers.

    Raises:
        RunError: run.json is damaged.
    """
    record, notes = directory.read_record(), _describe_state(directory)
    config_text = _attempt(directory.read_config_text, notes)
    file = None if config_text is None else _attempt(directory.read_config, notes)
    rows = _attempt(directory.read_metrics, notes) or []
    if not record.members and not any(row["epoch"] for row in rows):
        notes.append(Note("No epoch was finished, so there are no curves."))
    predictions = _attempt(lambda: read_predictions(directory), notes)
    if predictions is not None and not len(predictions.test.labels):
        predictions = None
    # Of a run that is not finished, `evaluate` keeps nothing.
    has_network = directory.best_checkpoint.exists() and record.status == "completed"
    if predictions is None and has_network and not directory.predictions.exists():
        text = "It has no predictions.npz, so scores and mistakes are missing; this adds it:"
        notes.append(Note(text, command_line("evaluate", directory.path)))
    images = samples = filters = None
    if load_test_images is not None:
        if predictions is not None:
            images = _match_images(directory, predictions, load_test_images, notes)
        samples = _attempt(lambda: read_samples(directory), notes)
        if samples is None and has_network and not directory.samples.exists():
            text = "It has no samples.npz, so its training images are missing; this adds it:"
            notes.append(Note(text, command_line("evaluate", directory.path)))
        if has_network:
            filters = _attempt(lambda: read_filters(directory), notes)
        if not record.layers:
            text = "Its run.json is of an earlier version, and does not list the layers; this does:"
            notes.append(Note(text, command_line("summary", directory.path)))
    return RunContents(
        directory=directory,
        name=printable(directory.name),
        record=record,
        config=None if file is None else file.config,
        config_text=config_text,
        rows=rows,
        predictions=predictions,
        evaluation=None if predictions is None else _evaluate(record, predictions),
        images=images,
        samples=samples,
        filters=filters,
        notes=notes,
    )


def _attempt(read: Callable[[], _Result], notes: list[Note]) -> _Result | None:
    """Return what a reader returns, or None and a note on why it failed."""
    try:
        return read()
    except MnistcliError as error:
        notes.append(Note("; ".join(map(str, error.args))))
        return None


def _evaluate(record: RunRecord, predictions: RunPredictions) -> Evaluation:
    loss = (record.metrics or {}).get("test_loss")
    test = predictions.test
    return evaluate_predictions(test.labels, test.probabilities, math.nan if loss is None else loss)


def _match_images(
    directory: RunDirectory, predictions: RunPredictions, load: LoadImages, notes: list[Note]
) -> NDArray[np.uint8] | None:
    """Return the test images, if they are those that the predictions are of."""
    loaded = _attempt(lambda: load(directory), notes)
    if loaded is None:
        return None
    images, labels = loaded
    if np.array_equal(labels, predictions.test.labels):
        return images
    text = "Its predictions.npz is of other test images; this makes it again:"
    notes.append(Note(text, command_line("evaluate", directory.path)))
    return None


def _describe_state(directory: RunDirectory) -> list[Note]:
    """Return a note for a run that did not complete."""
    record = directory.read_record()
    if record.status == "completed":
        return []
    texts = {
        "running": "It is still being trained, or was killed; this goes on with it:",
        "failed": "Its training failed; this goes on with it:",
        "interrupted": "Its training was interrupted; this goes on with it:",
    }
    text = texts[record.status]
    if record.metrics:
        text = f"What is measured here is of an earlier, complete training. {text}"
    go_on = command_line("train", "--resume", directory.path)
    return [Note(text, None if record.members else go_on)]
