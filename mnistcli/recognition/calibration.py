"""How far a network's confidence can be believed, fitted at the end of training."""

import io
import math
from dataclasses import dataclass

import numpy as np

from mnistcli.errors import RunError
from mnistcli.recognition.familiarity import Familiarity, read_familiarity, read_number
from mnistcli.runs import RunDirectory
from mnistcli.runs.arrays import open_arrays


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


def read_calibration(run: RunDirectory) -> Calibration:
    """Return a run's calibration; that of no run, where it has none.

    Raises:
        RunError: the file is damaged, or of a run with other classes.
    """
    try:
        with open_arrays(run.calibration) as file:
            temperature = read_number(file, "temperature")
            if not 0 < temperature < math.inf:
                raise ValueError(f"its temperature is {temperature}")
            num_classes = run.read_record().dataset.num_classes
            has_familiarity = "means" in file.names
            familiarity = read_familiarity(file, num_classes) if has_familiarity else None
            return Calibration(temperature, familiarity)
    except FileNotFoundError:
        return Calibration()
    except ValueError as error:
        raise RunError(
            f"{run.calibration} is damaged: {error}",
            f"delete it to do without, or train again: mnistcli train {run.config}",
        ) from None
