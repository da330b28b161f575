"""Checkpoints: one file that holds every variable of a training, and its progress.

The file is a NumPy .npz without pickle: a ZIP, whose entries carry a CRC-32. Beside
weights and optimizer it holds the states of the random generators in dropout and
augmentation, which are variables but not weights, and the metrics of an epoch that is not
finished, so that training goes on from it exactly as it would have.
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.model import Network
from mnistcli.model.backend import keras
from mnistcli.runs import write_whole

# The rows of metrics of 10,000 epochs take 4 MB. A stranger's file must not fill the memory.
_MAXIMUM_PROGRESS_BYTES = 64 * 1024**2


# What the zip and json modules raise. RuntimeError: encryption, an unknown compression, or
# brackets too deep.
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)


def save_checkpoint(path: Path, network: Network, progress: dict[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        progress: JSON that `load_checkpoint` gives back.

    Raises:
        RunError: it cannot be written.
    """
    arrays = {name: variable.numpy() for name, variable in _variables(network).items()}
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    write_whole(path, lambda temporary: np.savez(temporary, progress=text, **arrays))


def load_checkpoint(path: Path, network: Network, weights_only: bool = False) -> dict[str, Any]:
    """Set a network's variables to a checkpoint's, and return its progress.

    Nothing is set before all of it has been read and verified.

    Args:
        weights_only: leave the optimizer, random generators and metrics as they are, for a
            network that will not be trained.

    Raises:
        RunError: the checkpoint is missing, damaged, or of another network.
    """
    variables = _variables(network)
    if weights_only:
        variables = {name: each for name, each in variables.items() if name.startswith("model/")}
    try:
        with zipfile.ZipFile(path) as archive:
            progress = json.loads(_read_bytes(archive, "progress", _MAXIMUM_PROGRESS_BYTES)[1])
            if not isinstance(progress, dict):
                raise ValueError("its progress is no mapping")
            names = {name.removesuffix(".npy") for name in archive.namelist()} - {"progress"}
            if weights_only:
                names = {name for name in names if name.startswith("model/")}
            _check_names(path, names, variables)
            arrays = {
                name: _read_variable(path, archive, name, variable)
                for name, variable in variables.items()
            }
    except FileNotFoundError:
        raise RunError(f"there is no checkpoint {path}") from None
    except _DAMAGE as error:
        raise RunError(f"the checkpoint {path} is damaged: {error}") from None
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return progress


def _variables(network: Network) -> dict[str, keras.Variable]:
    weights = network.model.weights
    known = {id(weight) for weight in weights}
    groups = {
        "model": weights,
        "optimizer": network.optimizer.variables,
        "random": [
            variable
            for layer in (network.model, *network.augment)
            for variable in layer.variables
            if id(variable) not in known
        ],
        "metrics": [variable for each in network.metrics for variable in each.metric.variables],
    }
    return {
        f"{group}/{i:04d}": variable
        for group, variables in groups.items()
        for i, variable in enumerate(variables)
    }


def _check_names(path: Path, found: set[str], variables: dict[str, keras.Variable]) -> None:
    if different := sorted(found ^ variables.keys()):
        name = different[0]
        raise _other_network(path, variables[name].path if name in variables else name)


def _read_variable(
    path: Path, archive: zipfile.ZipFile, name: str, variable: keras.Variable
) -> NDArray[Any]:
    dtype = variable.numpy().dtype  # bfloat16 has none of NumPy's own, so not the file's
    size = int(np.prod(variable.shape)) * dtype.itemsize
    shape, content = _read_bytes(archive, name, size)
    if shape != tuple(variable.shape):
        raise _other_network(path, variable.path)
    if len(content) != size:
        raise ValueError(f"{name} has {len(content)} bytes, expected {size}")
    return np.frombuffer(content, dtype).reshape(shape)


def _read_bytes(archive: zipfile.ZipFile, name: str, maximum: int) -> tuple[tuple[int, ...], bytes]:
    """The shape and the bytes of an array of at most so many; reading all verifies its CRC-32."""
    with archive.open(f"{name}.npy") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is of a later format")
        shape, is_fortran, _ = np.lib.format.read_array_header_1_0(stream)
        if is_fortran and len(shape) > 1:
            raise ValueError(f"{name} is in Fortran's order")
        content = stream.read(maximum + 1)
        if len(content) > maximum:
            raise ValueError(f"{name} is larger than {maximum} bytes")
    return shape, content


def _other_network(path: Path, what: str) -> RunError:
    return RunError(
        f"the checkpoint {path} is of another network: {what} does not fit",
        "expected the config.yaml that the run was trained with",
    )
