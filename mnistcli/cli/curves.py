"""The curves of runs, with what a legend says of each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory

if TYPE_CHECKING:
    from mnistcli.comparison import RunRow
    from mnistcli.figures import RunCurves

MAX_LEGEND = 60  # letters; with what is said of its epochs, it fits on a narrow terminal


def read_curves(run: RunDirectory) -> "RunCurves":
    """Return the curves of one run, under its name."""
    record = run.read_record()
    return _make_curves(run.name, run.read_metrics(), record.status, record.metrics or {})


def compare_curves(rows: "Mapping[str, RunRow]") -> "list[RunCurves]":
    """Return the curves of runs, named by what their configs have other than the rest.

    Args:
        rows: by the name of each run.

    Raises:
        RunError: a run is damaged.
    """
    from mnistcli.comparison import find_differences

    for row in rows.values():
        if row.problem is not None:
            raise RunError(row.problem)
    differences = find_differences([row.settings for row in rows.values()])
    # The shortest first: a learning rate says more in a line than all layers.
    all_texts = sorted(
        (
            [
                _describe(difference.key, text, value)
                for text, value in zip(difference.texts(), difference.values, strict=True)
            ]
            for difference in differences
            if not difference.is_minor
        ),
        key=lambda texts: max(map(len, texts)),
    )
    return [
        _make_curves(
            _join(name, [texts[place] for texts in all_texts]), row.rows, row.status, row.metrics
        )
        for place, (name, row) in enumerate(rows.items())
    ]


def _make_curves(
    label: str, rows: list[dict[str, Any]], status: str, metrics: Mapping[str, Any]
) -> "RunCurves":
    from mnistcli.figures import RunCurves

    is_finished = status == "completed"
    best_epoch = metrics.get("best_epoch")
    is_known = is_finished and type(best_epoch) is int  # a run that goes on has that of before
    return RunCurves(label, rows, best_epoch if is_known else None, is_finished)


def _describe(key: str, text: str, value: object) -> str:
    """Return such as 'learning_rate 0.01', or 'no augment'."""
    name = key.rpartition(".")[2]
    if text == "-":
        return f"no {name}"
    # A searched rate has 16 digits.
    return f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {text}"


def _join(name: str, texts: list[str]) -> str:
    """Return a run's name with as many of its differences as a line has room for."""
    label = name
    for place, text in enumerate(texts):
        longer = f"{label}{', ' if place else ': '}{text}"
        if len(longer) > MAX_LEGEND:
            return f"{label}{',' if place else ':'} …"
        label = longer
    return label
