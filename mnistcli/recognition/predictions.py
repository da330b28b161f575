"""The predictions of a trained network for single images."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.images import Digit
from mnistcli.recognition.classifier import Classifier
from mnistcli.recognition.familiarity import Familiarity
from mnistcli.recognition.outputs import measure_spread

# Below it an answer is uncertain. Of strangers' digits (tests/benchmarks/strangers.py) that the
# built-in network reads right 1 to 2 % are below 0.95, and all that it reads wrong.
MIN_CONFIDENCE = 0.95
TYPICAL_SHARE = 0.7  # of the largest distance of a familiar image: no digit is strange below it


@dataclass(frozen=True)
class Prediction:
    """A network's answer for one image.

    Attributes:
        image: the image's name.
        digit: the most probable class.
        confidence: its probability, in [0, 1].
        runner_up: the second most probable class.
        runner_up_confidence: its probability, in [0, 1].
        probabilities: of all classes.
        uncertain: why the answer is not reliable: "several" if the picture has more than one
            thing of about the same size, "not a digit" if its strangeness is above 1, "close
            call" if the confidence is low. None if the answer is reliable.
        strangeness: how unlike a digit the image is, at least 0; above 1 if hardly any
            validation image is so strange.
        label: the true class, where that is known.
    """

    image: str
    digit: int
    confidence: float
    runner_up: int
    runner_up_confidence: float
    probabilities: list[float]
    uncertain: str | None = None
    strangeness: float = 0.0
    label: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return dataclasses.asdict(self)

    def most_probable(self, count: int) -> list[tuple[int, float]]:
        """Return the `count` most probable classes with their probabilities, in falling order."""
        order = np.argsort(-np.array(self.probabilities), kind="stable")[:count]
        return [(int(digit), self.probabilities[digit]) for digit in order]


@dataclass(frozen=True)
class Recognizer:
    """A trained network that knows which of its answers are uncertain.

    Attributes:
        classifier: the network.
        familiarity: how far images are from the training images; None if the run has none.
        max_spread: the largest spread of a digit's probabilities; see `measure_spread`.
    """

    classifier: Classifier
    familiarity: Familiarity | None = None
    max_spread: float = 1.0

    def predict(self, digits: Sequence[Digit]) -> list[Prediction]:
        """Return the prediction for each image; of equally probable classes the lower one wins."""
        if not digits:
            return []
        images = np.stack([digit.image for digit in digits])
        probabilities = self.classifier(images)
        strangenesses = self._strangeness(images, probabilities)
        predictions = []
        for digit, row, strangeness in zip(digits, probabilities, strangenesses, strict=True):
            best, runner_up = np.argsort(-row, kind="stable")[:2].tolist()
            uncertain = None
            if not digit.is_alone:
                uncertain = "several"
            elif strangeness > 1:
                uncertain = "not a digit"
            elif row[best] < MIN_CONFIDENCE:
                uncertain = "close call"
            predictions.append(
                Prediction(
                    image=digit.name,
                    digit=best,
                    confidence=float(row[best]),
                    runner_up=runner_up,
                    runner_up_confidence=float(row[runner_up]),
                    probabilities=row.tolist(),
                    uncertain=uncertain,
                    strangeness=float(strangeness),
                    label=digit.label,
                )
            )
        return predictions

    def _strangeness(
        self, images: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]
    ) -> NDArray[np.floating[Any]]:
        strangeness = measure_spread(probabilities) / self.max_spread
        if self.familiarity is None:
            return strangeness
        distances = self.familiarity.distances(images, probabilities.argmax(axis=1))
        shares = distances / self.familiarity.limit
        return np.maximum(strangeness, (shares - TYPICAL_SHARE) / (1 - TYPICAL_SHARE))
