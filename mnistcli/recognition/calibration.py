"""How far a network's confidence can be believed, fitted at the end of training."""

import io
import math
import zipfile
from dataclasses import dataclass
from typing import Self

import numpy as np

from mnistcli.errors import RunError
from mnistcli.recognition.familiarity import Familiarity
from mnistcli.runs import RunDirectory

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
            if not 0 < temperature < math.inf:
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
