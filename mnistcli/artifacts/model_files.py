"""The model files of a run, for Keras and for LiteRT."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mnistcli.artifacts.formats import ExportError, export_litert
from mnistcli.artifacts.restore import restore_network
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
    """Write the network of the best epoch in each format that can hold it.

    LiteRT has no bfloat16: a network that was trained in 16 bits computes in float32 there, with
    the same weights.

    Returns:
        For each file its SHA-256, or the problem for which there is none.

    Raises:
        RunError: a file cannot be written.
    """
    networks = dict.fromkeys(EXPORTERS, network)
    if run.read_config().config.precision != "float32":
        networks["model.tflite"] = restore_network(run, in_float32=True)
    artifacts = {}
    for name, export in EXPORTERS.items():
        try:
            content = export(networks[name])
        except ExportError as error:
            artifacts[name] = Artifact(problem=str(error))
            remove_file(run.path / name)  # of an earlier best epoch
        else:
            write_whole(run.path / name, content)
            artifacts[name] = Artifact(sha256=hashlib.sha256(content).hexdigest())
    return artifacts
