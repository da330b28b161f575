"""The choice of members, on numbers that one can check by hand."""

import numpy as np
import pytest

from mnistcli.ensembles.choose import choose_members

LABELS = np.array([0, 1, 0, 1])


def network(*of_label: float) -> np.ndarray:
    """What a network of two classes says, by the probability that it gives each label."""
    shares = np.array(of_label)
    return np.where(LABELS[:, np.newaxis] == [0, 1], shares[:, np.newaxis], 1 - shares[:, None])


def test_networks_that_complete_each_other_are_chosen_together() -> None:
    """Each of the first two is sure where the other errs; the third is better than each alone."""
    networks = [
        network(0.9, 0.9, 0.4, 0.4),
        network(0.4, 0.4, 0.9, 0.9),
        network(0.6, 0.6, 0.6, 0.3),
    ]

    choice = choose_members(networks, LABELS, most=4)

    assert choice.accuracy == 1
    assert choice.weights[0] > 0 and choice.weights[1] > 0
    assert choose_members(networks[:2], LABELS, most=2).weights == [1, 1]


def test_a_network_may_count_twice() -> None:
    """The second is right about the last image only, and would outvote the first elsewhere."""
    networks = [network(0.9, 0.6, 0.6, 0.45), network(0.9, 0.35, 0.35, 0.7)]

    choice = choose_members(networks, LABELS, most=3)

    assert (choice.weights, choice.accuracy) == ([2, 1], 1)
    assert choice.loss == pytest.approx(-np.log([0.9, 1.55 / 3, 1.55 / 3, 1.6 / 3]).mean())


def test_of_equal_accuracies_the_lower_loss_counts() -> None:
    networks = [network(0.7, 0.7, 0.7, 0.7), network(0.8, 0.8, 0.8, 0.8)]
    assert choose_members(networks, LABELS, most=3).weights == [0, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_equal_averages_the_shortest_is_chosen(dtype: type) -> None:
    """Neither is helped by counting again; sums of thirds and sixths are not exact."""
    random = np.random.default_rng(0)
    for _ in range(50):
        labels = random.integers(0, 2, 40)
        of_label = random.uniform(0.1, 0.9, (40, 1))
        of_class = np.where(labels[:, np.newaxis] == [0, 1], of_label, 1 - of_label)
        networks: list[np.ndarray] = [of_class.astype(dtype)] * 2
        assert sum(choose_members(networks, labels, most=7).weights) == 1


def test_the_choice_is_never_worse_than_the_best_network_alone() -> None:
    random = np.random.default_rng(0)
    for most in (1, 2, 5):
        labels = random.integers(0, 4, 30)
        networks = random.dirichlet(np.ones(4), (6, 30))

        choice = choose_members(list(networks), labels, most)

        alone = (networks.argmax(axis=2) == labels).mean(axis=1)
        assert choice.accuracy >= alone.max()
        assert 1 <= sum(choice.weights) <= most
        average = np.average(networks, axis=0, weights=choice.weights)
        assert choice.accuracy == (average.argmax(axis=1) == labels).mean()


def test_a_label_that_all_rule_out_has_a_finite_loss() -> None:
    networks = [network(1, 1, 1, 0), network(1, 1, 1, 0)]
    assert np.isfinite(choose_members(networks, LABELS, most=2).loss)
