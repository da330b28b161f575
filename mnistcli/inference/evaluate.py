"""One pass over a labelled set."""

from typing import Any

from mnistcli.data import LabelledImages
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import DataError
from mnistcli.inference.metrics import Evaluation, evaluate_predictions
from mnistcli.runs import RunDirectory, dump_json, write_whole


def evaluate_network(loop: EvaluationLoop, data: LabelledImages) -> Evaluation:
    """Measure a network on labelled images.

    Raises:
        DataError: the images have a label that the network does not know.
    """
    num_classes = loop.network.num_classes
    if data.num_classes > num_classes:
        raise DataError(
            f"{data.source} has the label {data.num_classes - 1}",
            f"expected labels from 0 to {num_classes - 1}: the run knows {num_classes} classes",
        )
    loss = loop.evaluate(data.images, data.labels)["loss"]
    return evaluate_predictions(data.labels, loop.predict(data.images), loss)


def write_evaluation(run: RunDirectory, document: dict[str, Any]) -> None:
    """Write evaluation.json: which data and which checkpoint, and `Evaluation.to_json`."""
    write_whole(run.evaluation, dump_json(document, indent=2))
