"""What the page of one run shows, section by section."""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from mnistcli.errors import command_line, printable
from mnistcli.numbers import format_count, format_duration, format_percent
from mnistcli.reports.card import describe_model
from mnistcli.reports.charts import Chart, Series, draw_chart, draw_reliability
from mnistcli.reports.contents import RunContents
from mnistcli.reports.pictures import MAX_FILTERS, Picture, draw_digits, draw_filters
from mnistcli.scores import calibration_bins, share_interval

MAX_MISTAKES = 24
MAX_SAMPLE_CLASSES, MAX_SAMPLES = 20, 8
MAX_MATRIX_CLASSES = 30  # the cells of 256 classes would take 2 MB
# The smallest share of a row for each colour of a cell, as the terminal has them.
_RIGHT_STEPS = (0.0, 0.5, 0.9)
_WRONG_STEPS = (0.0, 0.003, 0.01, 0.03, 0.1)


class Figure(NamedTuple):
    """A number at the top of the page."""

    label: str
    value: str
    detail: str = ""


class Mistake(NamedTuple):
    """A test image that was read wrong, and its place among them."""

    picture: Picture
    place: int
    label: int
    answer: int
    confidence: str
    label_probability: str


def describe_run(contents: RunContents) -> dict[str, Any]:
    """Return what the template of a run's page takes."""
    return {
        "contents": contents,
        "record": contents.record,
        "summary": _summarize(contents),
        "figures": _list_figures(contents),
        "statements": describe_model(contents),
        "charts": _draw_charts(contents),
        "matrix": _color_matrix(contents),
        "mistakes": _draw_mistakes(contents),
        "mistake_count": contents.evaluation.errors if contents.evaluation else 0,
        "bins": _find_bins(contents),
        "samples": _draw_samples(contents),
        "filters": _draw_filters(contents),
        "again": _list_commands(contents),
        "environment": _list_environment(contents),
    }


def _summarize(contents: RunContents) -> str:
    """Return a sentence about what the run is."""
    record = contents.record
    kind = "A network" if not record.layers else f"A network of {len(record.layers)} layers"
    if record.members:
        kind = f"An ensemble of {sum(member.weight for member in record.members)} networks"
    made = "made of runs on" if record.members else "trained on"
    text = f"{kind}, {made} {record.dataset.name}"
    epochs = max((row["epoch"] for row in contents.rows), default=0)
    if epochs:
        text += f" for {format_count(epochs, 'epoch')}"
    return f"{text}, begun {_format_time(record.started)}."


def _list_figures(contents: RunContents) -> list[Figure]:
    record, evaluation = contents.record, contents.evaluation
    figures = [Figure("status", record.status)]
    images = evaluation.images if evaluation else record.dataset.test_images
    if contents.test_accuracy is not None and images:
        right = round(contents.test_accuracy * images)
        interval = share_interval(right, images)
        detail = (
            f"95%: {format_percent(interval.low, decimals=2)} to "
            f"{format_percent(interval.high, decimals=2)}"
        )
        figures = [
            Figure("test accuracy", format_percent(contents.test_accuracy, decimals=2), detail),
            Figure("mistakes", f"{images - right:,}", f"in {images:,} images"),
        ]
    error = (record.metrics or {}).get("test_expected_calibration_error")
    if evaluation:
        error = evaluation.expected_calibration_error
    if error is not None:
        figures.append(Figure("calibration error", format_percent(error, decimals=2)))
    if record.parameters is not None:
        figures.append(Figure("parameters", f"{record.parameters:,}"))
    if contents.best_epoch is not None:
        last = max((row["epoch"] for row in contents.rows), default=0)
        figures.append(Figure("best epoch", f"{contents.best_epoch:,}", f"of {last:,}"))
    if seconds := sum(row.get("seconds") or 0 for row in contents.rows):
        figures.append(Figure("training", format_duration(seconds), record.device or ""))
    return figures


def _draw_charts(contents: RunContents) -> list[Chart]:
    charts: list[Chart | None] = []
    if not any(row["epoch"] for row in contents.rows):
        return []
    for title, column, percent in (("Loss", "loss", False), ("Accuracy", "accuracy", True)):
        series = [
            Series("training", contents.rows, column, 0, dashed=False),
            Series("validation", contents.rows, f"val_{column}", 1, dashed=True),
        ]
        charts.append(draw_chart(title, series, percent, contents.best_epoch))
    return [chart for chart in charts if chart]


def _color_matrix(contents: RunContents) -> list[list[tuple[int, str]]] | None:
    """Return for each cell its count and the name of its colour; None for too many classes."""
    evaluation = contents.evaluation
    if evaluation is None or len(evaluation.classes) > MAX_MATRIX_CLASSES:
        return None
    rows = []
    for true, counts in enumerate(evaluation.confusion_matrix):
        total = max(sum(counts), 1)
        rows.append(
            [
                (count, _color_cell(count / total, is_right=true == predicted))
                for predicted, count in enumerate(counts)
            ]
        )
    return rows


