"""Which parts of an image speak for an answer, and which against it.

A window of empty paper moves over the image and hides the ink below it (Zeiler and Fergus 2014,
Visualizing and Understanding Convolutional Networks, section 4.2). If the answer becomes less
probable, that ink speaks for it.
"""

import numpy as np
from numpy.typing import NDArray

from mnistcli.images import Framing
from mnistcli.recognition.classifier import Classifier
from mnistcli.recognition.outputs import SMALLEST_PROBABILITY

SIDE = 28
WINDOW = 4  # pixels a side, about as wide as a stroke
STEP = 2  # pixels; with 1 the network takes four times as long, and the picture is the same


def occlude(
    classifier: Classifier, image: NDArray[np.uint8], digit: int, framing: Framing
) -> NDArray[np.float64]:
    """Return how much each pixel speaks for a digit, in nats of its log-odds, (28, 28).

    Of a pixel it is the mean over the windows that hide it. Negative ones speak against the digit.

    Args:
        classifier: the network.
        image: (28, 28) uint8.
        digit: the class.
        framing: of the network's training images.
    """
    # Those at the border reach over it, so that each pixel is hidden as often as the others.
    starts = range(STEP - WINDOW, SIDE, STEP)
    boxes = [
        (slice(max(top, 0), top + WINDOW), slice(max(left, 0), left + WINDOW))
        for top in starts
        for left in starts
    ]
    images = np.repeat(image[np.newaxis], len(boxes) + 1, axis=0)
    for hidden, box in zip(images[1:], boxes, strict=True):
        hidden[box] = 0 if framing.dark_background else 255
    odds = _log_odds(classifier(images)[:, digit])
    sums, counts = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for box, loss in zip(boxes, odds[0] - odds[1:], strict=True):
        sums[box] += loss
        counts[box] += 1
    return sums / counts


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    likely = np.maximum(probabilities, SMALLEST_PROBABILITY)
    return np.log(likely) - np.log(np.maximum(1 - probabilities, SMALLEST_PROBABILITY))
