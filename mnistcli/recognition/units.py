"""How one unit of a network comes to its value: its patch of the input, and its weights.

A unit is one number of a layer's output.
"""

import math
from dataclasses import dataclass

import numpy as np

from mnistcli.recognition.graph import Operation
from mnistcli.recognition.layers import Layer, LayerReader, Values

Window = tuple[int, int, int, int]  # top, left, bottom and right; the last two are just outside

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# They compute each place from the same place of their inputs.
_POINTWISE = frozenset(
    {
        *("ABS", "ADD", "CAST", "CONCATENATION", "DEQUANTIZE", "DIV", "ELU", "EXP", "GELU"),
        *("HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "NEG"),
        *("POW", "PRELU", "RELU", "RELU6", "RELU_N1_TO_1", "RSQRT", "SOFTMAX", "SQRT"),
        *("SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH"),
    }
)
_KINDS = {"MAX_POOL_2D": "largest", "AVERAGE_POOL_2D": "mean", "MEAN": "mean", "ADD": "sum"}


@dataclass(frozen=True)
class Unit:
    """A unit, and what it is computed from.

    Attributes:
        value: its output.
        window: the part of the image that it looks at.
        kind: "weights" for a sum of products, "largest" or "mean" of a patch, "sum" of the units
            at the same place of several layers, "pixel" for one of the image, "other" for anything
            else.
        patch: (h, w, C), its input; (1, 1, C) where that has no places; None for the last two.
        weights: (h, w, C), what the patch is multiplied by; None where there are none.
        bias: what is added to the products.
        total: what the activation function is applied to; None without weights.
    """

    value: float
    window: Window
    kind: str = "other"
    patch: Values | None = None
    weights: Values | None = None
    bias: float = 0.0
    total: float | None = None


def explain_unit(reader: LayerReader, layer: Layer, index: tuple[int, ...]) -> Unit:
    """Explain a unit for the image that the reader was given last.

    Args:
        reader: the network.
        layer: one of its layers.
        index: of the unit in the layer's output, as many numbers as that has axes.
    """
    value = float(reader.values(layer.output)[index])
    window = _find_window(reader, layer.output, index)
    step = _find_step(reader, layer.output)
    if step is None:
        return Unit(value, window, "pixel")
    if step.kind in _WEIGHTED:
        patch, weights, bias = _take_weights(reader, step, index)
        total = float((patch * weights).sum()) + bias
        return Unit(value, window, "weights", patch, weights, bias, total)
    kind = _KINDS.get(step.kind, "other")
    if kind == "sum":
        terms = [reader.values(tensor) for tensor in _changing_inputs(reader, step)]
        if any(each.shape != layer.shape for each in terms):  # one is added to many
            return Unit(value, window)
        numbers = np.array([each[index] for each in terms], np.float32)
        return Unit(value, window, kind, numbers.reshape(1, 1, -1))
    values = reader.values(step.inputs[0])
    if kind == "other" or values.ndim != 3:
        return Unit(value, window)
    rows, columns = range(values.shape[0]), range(values.shape[1])  # of a mean over all
    if step.patch is not None and step.patch.size is not None:
        rows, columns = step.patch.window(step.patch.size, values.shape, index)
    places = _inside(rows, values.shape[0]), _inside(columns, values.shape[1])
    return Unit(value, window, kind, values[np.ix_(*places, [index[-1]])])


def _find_step(reader: LayerReader, tensor: int) -> Operation | None:
    """Return the operation that a tensor comes from, but for functions of single numbers."""
    steps = {step.output: step for step in reader.operations}
    shape = reader.values(tensor).shape
    while tensor in steps:
        step = steps[tensor]
        changing = _changing_inputs(reader, step)
        is_function = step.kind in _POINTWISE and len(changing) == 1
        if not is_function or reader.values(changing[0]).shape != shape:
            return step
        tensor = changing[0]
    return None  # the image itself


def _changing_inputs(reader: LayerReader, step: Operation) -> list[int]:
    return [tensor for tensor in step.inputs if tensor in reader.changing]


def _take_weights(
    reader: LayerReader, step: Operation, index: tuple[int, ...]
) -> tuple[Values, Values, float]:
    """Return a unit's patch (h, w, C) and its weights (h, w, C), and its bias."""
    unit = index[-1]
    values, weights = reader.values(step.inputs[0]), reader.values(step.inputs[1])
    has_bias = len(step.inputs) > 2 and step.inputs[2] >= 0
    bias = float(reader.values(step.inputs[2])[unit]) if has_bias else 0.0
    if step.kind == "FULLY_CONNECTED":
        shape = _shape_before(reader, step.inputs[0]) if values.ndim == 1 else (1, 1, -1)
        row = values if values.ndim == 1 else values[index[:-1]]
        return row.reshape(shape), weights[unit].reshape(shape), bias
    assert step.patch is not None
    if step.kind == "CONV_2D":
        kernel = weights[unit]
        # Each group of a convolution has its own part of the channels.
        group = unit * (values.shape[-1] // kernel.shape[-1]) // len(weights)
        channels = slice(group * kernel.shape[-1], (group + 1) * kernel.shape[-1])
    else:
        kernel = weights[0, ..., unit : unit + 1]
        channel = unit * values.shape[-1] // weights.shape[-1]
        channels = slice(channel, channel + 1)
    size = kernel.shape[0], kernel.shape[1]
    rows, columns = step.patch.window(size, values.shape, index)
    patch = np.zeros(kernel.shape, np.float32)  # 0 where it is outside
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if 0 <= row < values.shape[0] and 0 <= column < values.shape[1]:
                patch[i, j] = values[row, column, channels]
    return patch, kernel, bias


def _shape_before(reader: LayerReader, tensor: int) -> tuple[int, int, int]:
    """Return the shape (H, W, C) that a vector had before it was flattened."""
    steps = {step.output: step for step in reader.operations}
    while tensor in steps and steps[tensor].kind == "RESHAPE":
        tensor = steps[tensor].inputs[0]
    shape = reader.values(tensor).shape
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    return (*shape, 1) if len(shape) == 2 else (1, 1, math.prod(shape))


def _inside(places: range, length: int) -> list[int]:
    return [place for place in places if 0 <= place < length]


def _find_window(reader: LayerReader, tensor: int, index: tuple[int, ...]) -> Window:
    """Return the part of the image that a unit depends on."""
    whole = (0, 0, 28, 28)
    if len(index) != 3:
        return whole
    boxes = {tensor: (index[0], index[1], index[0] + 1, index[1] + 1)}
    for step in reversed(reader.operations):
        if step.output not in boxes:
            continue
        for each in _changing_inputs(reader, step):
            box = _look_back(reader, step, boxes[step.output], each)
            if box is None:
                return whole
            boxes[each] = _join(box, boxes.get(each, box))
    return boxes.get(reader.input, whole)


def _look_back(reader: LayerReader, step: Operation, box: Window, tensor: int) -> Window | None:
    """Return the part of an input that a part of an output depends on; None for all of it."""
    shape, output_shape = reader.values(tensor).shape, reader.values(step.output).shape
    if step.kind in _POINTWISE and shape[:2] == output_shape[:2]:
        return box
    if step.patch is None or len(shape) != 3:
        return None
    size = step.patch.size
    if size is None:
        weights = reader.values(step.inputs[1])
        size = weights.shape[1], weights.shape[2]
    (top, *_), (left, *_) = step.patch.window(size, shape, box[:2])
    (*_, bottom), (*_, right) = step.patch.window(size, shape, (box[2] - 1, box[3] - 1))
    return max(top, 0), max(left, 0), min(bottom + 1, shape[0]), min(right + 1, shape[1])


def _join(box: Window, other: Window) -> Window:
    return (
        min(box[0], other[0]),
        min(box[1], other[1]),
        max(box[2], other[2]),
        max(box[3], other[3]),
    )
