"""All that a report shows of a run, read once; what is missing is said, and is no error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import Config
from mnistcli.errors import MnistcliError, command_line, printable
from mnistcli.reports.filters import Filters, read_filters
from mnistcli.reports.samples import Samples, read_samples
from mnistcli.runs import RunDirectory, RunRecord
from mnistcli.scores import Evaluation, RunPredictions, evaluate_predictions, read_predictions


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


def read_contents(
    directory: RunDirectory,
    load_test_images: Callable[[RunDirectory], tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> RunContents:
    """Read a run for a report.

    Args:
        directory: of a run that exists.
        load_test_images: returns its test images, (N, 28, 28) uint8, and their labels, (N,).

    Raises:
        RunError: run.json is damaged.
    """
    record, notes = directory.read_record(), _describe_state(directory)

    def attempt(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except MnistcliError as error:
            notes.append(Note(": ".join(map(str, error.args[:2])) + "."))
            return None

    config_text = attempt(directory.read_config_text)
    file = None if config_text is None else attempt(directory.read_config)
    rows = attempt(directory.read_metrics) or []
    if not record.members and not any(row["epoch"] for row in rows):
        notes.append(Note("No epoch was finished, so there are no curves."))
    predictions = attempt(lambda: read_predictions(directory))
    evaluation = images = None
    evaluate = command_line("evaluate", directory.path)
    if predictions is not None and len(predictions.test.labels):
        loss = (record.metrics or {}).get("test_loss")
        test = predictions.test
        evaluation = evaluate_predictions(
            test.labels, test.probabilities, float("nan") if loss is None else loss
        )
        loaded = attempt(lambda: load_test_images(directory))
        if loaded is not None and np.array_equal(loaded[1], test.labels):
            images = loaded[0]
        elif loaded is not None:
            notes.append(
                Note("Its predictions.npz is of other test images; this makes it again:", evaluate)
            )
    elif predictions is None and directory.best_checkpoint.exists():
        text = "It has no predictions.npz, so scores and mistakes are missing; this adds it:"
        notes.append(Note(text, evaluate))
    samples = attempt(lambda: read_samples(directory))
    if samples is None and directory.best_checkpoint.exists() and not directory.samples.exists():
        notes.append(
            Note(
                "It has no samples.npz, so its training images are missing; this adds it:", evaluate
            )
        )
    filters = None
    if directory.best_checkpoint.exists():
        filters = attempt(lambda: read_filters(directory))
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
        evaluation=evaluation,
        images=images,
        samples=samples,
        filters=filters,
        notes=notes,
    )


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
