"""The operations of a LiteRT file, as the file has them."""

from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

# The options of the operations that look at a patch of their input.
_OPTIONS = {
    "CONV_2D": schema.Conv2DOptions,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptions,
    "MAX_POOL_2D": schema.Pool2DOptions,
    "AVERAGE_POOL_2D": schema.Pool2DOptions,
}
_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
}


@dataclass(frozen=True)
class Patch:
    """How an operation's window moves over its input; each pair is of rows and columns.

    Attributes:
        size: of the window; None where it is that of the weights.
        strides: from one unit to the next.
        dilation: the distance of two pixels that are next to each other in the window.
        is_padded: whether the output is as large as the input, but for the strides.
    """

    size: tuple[int, int] | None
    strides: tuple[int, int]
    dilation: tuple[int, int]
    is_padded: bool

    def window(
        self, size: tuple[int, int], shape: tuple[int, ...], place: tuple[int, ...]
    ) -> tuple[range, range]:
        """Return the rows and columns of the input that a unit looks at; some may be outside.

        Args:
            size: of the window.
            shape: of the input, (H, W, C).
            place: of the unit: its row and its column come first.
        """
        rows, columns = (
            self._places(axis, size[axis], shape[axis], place[axis]) for axis in (0, 1)
        )
        return rows, columns

    def _places(self, axis: int, size: int, length: int, place: int) -> range:
        stride, step = self.strides[axis], self.dilation[axis]
        reach, before = (size - 1) * step + 1, 0
        if self.is_padded:  # what is left over, if it is odd, is after the input
            count = -(-length // stride)
            before = max((count - 1) * stride + reach - length, 0) // 2
        start = place * stride - before
        return range(start, start + reach, step)


@dataclass(frozen=True)
class Operation:
    """A step of a network's computation.

    Attributes:
        kind: LiteRT's name of it, such as CONV_2D.
        inputs: the numbers of its tensors, that of its activations first.
        output: the number of the tensor that it makes.
        name: the tensor's name, which has those of Keras' layers.
        patch: None where it looks at no patch.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    name: str
    patch: Patch | None


def read_operations(content: bytes) -> list[Operation]:
    """Return the operations of a LiteRT file in their order; the file must not be damaged."""
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    operations = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        # Files of early versions have only the second.
        kind = _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = tuple(operator.Inputs(j) for j in range(operator.InputsLength()))
        output = operator.Outputs(0)
        name = graph.Tensors(output).Name().decode("utf-8", "replace")
        operations.append(Operation(kind, inputs, output, name, _read_patch(kind, operator)))
    return operations


def _read_patch(kind: str, operator: Any) -> Patch | None:
    if kind not in _OPTIONS:
        return None
    table, options = operator.BuiltinOptions(), _OPTIONS[kind]()
    options.Init(table.Bytes, table.Pos)
    is_pool = kind.endswith("POOL_2D")
    return Patch(
        size=(options.FilterHeight(), options.FilterWidth()) if is_pool else None,
        strides=(options.StrideH(), options.StrideW()),
        dilation=(1, 1) if is_pool else (options.DilationHFactor(), options.DilationWFactor()),
        is_padded=options.Padding() == schema.Padding.SAME,
    )
