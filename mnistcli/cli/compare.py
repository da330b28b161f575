"""`mnistcli compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistcli.cli.completion import complete_runs
from mnistcli.cli.options import Json, check_figure, find_named_runs
from mnistcli.errors import MnistcliError, RunError, UsageError, command_line

if TYPE_CHECKING:
    from mnistcli.comparison import Comparison, Group
    from mnistcli.figures import Disagreements


def compare_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN...",
            help="Run directories, or folders with a run for each seed. All are compared with the "
            "first.",
            show_default=False,
            callback=find_named_runs,
            autocompletion=complete_runs,
        ),
    ],
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the curves over each other, and the images on which the first two disagree, "
            "into a file that ends in .png or .svg.",
            show_default=False,
            callback=check_figure,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compare runs; say whether a difference is more than chance."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.groups import open_group
    from mnistcli.comparison import compare_groups

    if len(runs) < 2:
        raise UsageError(
            "compare needs two runs", "expected: mnistcli compare RUN RUN, the first as a baseline"
        )
    comparison = compare_groups([open_group(path) for path in runs])
    if json:
        print_json(_to_json(comparison))
    else:
        from mnistcli.cli.comparison_views import comparison_view

        for part in comparison_view(comparison):
            results().print(part, soft_wrap=isinstance(part, str))
    if figure:
        _write_figure(comparison, figure)
        if not json:
            results().print(f"Written to {figure}", soft_wrap=True)
    elif not json:
        line = command_line("compare", *runs, "--figure", "comparison.png")
        results().print(f"Next: {line}", soft_wrap=True)


def _to_json(comparison: "Comparison") -> dict[str, Any]:
    from dataclasses import asdict

    from mnistcli.comparison import METRICS

    groups = []
    for group in comparison.groups:
        recalls = group.recalls()
        groups.append(
            {
                "name": group.name,
                "runs": [str(row.run.path) for row in group.rows],
                "metrics": {metric: group.figures(metric) for metric in METRICS},
                "recalls": None if recalls is None else recalls.tolist(),
            }
        )
    return {
        "groups": groups,
        **{
            kind: {difference.key: difference.plain_values() for difference in differences}
            for kind, differences in (
                ("settings", comparison.settings),
                ("environment", comparison.environment),
                ("data", comparison.data),
            )
        },
        "verdicts": [
            asdict(verdict) | {"significant": verdict.is_significant}
            for verdict in comparison.verdicts
        ],
    }


def _write_figure(comparison: "Comparison", path: Path) -> None:
    """Draw the curves of all runs, and the test images on which the first two disagree.

    Raises:
        RunError: there is nothing to draw.
    """
    from mnistcli.cli.curves import compare_curves
    from mnistcli.cli.figures import write_figure
    from mnistcli.figures import draw_comparison

    curves = {
        name: row for group in comparison.groups for name, row in group.runs.items() if row.rows
    }
    first, second, *_ = comparison.groups
    disagreements = _find_disagreements(first, second)
    if not curves and disagreements is None:
        raise RunError(
            f"{first.name} and {second.name} have no epochs and no predictions to draw",
            "expected runs that finished an epoch",
        )
    names = first.name, second.name
    write_figure(draw_comparison(compare_curves(curves), disagreements, names), path)


def _find_disagreements(first: "Group", second: "Group") -> "Disagreements | None":
    """Return the test images on which two groups disagree, or None, after a word on the reason."""
    from mnistcli.cli.console import progress
    from mnistcli.cli.data import load_run_data
    from mnistcli.figures import find_disagreements

    answers, other_answers = first.test_probabilities(), second.test_probabilities()
    if first.test_data is None or first.test_data != second.test_data:
        reason = "they were tested on other images"
    elif answers is None or other_answers is None:
        reason = "a run keeps no predictions; mnistcli evaluate adds them"
    else:
        try:
            dataset = load_run_data(first.rows[0].run)
            images, labels = dataset.test_images, dataset.test_labels
            return find_disagreements(images, labels, answers, other_answers)
        except MnistcliError as error:
            reason = str(error).partition("\n")[0]
    progress().print(f"note: without the images on which they disagree: {reason}", soft_wrap=True)
    return None
