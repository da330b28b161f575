import json

import numpy as np
import pytest

from mnistcli.inference.predictions import top_predictions


def test_the_two_most_probable_classes_are_found():
    probabilities = np.array([[0.125, 0.25, 0.625]], dtype=np.float32)

    (seven,) = top_predictions(["seven.png"], probabilities)

    assert json.loads(json.dumps(seven.to_json())) == {
        "image": "seven.png",
        "digit": 2,
        "confidence": 0.625,
        "runner_up": 1,
        "runner_up_confidence": 0.25,
        "probabilities": [0.125, 0.25, 0.625],
    }


def test_of_equally_probable_classes_the_lower_comes_first():
    (tie,) = top_predictions(["tie.png"], np.repeat([0.0, 0.02], 50)[None])

    assert (tie.digit, tie.runner_up) == (50, 51)


def test_every_image_needs_its_row():
    with pytest.raises(ValueError, match="shorter"):
        top_predictions(["a.png", "b.png"], np.array([[0.25, 0.75]]))