def _color_cell(share: float, is_right: bool) -> str:
    if not share:
        return "none"
    steps = _RIGHT_STEPS if is_right else _WRONG_STEPS
    step = sum(share >= smallest for smallest in steps) - 1
    return f"{'right' if is_right else 'wrong'}-{step}"


def _draw_mistakes(contents: RunContents) -> list[Mistake]:
    """Return the wrong answers with the highest confidence, in falling order."""
    if contents.predictions is None or contents.images is None:
        return []
    test = contents.predictions.test
    answers = test.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != test.labels)
    confidences = test.probabilities[wrong, answers[wrong]]
    surest = wrong[np.argsort(-confidences, kind="stable")][:MAX_MISTAKES]
    return [
        Mistake(
            draw_digits(contents.images[i : i + 1], f"A {test.labels[i]}, taken for {answers[i]}"),
            i,
            int(test.labels[i]),
            int(answers[i]),
            format_percent(float(test.probabilities[i, answers[i]]), decimals=1),
            format_percent(float(test.probabilities[i, test.labels[i]]), decimals=1),
        )
        for i in surest.tolist()
    ]


def _find_bins(contents: RunContents) -> list[Any] | None:
    if contents.predictions is None or contents.evaluation is None:
        return None
    test = contents.predictions.test
    return draw_reliability(calibration_bins(test.probabilities, test.labels))


def _draw_samples(contents: RunContents) -> list[tuple[int, Picture, Picture | None]]:
    """Return for each class a strip of its samples, and one of them augmented."""
    samples = contents.samples
    if samples is None:
        return []
    strips = []
    for label in np.unique(samples.labels)[:MAX_SAMPLE_CLASSES].tolist():
        rows = np.flatnonzero(samples.labels == label)[:MAX_SAMPLES]
        text = f"{format_count(len(rows), 'training image')} of {label}"
        plain = draw_digits(samples.images[rows], text)
        augmented = None
        if samples.augmented is not None:
            text = f"The same images of {label}, augmented"
            augmented = draw_digits(samples.augmented[rows], text)
        strips.append((label, plain, augmented))
    return strips


def _draw_filters(contents: RunContents) -> tuple[str, Picture] | None:
    if contents.filters is None:
        return None
    layer, weights = contents.filters
    height, width, count = weights.shape
    text = f"{format_count(count, 'filter')} of {height} x {width} weights, of {layer}"
    if contents.record.members:
        text += " of the first member"
    if count > MAX_FILTERS:
        text += f"; the first {MAX_FILTERS} are shown"
    return text, draw_filters(weights, text)


def _list_commands(contents: RunContents) -> list[tuple[str, str]]:
    """Return what to type to get the run again, and what it does."""
    record, path = contents.record, contents.directory.path
    if record.members:
        members = [member.run for member in record.members for _ in range(member.weight)]
        return [("averages the same members", command_line("ensemble", *members))]
    commands = [
        ("trains it again and compares every epoch", command_line("reproduce", path)),
        ("trains it into a new run", command_line("train", contents.directory.config)),
    ]
    if record.seed is not None:
        others = command_line("train", contents.directory.config, "--seeds", "0-4")
        commands.append(("trains it with other seeds, to see what chance does", others))
    return commands


def _list_environment(contents: RunContents) -> list[tuple[str, list[str]]]:
    record = contents.record
    threads = None if record.threads is None else format_count(record.threads, "thread")
    device = [record.device, record.kernels and f"{record.kernels} kernels", threads]
    rows: list[tuple[str, list[str]]] = [
        ("command", [" ".join(record.command)]),
        ("begun", [_format_time(record.started)]),
        ("finished", [_format_time(record.finished)] if record.finished else []),
        ("stopped early", [record.stop_reason] if record.stop_reason else []),
        ("seed", [] if record.seed is None else [str(record.seed)]),
        ("versions", [f"{name} {version}" for name, version in record.versions.items()]),
        ("git commit", [record.git_commit] if record.git_commit else []),
        ("machine", [f"{name}: {value}" for name, value in record.hardware.items() if value]),
        ("computed by", [", ".join(filter(None, device))]),
        ("data", [f"{record.dataset.name}, from {record.dataset.source}"]),
        (
            "extra pictures",
            [
                f"{each.images:,} from {each.source}, each {format_count(each.repeat, 'time')}"
                for each in record.dataset.extra
            ],
        ),
        ("SHA-256 of the data", [f"{k}: {v}" for k, v in record.dataset.sha256.items()]),
        ("SHA-256 of the config", [record.config_sha256] if record.config_sha256 else []),
    ]
    rows += [
        (name, [f"SHA-256 {each.sha256}" if each.sha256 else f"none: {each.problem}"])
        for name, each in record.artifacts.items()
    ]
    rows += [
        (f"resumed in epoch {each.epoch + 1}", [_format_time(each.at), *each.differences])
        for each in record.resumed
    ]
    rows += [
        (f"member, counted {each.weight} x" if each.weight > 1 else "member", [each.run])
        for each in record.members
    ]
    return [
        (printable(name), texts) for name, values in rows if (texts := list(filter(None, values)))
    ]


def _format_time(text: str) -> str:
    """Return such as '2026-11-21 08:00 UTC', or the text as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()
