"""What is inside a network, as the page gets it."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.recognition.layers import Layer, LayerReader
from mnistcli.recognition.units import Unit

MAX_CHANNELS = 8  # of a unit's input that are shown
STRENGTH = 127  # stands for the largest value


def layers_to_json(reader: LayerReader) -> dict[str, Any]:
    """Return the output of each layer for the image that the reader was given last."""
    return {
        "layers": [_layer_to_json(layer, reader.values(layer.output)) for layer in reader.layers],
        "without": reader.without_output,
    }


def unit_to_json(unit: Unit, layer: Layer) -> dict[str, Any]:
    """Return a unit with the channels of its input that matter most."""
    document: dict[str, Any] = {
        "value": unit.value,
        "window": unit.window,
        "kind": unit.kind,
        "is_folded": any("batch" in name.lower() for name in layer.kinds or layer.names),
    }
    if unit.patch is None:
        return document
    height, width, channels = unit.patch.shape
    products = unit.patch if unit.weights is None else unit.patch * unit.weights
    sums = products.sum(axis=(0, 1), dtype=np.float64)
    shown = np.argsort(-np.abs(sums), kind="stable")[:MAX_CHANNELS].tolist()
    document |= {
        "size": [height, width],
        "channels": [
            {
                "channel": channel,
                "patch": unit.patch[..., channel].ravel().tolist(),
                "weights": None
                if unit.weights is None
                else unit.weights[..., channel].ravel().tolist(),
                "product": sums[channel],
            }
            for channel in shown
        ],
        "rest": {"count": channels - len(shown), "product": sums.sum() - sums[shown].sum()},
        "bias": unit.bias,
        "total": unit.total,
    }
    return document


def signed_to_json(values: NDArray[Any]) -> dict[str, Any]:
    """Return values of any shape as bytes from -127 to 127, in base64, and the largest."""
    largest = float(np.abs(values).max(initial=0))
    shares = values / largest if largest else values
    levels = np.rint(shares * STRENGTH).astype(np.int8)
    return {"values": base64.b64encode(levels.tobytes()).decode(), "largest": largest}


def _layer_to_json(layer: Layer, values: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "names": layer.names,
        "kinds": layer.kinds,
        "shape": layer.shape,
        **signed_to_json(values),
    }
