"""Whether an image is like any of the training set: what a network cannot tell of itself.

A network answers for a letter or a leaf as surely as for a digit. So the images of each class
are described by the directions of their edges (Dalal and Triggs 2005, Histograms of Oriented
Gradients for Human Detection, here with 4x4 cells), and a class by the subspace that its
training images span (Watanabe 1967, Karhunen-Loeve Expansion and Factor Analysis; the method
is known as CLAFIC). What lies farther from the subspace of its class than nearly all of the
validation images do is not familiar.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from mnistcli.runs.arrays import ArrayFile

MAXIMUM_BYTES = 16 * 1024**2
CELL = 4
ORIENTATIONS = 8
DIMENSIONS = 10
FAMILIAR_SHARE = 0.995  # of the validation images
# More images describe a class no better, and take time.
IMAGES_PER_CLASS = 600


@dataclass(frozen=True)
class Familiarity:
    """The subspaces of C classes.

    Attributes:
        means: (C, 392) float16.
        bases: (C, K, 392) float16, orthonormal rows.
        limit: the largest distance that is familiar.
    """

    means: NDArray[np.float16]
    bases: NDArray[np.float16]
    limit: float

    def distances(
        self, images: NDArray[np.uint8], classes: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return how far each image is from the subspace of its class.

        Args:
            images: (N, 28, 28), 0 the background.
            classes: (N,), the class that each is taken for.
        """
        offsets = describe_edges(images) - self.means[classes].astype(np.float32)
        squares = (offsets**2).sum(axis=1)
        for label in np.unique(classes):
            within = offsets[classes == label] @ self.bases[label].T.astype(np.float32)
            squares[classes == label] -= (within**2).sum(axis=1)
        return np.sqrt(np.maximum(squares, 0))

    def to_arrays(self) -> dict[str, Any]:
        """Return what `read_familiarity` reads, by name."""
        return {"means": self.means, "bases": self.bases, "limit": self.limit}


def read_familiarity(file: ArrayFile, num_classes: int) -> Familiarity:
    """Read the arrays that `Familiarity.to_arrays` gives.

    Raises:
        ValueError: they are damaged, or not of so many classes.
    """
    means = file.read("means", np.float16, MAXIMUM_BYTES)
    bases = file.read("bases", np.float16, MAXIMUM_BYTES)
    limit = read_number(file, "limit")
    size = (28 // CELL) ** 2 * ORIENTATIONS
    dimensions = bases.shape[1] if bases.ndim == 3 else 0
    if means.shape != (num_classes, size) or bases.shape != (num_classes, dimensions, size):
        raise ValueError(
            f"its arrays have the shapes {means.shape} and {bases.shape}, "
            f"expected ({num_classes}, {size}) and ({num_classes}, K, {size})"
        )
    if not (np.isfinite(means).all() and np.isfinite(bases).all() and 0 <= limit < np.inf):
        raise ValueError("its arrays hold NaN, infinity, or a limit below 0")
    return Familiarity(means, bases, limit)


def read_number(file: ArrayFile, name: str) -> float:
    """Read an array of one float64.

    Raises:
        ValueError: it is damaged.
    """
    array = file.read(name, np.float64, 8)
    if array.shape != ():
        raise ValueError(f"{name} is no single number")
    return float(array)


# Where two trainings share the cores, the threads of OpenBLAS wait for each other: 22 s for the
# eigenvectors below, against 0.16 s with one thread, and 0.11 s with two on an idle machine.
@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def fit_familiarity(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    held_out: NDArray[np.uint8],
    held_out_classes: NDArray[np.integer[Any]],
    num_classes: int,
) -> Familiarity:
    """Describe each class by its training images, and set the limit by images held out.

    Args:
        images: (N, 28, 28), with their labels (N,).
        held_out: (M, 28, 28), with the classes (M,) that the network takes them for.
    """
    size = (28 // CELL) ** 2 * ORIENTATIONS
    means = np.zeros((num_classes, size), np.float16)
    bases = np.zeros((num_classes, DIMENSIONS, size), np.float16)
    for label in range(num_classes):
        edges = describe_edges(images[labels == label][:IMAGES_PER_CLASS])
        if len(edges) == 0:
            continue
        means[label] = edges.mean(axis=0)
        offsets = edges - means[label].astype(np.float32)
        _, vectors = np.linalg.eigh(offsets.T @ offsets)
        bases[label] = vectors[:, -DIMENSIONS:].T
    unlimited = Familiarity(means, bases, np.inf)
    distances = unlimited.distances(held_out, held_out_classes)
    return Familiarity(means, bases, float(np.quantile(distances, FAMILIAR_SHARE)))


def describe_edges(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how much edge of each of 8 directions each cell of 4x4 pixels holds.

    Args:
        images: (N, 28, 28) uint8.

    Returns:
        (N, 392) float32, rows of length 1.
    """
    return np.concatenate(
        [_describe(images[i : i + 1000]) for i in range(0, len(images), 1000)]
        or [np.zeros((0, 392), np.float32)]
    )


def _describe(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    levels = np.pad(images.astype(np.float32) / np.float32(255), ((0, 0), (1, 1), (1, 1)))
    down = levels[:, 2:, 1:-1] - levels[:, :-2, 1:-1]
    right = levels[:, 1:-1, 2:] - levels[:, 1:-1, :-2]
    # Most of an image is empty: only its edges are looked at.
    image, row, column = np.nonzero(down**2 + right**2)
    down, right = down[image, row, column], right[image, row, column]
    strength = np.hypot(down, right)
    # Light to dark and dark to light are one direction: half a turn has all of them.
    turn = np.arctan2(down, right) * np.float32(ORIENTATIONS / np.pi) % ORIENTATIONS
    lower = turn.astype(np.int64)
    share = turn - lower
    side = 28 // CELL
    cell = ((image * side + row // CELL) * side + column // CELL) * ORIENTATIONS
    size = len(images) * side * side * ORIENTATIONS
    found = np.bincount(cell + lower % ORIENTATIONS, strength * (1 - share), size)
    found += np.bincount(cell + (lower + 1) % ORIENTATIONS, strength * share, size)
    # The square root: one long stroke is not to outweigh all others.
    rows = np.sqrt(found.reshape(len(images), -1)).astype(np.float32)
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + np.float32(1e-6))
