"""What every trained network is to those who ask it: images -> probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mnistcli.recognition.outputs import OutputKind, to_probabilities

# Images (N, 28, 28) uint8 -> what a network puts out for them, (N, C).
Outputs = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]


class Classifier(Protocol):
    """Says how probable each class is, whoever computes it: LiteRT, Keras, or several of them."""

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities (N, C) of images (N, 28, 28), 0 to 255."""


@dataclass(frozen=True)
class NetworkClassifier:
    """A network whose outputs become probabilities.

    Attributes:
        outputs: the network, by LiteRT or by Keras.
        kind: what its outputs are.
        temperature: of its calibration; it divides the logits.
    """

    outputs: Outputs
    kind: OutputKind = OutputKind.PROBABILITIES
    temperature: float = 1.0

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities (N, C) of images (N, 28, 28), 0 to 255."""
        return to_probabilities(self.outputs(images), self.kind, self.temperature)
