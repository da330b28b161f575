"""How the steps of a network are run, known from its config before TensorFlow starts.

TensorFlow reads the choice of its kernels once, as it is imported, and the number of its threads
before its first operation; what pays depends on the network.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mnistcli.config import Config, KerasObject

CPUINFO = Path("/proc/cpuinfo")
GPUS = Path("/proc/driver/nvidia/gpus")

# Layers that are only matrix products and elementwise arithmetic.
DENSE_LAYERS = frozenset(
    {
        "Activation",
        "Add",
        "BatchNormalization",
        "Concatenate",
        "Dense",
        "Dropout",
        "Flatten",
        "Input",
        "InputLayer",
        "LayerNormalization",
        "ReLU",
        "Rescaling",
        "Reshape",
        "Softmax",
    }
)

# Layers that treat each image by itself, and take it as their only argument. Batch normalization
# is not one of them: `engine.sharding` knows it.
SHARDABLE_LAYERS = DENSE_LAYERS | {
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
}

# As many on every machine: dropout and augmentation draw for each shard by itself.
SHARDS = 2

ONEDNN_SETTING = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow's own variable
_ONEDNN_VALUES: Mapping[str, str] = MappingProxyType({"oneDNN": "1", "Eigen": "0"})


@dataclass(frozen=True)
class Execution:
    """How steps are run.

    Attributes:
        in_xla: XLA compiles them, the loop over them included.
        shards: the parts that a batch is cut into, which run at the same time.
    """

    in_xla: bool = False
    shards: int = 1


BY_KERNELS = Execution()


def choose_execution(config: Config) -> Execution:
    """Return how a network is trained on a CPU.

    Dense layers: a step is many small operations, and TensorFlow's kernels spend more time
    between them than in them. Seconds per epoch of 60,000 images on two cores (AMD EPYC,
    AVX2), kernels against XLA: 784x128, batch 32: 0.97 against 0.47; 784x512, batch 128: 1.2
    against 0.9. XLA has no fast convolutions for a CPU.

    Others: two threads that share each kernel wait for each other after it. Milliseconds of a
    step on two cores (Intel Xeon, AVX-512), one batch against two shards: cnn.yaml 13.5 against
    10.6, fast.yaml 6.7 against 4.4, resnet.yaml 21 against 13, robust.yaml without
    augmentation 49 against 37; batches of 2 to 32 images gain as much. Shards pay with one
    thread, too, since they fit its cache better (convolutions of 32 and 64 maps: 21 against 18).
    """
    if is_dense(config):
        return Execution(in_xla=True)
    if config.batch_size >= SHARDS and all(map(_is_shardable, config.layers)):
        return Execution(shards=SHARDS)
    return BY_KERNELS


def is_dense(config: Config) -> bool:
    """Return whether XLA compiles the training of a network."""
    return not config.augment and all(
        layer.name in DENSE_LAYERS
        and not (
            layer.name == "Dropout" and (_has_noise_shape(layer) or layer.arguments["rate"] == 1)
        )
        for layer in config.layers
    )


def request_kernels(kernels: str | None) -> None:
    """Have TensorFlow use "oneDNN" or "Eigen", if it has not started and the user has no wish."""
    value = _ONEDNN_VALUES.get(kernels or "")
    if value is not None and "tensorflow" not in sys.modules:
        os.environ.setdefault(ONEDNN_SETTING, value)


def preferred_kernels(config: Config) -> str | None:
    """Return the kernels that train a network fastest; None: TensorFlow knows best.

    TensorFlow leaves oneDNN off where a processor has neither AVX-512 VNNI nor AMX. Milliseconds
    of a step on two cores, Eigen against oneDNN: convolutions of 32 and 64 maps, batch 128, 64
    against 41 (AMD EPYC, AVX2) and 26 against 16 (Intel Xeon, AVX-512); dense layers in XLA,
    784x128, batch 32, 0.31 against 0.42 (Intel Xeon).
    """
    if processor_has(r"avx2") is not True:
        return None
    return "Eigen" if is_dense(config) else "oneDNN"


def describe_kernels() -> str:
    """Return which kernels train which networks here."""
    if setting := os.environ.get(ONEDNN_SETTING):
        return f"as {ONEDNN_SETTING}={setting} says"
    if processor_has(r"avx2") is not True:
        return "as TensorFlow chooses"
    return "oneDNN for convolutions, Eigen for dense layers"


def list_gpus() -> list[str]:
    """Return the names of the graphics processors that NVIDIA's driver for Linux lists."""
    texts = [path.read_text(errors="replace") for path in sorted(GPUS.glob("*/information"))]
    return [name for text in texts for name in re.findall(r"(?m)^Model:\s*(.+?)\s*$", text)]


def processor_has(features: str) -> bool | None:
    """Return whether one of the processor's flags matches; None where the system does not tell."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # macOS, Windows
        return None
    return re.search(rf"\b({features})\b", text) is not None


def _is_shardable(layer: KerasObject) -> bool:
    arguments = layer.arguments
    if layer.name not in SHARDABLE_LAYERS or isinstance(layer.inputs, dict):
        return False
    if layer.name == "BatchNormalization":
        is_plain = arguments["axis"] == -1 and "dtype" not in arguments
        return is_plain and not (arguments.get("renorm") or arguments.get("synchronized"))
    couples_images = (
        _has_noise_shape(layer)
        or arguments.get("activity_regularizer") is not None  # Keras divides it by the batch's size
        or (layer.name in ("Softmax", "UnitNormalization") and arguments["axis"] != -1)
    )
    return not couples_images


def _has_noise_shape(layer: KerasObject) -> bool:
    """A shape of its own for the noise of a dropout may be shared by the images of a batch."""
    return layer.arguments.get("noise_shape") is not None
