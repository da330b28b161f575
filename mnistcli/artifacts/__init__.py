"""What a run keeps of its network: checkpoints and model files."""

from mnistcli.artifacts.checkpoint import load_checkpoint, save_checkpoint
from mnistcli.artifacts.export import EXPORTERS, ExportError, export_litert, write_model_files
from mnistcli.artifacts.restore import restore_network

__all__ = [
    "EXPORTERS",
    "ExportError",
    "export_litert",
    "load_checkpoint",
    "restore_network",
    "save_checkpoint",
    "write_model_files",
]
