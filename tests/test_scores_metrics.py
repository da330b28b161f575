import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistcli.scores import Confusion, calibration_bins, evaluate_predictions, share_interval

# Six images of three classes; the fourth class of the model never occurs.
LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 1])


def one_hot(predicted: NDArray[np.integer], class_count: int) -> NDArray[np.float32]:
    return np.asarray(np.eye(class_count)[predicted], np.float32)


def test_scores_follow_from_the_definitions() -> None:
    evaluation = evaluate_predictions(LABELS, one_hot(PREDICTED, 4), loss=0.25)

    assert (evaluation.images, evaluation.errors, evaluation.loss) == (6, 3, 0.25)
    assert evaluation.accuracy == 0.5
    assert evaluation.confusion_matrix == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    zero, one, two, _ = evaluation.classes
    assert (zero.label, zero.precision, zero.support) == (0, 1.0, 3)
    assert zero.recall == pytest.approx(2 / 3)
    assert zero.f1 == pytest.approx(0.8)
    assert one.precision == pytest.approx(1 / 3)
    assert (one.recall, one.support) == (0.5, 2)
    assert (two.precision, two.recall, two.f1, two.support) == (0.0, 0.0, 0.0, 1)


def test_a_class_without_images_scores_zero_and_does_not_warn() -> None:
    evaluation = evaluate_predictions(LABELS, one_hot(PREDICTED, 4), loss=0.25)

    absent = evaluation.classes[3]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (0.0, 0.0, 0.0, 0)


def test_the_largest_probability_decides() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.25, 0.35]])

    evaluation = evaluate_predictions(np.array([1, 2]), probabilities, loss=1.0)

    assert evaluation.top_confusions == [Confusion(true=2, predicted=0, count=1)]


def test_top_confusions_are_the_most_frequent_and_ties_go_by_class() -> None:
    labels = np.array([3, 3, 2, 0, 1, 1])
    predicted = np.array([2, 2, 0, 1, 3, 0])

    evaluation = evaluate_predictions(labels, one_hot(predicted, 4), loss=1.0)

    found = [(c.true, c.predicted, c.count) for c in evaluation.top_confusions]
    assert found == [(3, 2, 2), (0, 1, 1), (1, 0, 1), (1, 3, 1), (2, 0, 1)]


def test_at_most_ten_confusions_are_kept() -> None:
    labels = np.repeat(np.arange(5), 4)
    predicted = np.array([other for true in range(5) for other in range(5) if other != true])

    evaluation = evaluate_predictions(labels, one_hot(predicted, 5), loss=1.0)

    assert evaluation.errors == 20
    assert len(evaluation.top_confusions) == 10


def test_json_has_every_field_as_plain_values() -> None:
    evaluation = evaluate_predictions(LABELS, one_hot(PREDICTED, 4), loss=float(np.float32(0.25)))

    document = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))

    assert document["accuracy"] == 0.5
    assert document["loss"] == 0.25
    assert document["confusion_matrix"][0] == [2, 1, 0, 0]
    assert document["classes"][0]["support"] == 3
    assert document["top_confusions"][0] == {"true": 0, "predicted": 1, "count": 1}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_null_in_json(loss: float) -> None:
    evaluation = evaluate_predictions(LABELS, one_hot(PREDICTED, 4), loss=loss)

    assert json.loads(json.dumps(evaluation.to_json(), allow_nan=False))["loss"] is None


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (LABELS[:5], one_hot(PREDICTED, 4), r"got \(5,\) and \(6, 4\)"),
        (LABELS, np.ones(6), r"got \(6,\) and \(6,\)"),
        (LABELS[:0], one_hot(PREDICTED[:0], 4), r"got \(0,\) and \(0, 4\)"),
        (LABELS + 2, one_hot(PREDICTED, 4), r"labels in 0\.\.3, got 2\.\.4"),
        (LABELS - 1, one_hot(PREDICTED, 4), r"labels in 0\.\.3, got -1\.\.1"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate_predictions(labels, probabilities, loss=1.0)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Newcombe (1998), table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share(count: int, total: int, low: float, high: float) -> None:
    interval = share_interval(count, total)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    mirrored = share_interval(total - count, total)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((interval.low, interval.high))


def test_bins_tell_how_often_answers_of_a_confidence_are_right() -> None:
    probabilities = np.array([[0.95, 0.05], [0.97, 0.03], [0.4, 0.6], [0.0, 1.0]])
    labels = np.array([0, 1, 1, 1])
    bins = calibration_bins(probabilities, labels)

    assert [each.images for each in bins if each.images] == [1, 3]
    assert bins[-1].accuracy == pytest.approx(2 / 3)
    assert bins[-1].confidence == pytest.approx((0.95 + 0.97 + 1) / 3)
    evaluation = evaluate_predictions(labels, probabilities, loss=0.0)
    gaps = sum(each.images * abs(each.confidence - each.accuracy) for each in bins)
    assert evaluation.expected_calibration_error == pytest.approx(gaps / 4)
