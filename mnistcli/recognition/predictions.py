"""What a model says about single images."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.images import Digit
from mnistcli.recognition.classifier import Classifier
from mnistcli.recognition.familiarity import Familiarity

# Below this confidence another digit is about as likely.
CERTAIN = 0.6


@dataclass(frozen=True)
class Prediction:
    """The most probable class of one image and the next one; confidences are in [0, 1].

    Attributes:
        image: the picture's name.
        label: the class that it should be, where that is known.
        uncertain: why the answer is not to be relied upon: "several", for a picture of more
            than one thing, "unfamiliar", for an image unlike those of the training set, or
            "close call"; None where it is.
        strangeness: how far the image is from the training images of its digit; above 1, as
            far as hardly any of the validation images; 0 where the run cannot tell.
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
        """Return plain values that the json module writes."""
        return dataclasses.asdict(self)

    def most_probable(self, count: int) -> list[tuple[int, float]]:
        """Return the `count` most probable classes with their probabilities, best first."""
        order = np.argsort(-np.array(self.probabilities), kind="stable")[:count]
        return [(int(digit), self.probabilities[digit]) for digit in order]


@dataclass(frozen=True)
class Recognizer:
    """A trained network, and what its training images look like.

    Attributes:
        familiarity: None where the run cannot tell.
    """

    classifier: Classifier
    familiarity: Familiarity | None = None

    def predict(self, digits: Sequence[Digit]) -> list[Prediction]:
        """Say what each image shows; of equally probable classes the lower comes first."""
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
                uncertain = "unfamiliar"
            elif row[best] < CERTAIN:
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
        if self.familiarity is None:
            return np.zeros(len(images))
        distances = self.familiarity.distances(images, probabilities.argmax(axis=1))
        return distances / self.familiarity.limit
