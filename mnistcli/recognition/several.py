"""Single digits, told from several that touch or stand close together."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from mnistcli.images import MNIST_FRAMING, Digit, Framing
from mnistcli.recognition.predictions import Prediction, Recognizer
from mnistcli.recognition.split import MAX_WIDTH, cost_of_pieces, rate_digit, rate_splits

CLEAR_MARGIN_OF_SEVERAL = 0.4  # nats
MAX_COST_PER_PIECE = 1.5  # in nats; the pieces of a letter mostly cost more


def predict_digits(
    digits: Sequence[Digit], recognizer: Recognizer, framing: Framing = MNIST_FRAMING
) -> list[Prediction]:
    """Return the prediction for each image; where it shows several digits, it is "several".

    Args:
        digits: the images; those that may be several digits have `strokes`.
        recognizer: the network.
        framing: of the network's training images.
    """
    predictions = recognizer.predict(digits)
    return [
        dataclasses.replace(prediction, uncertain="several")
        if _shows_several(digit, prediction, recognizer, framing)
        else prediction
        for digit, prediction in zip(digits, predictions, strict=True)
    ]


def _shows_several(
    digit: Digit, prediction: Prediction, recognizer: Recognizer, framing: Framing
) -> bool:
    """Return whether an image looks less like one digit than its pieces look like digits."""
    if digit.strokes is None:
        return False
    # For most digits the search, which takes 4 ms, would find nothing.
    if rate_digit(prediction) <= cost_of_pieces(digit.strokes) + CLEAR_MARGIN_OF_SEVERAL:
        return False
    ink = digit.strokes.astype(np.float32)
    splits = rate_splits(ink, digit.strokes, recognizer, framing)
    num_pieces = len(splits[0].pieces)
    if num_pieces == 1:
        return False
    height, width = digit.strokes.shape
    is_wide = width > MAX_WIDTH * height
    single = next((split.cost for split in splits if len(split.pieces) == 1), np.inf)
    is_clear = single - splits[0].cost > CLEAR_MARGIN_OF_SEVERAL
    return is_clear and (is_wide or splits[0].cost < MAX_COST_PER_PIECE * num_pieces)
