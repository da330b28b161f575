"""A checked config -> Keras model, optimizer, loss and metrics."""

from mnistcli.model.checkpoint import load_checkpoint, save_checkpoint
from mnistcli.model.export import ConversionError, convert_to_lite
from mnistcli.model.network import Metric, Network, augment_images, build_network
from mnistcli.model.summary import LayerSummary, ModelSummary, summarize_model

__all__ = [
    "ConversionError",
    "LayerSummary",
    "Metric",
    "ModelSummary",
    "Network",
    "augment_images",
    "build_network",
    "convert_to_lite",
    "load_checkpoint",
    "save_checkpoint",
    "summarize_model",
]
