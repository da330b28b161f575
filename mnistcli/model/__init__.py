"""A checked config -> Keras model, optimizer, loss and metrics."""

from mnistcli.model.averaging import averaged_weights, use_averaged_weights
from mnistcli.model.layers import IMAGE_SHAPE, format_shape
from mnistcli.model.network import (
    Metric,
    Network,
    apply_augmentation,
    augment_images,
    build_network,
)
from mnistcli.model.recurrence import count_steps, find_recurrent, unrolled
from mnistcli.model.summary import (
    LayerSummary,
    ModelSummary,
    describe_layers,
    largest_output_bytes,
    minimum_training_bytes,
    summarize_model,
)

__all__ = [
    "IMAGE_SHAPE",
    "LayerSummary",
    "Metric",
    "ModelSummary",
    "Network",
    "apply_augmentation",
    "augment_images",
    "averaged_weights",
    "build_network",
    "count_steps",
    "describe_layers",
    "find_recurrent",
    "format_shape",
    "largest_output_bytes",
    "minimum_training_bytes",
    "summarize_model",
    "unrolled",
    "use_averaged_weights",
]
