"""The honest paragraph of a model card: sentences of facts, each with its number."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnistcli.numbers import format_count, format_percent
from mnistcli.recognition.predictions import MIN_CONFIDENCE
from mnistcli.reports.contents import RunContents
from mnistcli.scores import share_interval


class Statement(NamedTuple):
    """What a model card says about one thing."""

    heading: str
    text: str


def describe_model(contents: RunContents) -> list[Statement]:
    """Return what a user must know before relying on a network."""
    statements = [
        ("Status", _describe_status(contents)),
        ("Data", _describe_data(contents)),
        ("Accuracy", _describe_accuracy(contents)),
        ("Weakest", _describe_weakness(contents)),
        ("How sure it is", _describe_confidence(contents)),
        ("Not measured", _describe_limits(contents)),
    ]
    return [Statement(heading, text) for heading, text in statements if text]


def _describe_status(contents: RunContents) -> str:
    record = contents.record
    if record.status == "completed":
        return ""
    epochs = max((row["epoch"] for row in contents.rows), default=0)
    return (
        f"The run did not complete: its status is {record.status}, after "
        f"{format_count(epochs, 'whole epoch')}."
    )


def _describe_data(contents: RunContents) -> str:
    data, config = contents.record.dataset, contents.config
    text = f"It was trained on {format_count(data.training_images, 'image')} of {data.name}"
    for extra in data.extra:
        text += f" and of {Path(extra.source).name}"
    text += "."
    if contents.record.members:
        members = sum(member.weight for member in contents.record.members)
        text = f"It averages {members} networks, each trained on {data.name}."
    if data.fallback_reason:
        text += f" {data.name} took the place of the data set that was asked for."
    if config is not None and config.data.validation == "test":
        return (
            f"{text} The best epoch was chosen by the {data.test_images:,} test images "
            "themselves, which makes the accuracy below too good: it is no measure of new images."
        )
    if not data.validation_images:
        return f"{text} No images were held out to choose by: the last epoch was kept."
    chosen = "The epoch was chosen by"
    if contents.record.members:
        chosen = "Its confidence was fitted to"
    return (
        f"{text} {chosen} {format_count(data.validation_images, 'other image')}; the "
        f"{data.test_images:,} test images had no part in it."
    )


def _describe_accuracy(contents: RunContents) -> str:
    accuracy, evaluation = contents.test_accuracy, contents.evaluation
    images = evaluation.images if evaluation else contents.record.dataset.test_images
    if accuracy is None or not images:
        return "Its accuracy on test images was not measured."
    right = round(accuracy * images)
    interval = share_interval(right, images)
    text = (
        f"It reads {right:,} of {images:,} test images right: "
        f"{format_percent(accuracy, decimals=2)}, with a 95% interval from "
        f"{format_percent(interval.low, decimals=2)} to "
        f"{format_percent(interval.high, decimals=2)} (Wilson's, for images drawn as these were)."
    )
    if evaluation is not None and evaluation.is_at_chance:
        text += (
            " That is no better than chance: always the most frequent class is right in "
            f"{format_percent(evaluation.chance_accuracy, decimals=2)}."
        )
    if contents.record.seed is not None:
        text += f" It is one training, with seed {contents.record.seed}: other seeds give others."
    return text


def _describe_weakness(contents: RunContents) -> str:
    evaluation = contents.evaluation
    if evaluation is None:
        return ""
    weakest = min((each for each in evaluation.classes if each.support), key=lambda c: c.recall)
    text = (
        f"Of the {weakest.support:,} images of class {weakest.label} it finds "
        f"{format_percent(weakest.recall, decimals=2)}, the smallest share of all classes."
    )
    if evaluation.top_confusions:
        most = evaluation.top_confusions[0]
        times = "once" if most.count == 1 else f"{most.count:,} times"
        text += f" The most frequent confusion is {most.true} taken for {most.predicted}, {times}."
    return text


def _describe_confidence(contents: RunContents) -> str:
    if contents.evaluation is None or contents.predictions is None:
        return ""
    error = contents.evaluation.expected_calibration_error
    test = contents.predictions.test
    wrong = ~test.is_right
    sure = int(np.count_nonzero(wrong & (test.probabilities.max(axis=1) >= MIN_CONFIDENCE)))
    text = (
        f"The confidence that it states and the share that is right differ by "
        f"{100 * error:.2f} percentage points on average (calibration error, 15 bins). "
    )
    if not wrong.any():
        return text + "It makes no mistake on these images."
    return text + (
        f"{sure:,} of its {format_count(int(wrong.sum()), 'mistake')} have a confidence of "
        f"{100 * MIN_CONFIDENCE:.0f}% or more, so that predict would not call them uncertain."
    )


def _describe_limits(contents: RunContents) -> str:
    data = contents.record.dataset
    frame = (
        "digits fitted into 20 x 20 pixels and centred in 28 x 28, as MNIST's are"
        if data.framing == "mnist"
        else "pictures of 28 x 28 pixels, as they are"
    )
    return (
        f"It knows {data.num_classes} classes and answers with one of them, whatever the picture "
        f"shows. It was tested on {frame}. Photos, other pens and papers, other scripts and "
        "digits of other people than the data set's were not tested here."
    )
