"""The type of every trained network that is asked for answers: images -> probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mnistcli.recognition.outputs import OutputKind, to_probabilities

# Images (N, 28, 28) uint8 -> the network's outputs (N, C).
ComputeOutputs = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]


class Classifier(Protocol):
    """A function from images to probabilities, by LiteRT, by Keras or by several networks."""

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities (N, C) of the classes of images (N, 28, 28) uint8."""


@dataclass(frozen=True)
class NetworkClassifier:
    """A classifier made of one network.

    Attributes:
        compute_outputs: the network, by LiteRT or by Keras.
        kind: the kind of its outputs.
        temperature: the divisor of its logits.
    """

    compute_outputs: ComputeOutputs
    kind: OutputKind = OutputKind.PROBABILITIES
    temperature: float = 1.0

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities (N, C) of the classes of images (N, 28, 28) uint8."""
        return to_probabilities(self.compute_outputs(images), self.kind, self.temperature)
