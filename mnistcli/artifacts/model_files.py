"""The model files of a run, for Keras and for LiteRT."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mnistcli.artifacts.formats import ExportError, Source, export_litert
from mnistcli.artifacts.restore import restore_network
from mnistcli.model.construct import KERAS_ERRORS, explain
from mnistcli.runs import Artifact, remove_file, write_whole


def _export_keras(source: Source) -> bytes:
    """Return the contents of a .keras file, which `keras.models.load_model` reads.

    Raises:
        ExportError: Keras cannot save a layer.
    """
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        path = Path(folder) / "model.keras"
        try:
            source.network.model.save(path)
        except KERAS_ERRORS as error:
            raise ExportError(f"Keras cannot save it: {explain(error)}") from None
        return path.read_bytes()


def _export_litert(source: Source) -> bytes:
    """Return the contents of a .tflite file.

    LiteRT has no bfloat16: a network that was trained in 16 bits computes in float32 there, with
    the same weights.

    Raises:
        ExportError: see `export_litert`.
    """
    network = source.network
    if source.run.read_config().config.precision != "float32":
        network = restore_network(source.run, in_float32=True)
    return export_litert(network, source.images)


# The model files of a run.
EXPORTERS: Mapping[str, Callable[[Source], bytes]] = {
    "model.keras": _export_keras,
    "model.tflite": _export_litert,
}


def write_model_files(source: Source) -> dict[str, Artifact]:
    """Write the network of a run in each format that can hold it.

    Args:
        source: its run has the checkpoint of the best epoch.

    Returns:
        For each file its SHA-256, or the problem for which there is none.

    Raises:
        RunError: a file cannot be written.
    """
    artifacts = {}
    for name, export in EXPORTERS.items():
        try:
            content = export(source)
        except ExportError as error:
            artifacts[name] = Artifact(problem=str(error))
            remove_file(source.run.path / name)  # of an earlier best epoch
        else:
            write_whole(source.run.path / name, content)
            artifacts[name] = Artifact(sha256=hashlib.sha256(content).hexdigest())
    return artifacts
