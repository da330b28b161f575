"""What a run keeps of its network: checkpoints, model files, and what exports are made of."""

from mnistcli.artifacts.checkpoint import load_checkpoint, save_checkpoint
from mnistcli.artifacts.formats import ExportError, Source, export_litert
from mnistcli.artifacts.model_files import EXPORTERS, write_model_files
from mnistcli.artifacts.restore import restore_network

__all__ = [
    "EXPORTERS",
    "ExportError",
    "Source",
    "export_litert",
    "load_checkpoint",
    "restore_network",
    "save_checkpoint",
    "write_model_files",
]
