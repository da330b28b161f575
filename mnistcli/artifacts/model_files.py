"""The model files of a run, for Keras and for LiteRT."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mnistcli.artifacts.formats import ExportError, export_litert
from mnistcli.model import Network
from mnistcli.model.construct import KERAS_ERRORS, explain
from mnistcli.runs import Artifact, RunDirectory, remove_file, write_whole


def export_keras(network: Network) -> bytes:
    """Return the contents of a .keras file, which `keras.models.load_model` reads.

    Raises:
        ExportError: Keras cannot save a layer.
    """
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.keras"
        try:
            network.model.save(path)
        except KERAS_ERRORS as error:
            raise ExportError(f"Keras cannot save it: {explain(error)}") from None
        return path.read_bytes()


# The model files of a run.
EXPORTERS: Mapping[str, Callable[[Network], bytes]] = {
    "model.keras": export_keras,
    "model.tflite": export_litert,
}


def write_model_files(run: RunDirectory, network: Network) -> dict[str, Artifact]:
    """Write a network in each format that can hold it.

    Returns:
        For each file its SHA-256, or the problem for which there is none.

    Raises:
        RunError: a file cannot be written.
    """
    artifacts = {}
    for name, export in EXPORTERS.items():
        try:
            content = export(network)
        except ExportError as error:
            artifacts[name] = Artifact(problem=str(error))
            remove_file(run.path / name)  # of an earlier best epoch
        else:
            write_whole(run.path / name, content)
            artifacts[name] = Artifact(sha256=hashlib.sha256(content).hexdigest())
    return artifacts
