"""How far a network's confidence can be believed, fitted at the end of training."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.recognition.familiarity import Familiarity
from mnistcli.runs import RunDirectory

# A validation set without an error would make the confidence infinite.
LOWEST, HIGHEST = 0.5, 10.0
SMALLEST_PROBABILITY = 1e-30
BINS = 15
MAXIMUM_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Calibration:
    """What a run learned of its own certainty from its validation images.

    Attributes:
        temperature: divides the logits; above 1 for a network that is too sure of itself.
        familiarity: tells images like those of the training set from others; None where no
            training made one.
    """

    temperature: float = 1.0
    familiarity: Familiarity | None = None

    def to_bytes(self) -> bytes:
        """Return the contents of calibration.npz."""
        stream = io.BytesIO()
        arrays = self.familiarity.to_arrays() if self.familiarity else {}
        np.savez_compressed(stream, temperature=self.temperature, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Go back from `to_bytes`.

        Raises:
            LookupError, OSError, ValueError, zipfile.BadZipFile: it is not one of those.
        """
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAXIMUM_BYTES:
                raise ValueError("its arrays are too large")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            temperature = float(arrays["temperature"])
            if not LOWEST <= temperature <= HIGHEST:
                raise ValueError(f"its temperature is {temperature}")
            familiarity = Familiarity.from_arrays(arrays) if "means" in arrays else None
        return cls(temperature, familiarity)


def read_calibration(run: RunDirectory) -> Calibration:
    """Return a run's calibration; that of no run, where it has none.

    Raises:
        RunError: the file is damaged.
    """
    try:
        if run.calibration.stat().st_size > MAXIMUM_BYTES:
            raise ValueError("it is too large")
        return Calibration.from_bytes(run.calibration.read_bytes())
    except FileNotFoundError:
        return Calibration()
    except (LookupError, OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(
            f"{run.calibration} is damaged: {error}",
            f"delete it to do without, or train again: mnistcli train {run.config}",
        ) from None


def fit_temperature(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> float:
    """Return the temperature under which the labels are likeliest.

    Guo, Pleiss, Sun, Weinberger (2017), On Calibration of Modern Neural Networks, section 4.2.

    Args:
        probabilities: (N, C), of images that were not trained on.
        labels: (N,).
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST_PROBABILITY))
    own = logits[np.arange(len(labels)), labels]

    def slope(inverse: float) -> float:
        """The derivative of the mean negative log-likelihood; it only grows."""
        scaled = softmax(logits * inverse)
        return float(((scaled * logits).sum(axis=1) - own).mean())

    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return min(max(2 / (low + high), LOWEST), HIGHEST)


def apply_temperature(
    probabilities: NDArray[np.floating[Any]], temperature: float
) -> NDArray[np.floating[Any]]:
    """Return probabilities (N, C) as the temperature makes them; the order stays."""
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY).astype(np.float64))
    return softmax(logits / temperature)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    exponentials: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def expected_calibration_error(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> float:
    """Return how far confidence and accuracy are apart on the mean, in [0, 1].

    Guo et al. (2017), equation 3, with 15 bins of equal width.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, confidence - right, BINS)
    return float(np.abs(gaps).sum() / len(labels))
