"""The calibration of a network's confidence, fitted at the end of training."""

import io
import math
from dataclasses import dataclass

import numpy as np

from mnistcli.errors import RunError
from mnistcli.recognition.familiarity import Familiarity, read_familiarity, read_scalar
from mnistcli.runs import RunDirectory
from mnistcli.runs.arrays import open_arrays


@dataclass(frozen=True)
class Calibration:
    """What a run's validation images say about its confidence.

    Attributes:
        temperature: the divisor of the logits; above 1 for an overconfident network.
        familiarity: how far images are from the training images; None if the run has none.
        max_spread: the largest spread of a digit's probabilities; see `measure_spread`.
    """

    temperature: float = 1.0
    familiarity: Familiarity | None = None
    max_spread: float = 1.0

    def to_bytes(self) -> bytes:
        """Return the contents of calibration.npz."""
        stream = io.BytesIO()
        arrays = self.familiarity.to_arrays() if self.familiarity else {}
        arrays |= {"temperature": self.temperature, "max_spread": self.max_spread}
        np.savez_compressed(stream, **arrays)
        return stream.getvalue()


def read_calibration(run: RunDirectory) -> Calibration:
    """Read a run's calibration.

    Returns:
        The calibration; a temperature of 1 and no familiarity if the run has no such file.

    Raises:
        RunError: the file is damaged, or of a run with other classes.
    """
    try:
        with open_arrays(run.calibration) as file:
            temperature = read_scalar(file, "temperature")
            if not 0 < temperature < math.inf:
                raise ValueError(f"its temperature is {temperature}")
            max_spread = 1.0  # in runs of earlier versions
            if "max_spread" in file.names:
                max_spread = read_scalar(file, "max_spread")
            if not 0 < max_spread <= 1:
                raise ValueError(f"its max_spread is {max_spread}")
            num_classes = run.read_record().dataset.num_classes
            has_familiarity = "means" in file.names
            familiarity = read_familiarity(file, num_classes) if has_familiarity else None
            return Calibration(temperature, familiarity, max_spread)
    except FileNotFoundError:
        return Calibration()
    except ValueError as error:
        raise RunError(
            f"{run.calibration} is damaged: {error}",
            f"delete it to do without, or train again: mnistcli train {run.config}",
        ) from None
