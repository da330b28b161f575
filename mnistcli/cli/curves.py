"""The curves of runs, with what a legend says of each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory

if TYPE_CHECKING:
    from mnistcli.comparison import RunRow
    from mnistcli.figures import RunCurves

MAX_LEGEND = 80  # letters


def read_curves(run: RunDirectory) -> "RunCurves":
    """Return the curves of one run, under its name."""
    from mnistcli.figures import RunCurves

    record = run.read_record()
    best_epoch = (record.metrics or {}).get("best_epoch")
    return RunCurves(
        run.name,
        run.read_metrics(),
        best_epoch if type(best_epoch) is int else None,
        record.status == "completed",
    )


def compare_curves(rows: "Mapping[str, RunRow]") -> "list[RunCurves]":
    """Return the curves of runs, named by what their configs have other than the rest.

    Args:
        rows: by the name of each run.

    Raises:
        RunError: a run is damaged.
    """
    from mnistcli.comparison import find_differences
    from mnistcli.figures import RunCurves

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
        ),
        key=lambda texts: max(map(len, texts)),
    )
    curves = []
    for place, (name, row) in enumerate(rows.items()):
        best_epoch = row.metrics.get("best_epoch")
        curves.append(
            RunCurves(
                _join(name, [texts[place] for texts in all_texts]),
                row.rows,
                best_epoch if type(best_epoch) is int else None,
                row.status == "completed",
            )
        )
    return curves


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
