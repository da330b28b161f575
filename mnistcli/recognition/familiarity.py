"""Whether an image is like the training images, which a network cannot tell by itself.

A network can be as sure of a letter or a leaf as of a digit. So each image is described by the
directions of its edges (Dalal and Triggs 2005, Histograms of Oriented Gradients for Human
Detection, here with 4x4 cells), and each class by the subspace that its training images span
(Watanabe 1967, Karhunen-Loeve Expansion and Factor Analysis; the method is known as CLAFIC).
An image is unfamiliar if it is farther from the subspace of its class than nearly all
validation images are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.recognition.outputs import FAMILIAR_SHARE
from mnistcli.runs.arrays import ArrayFile

MAXIMUM_BYTES = 16 * 1024**2
SIDE = 28
CELL = 4  # pixels, the side of a cell
ORIENTATIONS = 8
EDGES = (SIDE // CELL) ** 2 * ORIENTATIONS  # 392 numbers describe an image
# For each pixel of an image, row by row, the position of its cell's first number.
CELL_STARTS = np.kron(
    np.arange(0, EDGES, ORIENTATIONS).reshape(SIDE // CELL, -1), np.ones((CELL, CELL), np.int64)
).ravel()  # (784,)
DIMENSIONS = 10  # of a class's subspace
IMAGES_PER_CLASS = 600  # more take time, and describe a class no better
BATCH = 1000  # images described at a time


@dataclass(frozen=True)
class Familiarity:
    """The subspaces of C classes.

    Attributes:
        means: (C, 392) float16.
        bases: (C, K, 392) float16, with orthonormal rows.
        limit: the largest distance of a familiar image.
    """

    means: NDArray[np.float16]
    bases: NDArray[np.float16]
    limit: float

    def distances(
        self, images: NDArray[np.uint8], classes: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return each image's distance to the subspace of its class, (N,).

        Args:
            images: (N, 28, 28) uint8.
            classes: (N,), the class that the network takes each image for.
        """
        offsets = describe_edges(images) - self.means[classes].astype(np.float32)
        squares = (offsets**2).sum(axis=1)
        for label in set(classes.tolist()):  # np.unique imports numpy.ma, which takes 5 ms
            projections = offsets[classes == label] @ self.bases[label].T.astype(np.float32)
            squares[classes == label] -= (projections**2).sum(axis=1)
        return np.sqrt(np.maximum(squares, 0))

    def to_arrays(self) -> dict[str, Any]:
        """Return the arrays that `read_familiarity` reads, by name."""
        return {"means": self.means, "bases": self.bases, "limit": self.limit}


def read_familiarity(file: ArrayFile, num_classes: int) -> Familiarity:
    """Read the arrays that `Familiarity.to_arrays` returns.

    Raises:
        ValueError: they are damaged, or have another number of classes.
    """
    means = file.read("means", np.float16, MAXIMUM_BYTES)
    bases = file.read("bases", np.float16, MAXIMUM_BYTES)
    limit = read_scalar(file, "limit")
    dimensions = bases.shape[1] if bases.ndim == 3 else 0
    if means.shape != (num_classes, EDGES) or bases.shape != (num_classes, dimensions, EDGES):
        raise ValueError(
            f"its arrays have the shapes {means.shape} and {bases.shape}, "
            f"expected ({num_classes}, {EDGES}) and ({num_classes}, K, {EDGES})"
        )
    if not (np.isfinite(means).all() and np.isfinite(bases).all() and 0 <= limit < np.inf):
        raise ValueError("its arrays hold NaN, infinity, or a limit below 0")
    return Familiarity(means, bases, limit)


def read_scalar(file: ArrayFile, name: str) -> float:
    """Read an array of shape () and dtype float64.

    Raises:
        ValueError: the array is damaged, or has another shape or dtype.
    """
    array = file.read(name, np.float64, 8)
    if array.shape != ():
        raise ValueError(f"{name} is no single number")
    return float(array)


def choose_described(labels: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Return the numbers of the first `IMAGES_PER_CLASS` images of each class."""
    chosen = [np.flatnonzero(labels == label)[:IMAGES_PER_CLASS] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def fit_familiarity(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    validation_images: NDArray[np.uint8],
    validation_classes: NDArray[np.integer[Any]],
    num_classes: int,
) -> Familiarity:
    """Fit each class's subspace to training images, and the limit to validation images.

    Args:
        images: (N, 28, 28) uint8, the training images.
        labels: (N,), their true classes.
        validation_images: (M, 28, 28) uint8.
        validation_classes: (M,), the classes that the network takes them for.
        num_classes: the number of classes, C.
    """
    from threadpoolctl import threadpool_limits  # takes 5 ms, and predictions do without

    means = np.zeros((num_classes, EDGES), np.float16)
    bases = np.zeros((num_classes, DIMENSIONS, EDGES), np.float16)
    # The eigenvectors take 0.11 s with two threads on an idle machine, and 0.16 s with one. But if
    # two trainings share the cores, OpenBLAS' threads wait for each other, and they take 22 s.
    with threadpool_limits(limits=1, user_api="blas"):
        for label in range(num_classes):
            edges = describe_edges(images[labels == label])
            if len(edges) == 0:
                continue
            means[label] = edges.mean(axis=0)
            offsets = edges - means[label].astype(np.float32)
            _, vectors = np.linalg.eigh(offsets.T @ offsets)
            bases[label] = vectors[:, -DIMENSIONS:].T
        unlimited = Familiarity(means, bases, np.inf)
        distances = unlimited.distances(validation_images, validation_classes)
    return Familiarity(means, bases, float(np.quantile(distances, FAMILIAR_SHARE)))


def describe_edges(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the strength of the edges in each of 8 directions, for each cell of 4x4 pixels.

    Args:
        images: (N, 28, 28) uint8.

    Returns:
        (N, 392) float32, rows of length 1.
    """
    if not len(images):
        return np.zeros((0, EDGES), np.float32)
    starts = range(0, len(images), BATCH)
    return np.concatenate([_describe_batch(images[i : i + BATCH]) for i in starts])


def _describe_batch(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    levels = np.pad(images.astype(np.float32) / np.float32(255), ((0, 0), (1, 1), (1, 1)))
    down = (levels[:, 2:, 1:-1] - levels[:, :-2, 1:-1]).ravel()
    right = (levels[:, 1:-1, 2:] - levels[:, 1:-1, :-2]).ravel()
    # Most of an image is empty: from here on there are only the pixels of its edges.
    edges = np.flatnonzero((down != 0) | (right != 0))
    image, pixel = np.divmod(edges, SIDE * SIDE)
    down, right = down[edges], right[edges]
    strength = np.hypot(down, right)
    # From light to dark and from dark to light are one direction, so half a turn has all of them.
    angle = np.arctan2(down, right) * np.float32(ORIENTATIONS / np.pi) % ORIENTATIONS
    # Each pixel counts in the two directions next to its own.
    direction = angle.astype(np.int64)
    share = angle - direction
    cell = image * EDGES + CELL_STARTS[pixel]
    size = len(images) * EDGES
    sums = np.bincount(cell + direction % ORIENTATIONS, strength * (1 - share), size)
    sums += np.bincount(cell + (direction + 1) % ORIENTATIONS, strength * share, size)
    # With the square root one long stroke does not outweigh all others.
    rows = np.sqrt(sums.reshape(len(images), -1)).astype(np.float32)
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + np.float32(1e-6))
