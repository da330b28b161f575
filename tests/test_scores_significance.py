"""Whether a difference is more than chance."""

import numpy as np
import pytest
from scipy import stats

from mnistcli.scores import compare_answers, difference_interval, mean_interval


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (5, 5), (3, 12), (75, 97), (1, 0)])
def test_mcnemar_is_the_exact_binomial_test(only_first: int, only_second: int) -> None:
    first = np.array([True] * 7 + [True] * only_first + [False] * only_second + [False] * 2)
    second = np.array([True] * 7 + [False] * only_first + [True] * only_second + [False] * 2)

    test = compare_answers(first, second)

    assert (test.only_first, test.only_second) == (only_first, only_second)
    disagreements = only_first + only_second
    expected = stats.binomtest(only_first, disagreements).pvalue if disagreements else 1.0
    assert test.p_value == pytest.approx(expected)
    assert test.is_significant == (expected < 0.05)


def test_the_interval_of_a_mean_is_students() -> None:
    values = [0.9912, 0.9905, 0.9923, 0.9899]

    interval = mean_interval(values)

    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval and (interval.low, interval.high) == pytest.approx(expected)
    assert interval.mean == pytest.approx(np.mean(values))
    assert mean_interval(values[:1]) is None


def test_the_interval_of_a_difference_is_welchs() -> None:
    first, second = [0.97, 0.975, 0.972], [0.98, 0.99, 0.985, 0.981]

    interval = difference_interval(first, second)

    expected = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    assert interval and (interval.low, interval.high) == pytest.approx(expected)
    assert interval.excludes_zero
    assert difference_interval(first, second[:1]) is None


def test_seeds_that_do_not_vary_leave_no_doubt() -> None:
    interval = difference_interval([0.5, 0.5], [0.75, 0.75])

    assert interval and (interval.low, interval.mean, interval.high) == (0.25, 0.25, 0.25)
