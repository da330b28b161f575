"""The weights that meet the image, from a run's checkpoint."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory
from mnistcli.runs.arrays import ArrayFile, open_arrays

# 4,096 units on all pixels take 13 MB. A stranger's file must not fill the memory.
MAXIMUM_BYTES = 256 * 1024**2
# Normalizations have weights, but none that look for something in the image.
_NORMALIZATION = {"gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "count"}
_KINDS = ("Conv2D", "DepthwiseConv2D", "Dense")


class Filters(NamedTuple):
    """The weights of a layer that sees the image, (H, W, filters), and its name."""

    layer: str
    weights: NDArray[np.float32]


def read_filters(run: RunDirectory) -> Filters | None:
    """Return the weights that meet the image; None if they have no pixel each, or are no kernels.

    Those of a dense layer are images of 28x28; of a convolution, its kernels. Of an ensemble they
    are those of its first member.

    Raises:
        RunError: the run has no checkpoint of its best epoch, or it is damaged.
    """
    path = run.best_checkpoint
    try:
        with open_arrays(path) as file:
            name = next((name for name in file.names if _may_be_first(file, name)), None)
            weights = None if name is None else _read_kernel(file, name)
    except FileNotFoundError:
        raise RunError(
            f"{run.path} has no checkpoint {path.name}",
            "expected a run that finished its first epoch",
            run.advise_completion(),
        ) from None
    except ValueError as error:
        raise RunError(f"the checkpoint {path} is damaged: {error}") from None
    if name is None or weights is None or not weights.size:
        return None
    layer = name.split("/")[1]
    kind = {each.name: each.kind for each in run.read_record().layers}.get(layer)
    if kind is None:  # a run of an earlier version
        return Filters("the first layer" if layer.isdigit() else layer, weights)
    return Filters(f"{layer} ({kind})", weights) if kind in _KINDS else None


def _may_be_first(file: ArrayFile, name: str) -> bool:
    """Return whether an array belongs to the first layer with weights of its own."""
    if not name.startswith("model/") or name.rsplit("/", maxsplit=1)[-1] in _NORMALIZATION:
        return False
    # Until variables went by their paths, they went by their places: model/0000. A kernel has two
    # axes at least, what comes before it in a normalization has one.
    return not name.rsplit("/", maxsplit=1)[-1].isdigit() or len(file.shape(name)) > 1


def _read_kernel(file: ArrayFile, name: str) -> NDArray[Any] | None:
    """Return the weights of a kernel as (H, W, filters), or None."""
    parts, shape = name.split("/"), file.shape(name)
    if not (len(parts) == 3 and parts[2] == "kernel") and not parts[-1].isdigit():
        return None
    if len(shape) == 4 and shape[2] == 1:
        return file.read(name, np.float32, MAXIMUM_BYTES)[:, :, 0]
    if len(shape) == 2 and shape[0] == 28 * 28:
        return file.read(name, np.float32, MAXIMUM_BYTES).reshape(28, 28, -1)
    return None
