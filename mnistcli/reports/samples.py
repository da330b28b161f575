"""Some of the training images of a run, as they are and augmented, as samples.npz keeps them."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError, command_line
from mnistcli.runs import RunDirectory, write_whole
from mnistcli.runs.arrays import open_arrays

# Those of 256 classes take 3.2 MB. A stranger's file must not fill the memory.
MAXIMUM_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Samples:
    """Training images, class by class.

    Attributes:
        images: (N, 28, 28) uint8, as they are.
        labels: (N,) uint8.
        augmented: the same after augmentation; None for a run that does without.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    augmented: NDArray[np.uint8] | None


def write_samples(run: RunDirectory, samples: Samples) -> None:
    """Write samples.npz.

    Raises:
        RunError: it cannot be written.
    """
    arrays: dict[str, Any] = {"images": samples.images, "labels": samples.labels}
    if samples.augmented is not None:
        arrays["augmented"] = samples.augmented
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    write_whole(run.samples, stream.getvalue())


def read_samples(run: RunDirectory) -> Samples | None:
    """Read samples.npz.

    Returns:
        The samples; None if the run has none, like those of earlier versions.

    Raises:
        RunError: the file is damaged.
    """
    try:
        with open_arrays(run.samples) as file:
            images = file.read("images", np.uint8, MAXIMUM_BYTES)
            labels = file.read("labels", np.uint8, MAXIMUM_BYTES)
            augmented = None
            if "augmented" in file.names:
                augmented = file.read("augmented", np.uint8, MAXIMUM_BYTES)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _damaged(run, str(error)) from None
    shapes = [(*labels.shape, 28, 28), images.shape if augmented is None else augmented.shape]
    if labels.ndim != 1 or any(shape != images.shape for shape in shapes):
        raise _damaged(run, "expected as many images (28, 28) as labels")
    return Samples(images, labels, augmented)


def _damaged(run: RunDirectory, problem: str) -> RunError:
    return RunError(
        f"{run.samples} is damaged: {problem}",
        f"delete it, and make it again with: {command_line('evaluate', run.path)}",
    )
