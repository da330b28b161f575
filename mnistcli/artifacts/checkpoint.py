"""Checkpoints: one file that holds every variable of a training, and its progress.

The file is a NumPy .npz without pickle. Beside weights and optimizer it holds the states of
the random generators in dropout and augmentation, which are variables but not weights, and
the metrics of an epoch that is not finished, so that training goes on from it exactly as it
would have. Variables go by their Keras paths.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.model import Network
from mnistcli.model.backend import keras
from mnistcli.runs import write_whole
from mnistcli.runs.arrays import ArrayFile, open_arrays

# The rows of metrics of 10,000 epochs take 4 MB. A stranger's file must not fill the memory.
_MAXIMUM_PROGRESS_BYTES = 64 * 1024**2


def save_checkpoint(path: Path, network: Network, progress: dict[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        progress: JSON that `load_checkpoint` gives back, with the `epoch`.

    Raises:
        RunError: it cannot be written.
    """
    arrays = {name: variable.numpy() for name, variable in _by_path(network).items()}
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    write_whole(path, lambda temporary: np.savez(temporary, progress=text, **arrays))


def load_checkpoint(path: Path, network: Network, weights_only: bool = False) -> dict[str, Any]:
    """Set a network's variables to a checkpoint's, and return its progress.

    Nothing is set before all of it has been read and verified.

    Args:
        weights_only: leave the optimizer, random generators and metrics as they are, for a
            network that will not be trained.

    Returns:
        What was saved; its `epoch` is a whole number.

    Raises:
        RunError: the checkpoint is missing, damaged, or of another network.
    """
    try:
        with open_arrays(path) as file:
            progress = _read_progress(file)
            # Until variables went by their paths, they went by their places: model/0000.
            is_by_place = "model/0000" in file.names
            variables = _by_place(network) if is_by_place else _by_path(network)
            names = file.names - {"progress"}
            if weights_only:
                variables = {n: each for n, each in variables.items() if n.startswith("model/")}
                names = {name for name in names if name.startswith("model/")}
            _check_names(path, names, variables)
            arrays = {
                name: _read_variable(path, file, name, variable)
                for name, variable in variables.items()
            }
    except FileNotFoundError:
        raise RunError(f"there is no checkpoint {path}") from None
    except ValueError as error:
        raise RunError(
            f"the checkpoint {path} is damaged: {error}",
            f"train the run again: mnistcli train {path.parent.parent / 'config.yaml'}",
        ) from None
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return progress


def _by_path(network: Network) -> dict[str, keras.Variable]:
    """Return the variables by unique names, such as model/dense/kernel."""
    names: dict[str, keras.Variable] = {}
    for group, variables in network.variable_groups().items():
        for variable in variables:
            name = path = f"{group}/{variable.path}"
            count = 1
            while name in names:  # Keras does not promise that paths are unique
                count += 1
                name = f"{path}:{count}"
            names[name] = variable
    return names


def _by_place(network: Network) -> dict[str, keras.Variable]:
    return {
        f"{group}/{i:04d}": variable
        for group, variables in network.variable_groups().items()
        for i, variable in enumerate(variables)
    }


def _read_progress(file: ArrayFile) -> dict[str, Any]:
    content = file.read("progress", np.uint8, _MAXIMUM_PROGRESS_BYTES).tobytes()
    try:
        progress = json.loads(content)
    except RecursionError:
        raise ValueError("the brackets of its progress are too deep") from None
    if not isinstance(progress, dict) or type(progress.get("epoch")) is not int:
        raise ValueError("its progress names no epoch")
    return progress


def _check_names(path: Path, names: set[str], variables: dict[str, keras.Variable]) -> None:
    for name in sorted(variables.keys() ^ names):
        raise _other_network(path, variables[name].path if name in variables else repr(name[:80]))


def _read_variable(
    path: Path, file: ArrayFile, name: str, variable: keras.Variable
) -> NDArray[Any]:
    if file.shape(name) != tuple(variable.shape):
        raise _other_network(path, variable.path)
    value = variable.numpy()
    return file.read(name, value.dtype, value.nbytes)


def _other_network(path: Path, name: str) -> RunError:
    return RunError(
        f"the checkpoint {path} is of another network: {name} does not fit",
        "expected the config.yaml that the run was trained with",
    )
