"""Whether a metric improved."""

import pytest

from mnistcli.training.monitor import Monitor

NAN = float("nan")


@pytest.mark.parametrize(
    ("higher_is_better", "min_delta", "values", "improved"),
    [
        (False, 0.0, [2.0, 1.0, 1.0, 1.5, 0.5], [True, True, False, False, True]),
        (True, 0.0, [0.0, 0.9, 0.9, 0.8, 0.91], [True, True, False, False, True]),
        # Small steps down add up only once they pass the best by more than min_delta.
        (False, 0.5, [2.0, 1.75, 1.5, 1.25], [True, False, False, True]),
        (False, 0.0, [NAN, NAN, 3.0, NAN, 2.0], [True, False, True, False, True]),
        (True, 0.0, [NAN, float("-inf"), 1.0], [True, True, True]),
    ],
)
def test_what_counts_as_better(
    higher_is_better: bool, min_delta: float, values: list[float], improved: list[bool]
) -> None:
    monitor = Monitor("val_loss", higher_is_better, min_delta)

    rows = [{"epoch": i, "loss": 1.0, "val_loss": value} for i, value in enumerate(values, 1)]
    assert [monitor.update(row) for row in rows] == improved
    last = max(i for i, better in enumerate(improved) if better)
    assert monitor.best == values[last]
    assert monitor.best_epoch == last + 1
    assert monitor.waited_epochs == len(values) - last - 1
