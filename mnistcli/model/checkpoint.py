"""Checkpoints: one file that holds every variable of a training, and its progress.

The file is a NumPy .npz without pickle: a ZIP, whose entries carry a CRC-32. Beside
weights and optimizer it holds the states of the random generators in dropout and
augmentation, which are variables but not weights, so that training goes on from it
exactly as it would have.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mnistcli.errors import RunError
from mnistcli.model.network import Network
from mnistcli.runs import write_whole


def save_checkpoint(path: Path, network: Network, progress: dict[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        progress: JSON that `load_checkpoint` gives back.

    Raises:
        RunError: it cannot be written.
    """
    arrays = {
        f"{group}/{i:04d}": variable.numpy()
        for group, variables in _variables(network).items()
        for i, variable in enumerate(variables)
    }
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    write_whole(path, lambda temporary: np.savez(temporary, progress=text, **arrays))


def load_checkpoint(path: Path, network: Network, weights_only: bool = False) -> dict[str, Any]:
    """Set a network's variables to a checkpoint's, and return its progress.

    Args:
        weights_only: leave the optimizer and random generators as they are, for a network
            that will not be trained.

    Raises:
        RunError: the checkpoint is missing, damaged, or of another network.
    """
    groups = _variables(network)
    if weights_only:
        groups = {"model": groups["model"]}
    try:
        with path.open("rb") as stream, np.lib.npyio.NpzFile(stream) as file:
            arrays = {name: file[name] for name in file.files}
        progress: dict[str, Any] = json.loads(arrays.pop("progress").tobytes())
    except FileNotFoundError:
        raise RunError(f"there is no checkpoint {path}") from None
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise RunError(f"the checkpoint {path} is damaged: {error}") from None
    expected = {
        f"{group}/{i:04d}": variable
        for group, variables in groups.items()
        for i, variable in enumerate(variables)
    }
    shapes = {name: tuple(variable.shape) for name, variable in expected.items()}
    found = {name: a.shape for name, a in arrays.items() if name.partition("/")[0] in groups}
    if different := sorted(shapes.items() ^ found.items()):
        name = different[0][0]
        what = expected[name].path if name in expected else name
        raise RunError(
            f"the checkpoint {path} is of another network: {what} does not fit",
            "expected the config.yaml that the run was trained with",
        )
    for name, variable in expected.items():
        variable.assign(arrays[name])
    return progress


def _variables(network: Network) -> dict[str, list[keras.Variable]]:
    weights = network.model.weights
    known = {id(weight) for weight in weights}
    return {
        "model": weights,
        "optimizer": network.optimizer.variables,
        "random": [
            variable
            for layer in (network.model, *network.augment)
            for variable in layer.variables
            if id(variable) not in known
        ],
    }
