"""Curves and reliability diagrams, as numbers that a template draws."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistcli.reports.axes import BOTTOM, LEFT, RIGHT, TOP
from mnistcli.reports.charts import (
    MAX_EPOCHS,
    Chart,
    Series,
    draw_chart,
    draw_reliability,
)
from mnistcli.scores import calibration_bins


def draw(values: Sequence[float | None], percent: bool = False, best: int | None = None) -> Chart:
    rows: list[dict[str, Any]] = [{"epoch": i, "loss": value} for i, value in enumerate(values)]
    chart = draw_chart("Loss", [Series("training", rows, "loss", 0, dashed=False)], percent, best)
    assert chart is not None
    return chart


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [2.3, 0.5, 0.1, 0.01],
        [0.0, 0.1, 0.9, 0.99, 0.999],
        [0.5, 1.0, 1.0],
        [0.0, 1.0],
        [-3.0, 2.0, -1.0],
        [0.3, 0.3, 0.3],
        [0.0, 0.0],
        [0.1, 1e-7],
        [1e-300, 1e29],
        [0.9901, 0.9902, 0.99021],
    ],
)
def test_every_value_and_tick_is_inside(values: list[float], percent: bool) -> None:
    chart = draw(values, percent)
    (line,) = chart.lines
    heights = [each for each in line.places if each is not None]
    assert all(TOP <= each <= BOTTOM for each in [*heights, *(t.place for t in chart.y_ticks)])
    assert all(
        LEFT <= each <= RIGHT for each in [*chart.x_places, *(t.place for t in chart.x_ticks)]
    )
    assert 1 <= len(chart.y_ticks) <= 12
    assert len({tick.text for tick in chart.y_ticks}) == len(chart.y_ticks)
    shown = values[1:] if percent else values
    assert np.argsort(heights, kind="stable").tolist()[0] == int(np.argmax(shown))


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1, max_size=9), st.booleans())
def test_any_values_are_drawn_inside(values: list[float | None], percent: bool) -> None:
    rows: list[dict[str, Any]] = [{"epoch": i, "loss": value} for i, value in enumerate(values)]
    series = [Series("training", rows, "loss", 0, dashed=False)]
    chart = draw_chart("Loss", series, percent, best_epoch=1)
    if chart is not None:
        places = [each for line in chart.lines for each in line.places if each is not None]
        assert all(TOP <= each <= BOTTOM for each in places)
        assert all(tick.text for tick in [*chart.x_ticks, *chart.y_ticks])


def test_thousands_of_epochs_keep_the_best_and_the_last() -> None:
    chart = draw([1 / (1 + i) for i in range(5001)], best=1234)
    assert len(chart.epochs) <= MAX_EPOCHS + 3
    assert {0, 1234, 5000} <= set(chart.epochs)
    assert chart.best_epoch == 1234
    assert chart.every == math.ceil(5001 / MAX_EPOCHS)


def test_a_missing_value_is_a_gap() -> None:
    chart = draw([3.0, 2.0, None, math.nan, 1.0, 0.5])
    assert [len(points.split()) for points in chart.lines[0].points] == [2, 2]
    assert draw_chart("Loss", [Series("a", [], "loss", 0, False)], percent=False) is None


def test_one_epoch_has_its_place() -> None:
    assert draw([0.1, 0.98], percent=True, best=1).epochs == [1]


def test_bars_and_gaps_meet_the_diagonal() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    (bar,) = draw_reliability(calibration_bins(probabilities, np.array([0, 0, 1, 1])))
    side = BOTTOM - TOP
    assert bar.height == pytest.approx(side * 0.5)
    assert bar.gap_height == pytest.approx(side * 0.25)
    assert bar.gap_top + bar.gap_height == pytest.approx(bar.top)
