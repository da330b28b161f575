"""What a run keeps of its network: checkpoints and model files."""

from mnistcli.artifacts.checkpoint import load_checkpoint, save_checkpoint
from mnistcli.artifacts.export import ConversionError, convert_to_lite
from mnistcli.artifacts.restore import restore_network

__all__ = [
    "ConversionError",
    "convert_to_lite",
    "load_checkpoint",
    "restore_network",
    "save_checkpoint",
]
