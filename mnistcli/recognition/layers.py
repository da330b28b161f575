"""What each layer of a network makes of an image, from the tensors of its LiteRT file.

The converter computes several of Keras' layers in one step where it can: a convolution, its batch
normalization and its ReLU. Such a step has the name of the last of them, and its weights are those
of all of them. The names of the tensors tell which layers they are.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.recognition.graph import Operation, read_operations
from mnistcli.recognition.lite import read_lite_file, silent_stderr
from mnistcli.runs import Artifact, LayerRecord, RunDirectory

Values = NDArray[np.float32]

# They put values in another order, or compute shapes.
_REORDERING = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PACK", "SHAPE"})


@dataclass(frozen=True)
class Layer:
    """A step of a network.

    Attributes:
        names: of Keras' layers that are computed in this step, in their order.
        kinds: their classes in Keras.
        output: the number of its tensor.
        shape: of its output, (H, W, C), or (N,); (H, W) where an image has rows alone.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    output: int
    shape: tuple[int, ...]


class LayerReader:
    """A network that shows what is inside it. Only one thread may use it at a time.

    Attributes:
        operations: the steps of its computation.
        input: the tensor of the image.
        changing: the tensors that are not the same for each image.
        layers: the layers whose output there is, in the order of the computation.
        without_output: the names of the others: those that only reorder, or do nothing but in
            training.

    Args:
        directory: the run.

    Raises:
        RunError: its LiteRT file is damaged, or has tensors that cannot be read.
    """

    def __init__(self, directory: RunDirectory) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        record = directory.read_record()
        artifact = record.artifacts.get(directory.lite_model.name, Artifact())
        content = read_lite_file(directory.lite_model, artifact.sha256)
        self.operations = read_operations(content)
        with silent_stderr():
            # Without a delegate: it would take the tensors between its operations for itself.
            resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._interpreter = Interpreter(
                model_content=content,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=resolver,
            )
            self._interpreter.allocate_tensors()
        self.input = int(self._interpreter.get_input_details()[0]["index"])
        result = int(self._interpreter.get_output_details()[0]["index"])
        self.changing = _depend_on(self.input, self.operations)
        try:
            self.set_image(np.zeros((28, 28), np.uint8))
            self.layers = self._find_layers(record.layers, result)
        except (ValueError, RuntimeError):  # such as a bfloat16 tensor, which NumPy lacks
            raise RunError(f"what is inside {directory.lite_model} cannot be shown") from None
        shown = {name for layer in self.layers for name in layer.names}
        self.without_output = [each.name for each in record.layers if each.name not in shown]

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Compute all tensors of an image, (28, 28)."""
        pixels = image.astype(np.float32)[np.newaxis, ..., np.newaxis]
        self._interpreter.set_tensor(self.input, pixels)
        self._interpreter.invoke()

    def values(self, tensor: int) -> Values:
        """Return a tensor without its batch, or the weights of a step as they are."""
        values = np.asarray(self._interpreter.get_tensor(tensor))
        return values[0] if tensor in self.changing else values

    def _find_layers(self, records: Sequence[LayerRecord], result: int) -> list[Layer]:
        """Return the steps whose output is that of a layer.

        Args:
            records: of Keras' layers; none in older runs.
            result: the tensor of the network's outputs.
        """
        steps = [
            each
            for each in self.operations
            if each.output in self.changing and each.kind not in _REORDERING
        ]
        by_name = {record.name: record for record in records}
        found: dict[str, Layer] = {}
        for step, computed in zip(steps, _name_steps(steps, list(by_name)), strict=True):
            names = computed
            if step.output == result:  # this tensor has another name
                last = records[-1].name if records else next(reversed(found), "")
                names = list(dict.fromkeys([*names, last]))
            shape = self.values(step.output).shape
            if not names or len(shape) > 3 or (records and _shape_of(by_name[names[-1]]) != shape):
                continue  # a part of a layer's computation
            kinds = tuple(by_name[name].kind for name in names) if records else ()
            # The last step of a layer is its output.
            found.pop(names[-1], None)
            found[names[-1]] = Layer(tuple(names), kinds, step.output, shape)
        order = {name: place for place, name in enumerate(by_name)}  # of the config
        return sorted(found.values(), key=lambda layer: order.get(layer.names[-1], 0))


def _depend_on(tensor: int, operations: Iterable[Operation]) -> set[int]:
    """Return the tensors that are not the same for each image."""
    changing = {tensor}
    for operation in operations:
        # A shape is computed from an image, but is the same for all.
        if operation.kind != "SHAPE" and changing.intersection(operation.inputs):
            changing.add(operation.output)
    return changing


def _name_steps(steps: Sequence[Operation], known: Sequence[str]) -> list[list[str]]:
    """Return the names of the layers that each step computes, in their order.

    TensorFlow adds _1 or _2 to the names of all layers where it met them before.

    Args:
        steps: whose names are such as "lenet_1/relu_1/Relu;lenet_1/conv2d_1/convolution".
        known: the names of all layers in their order; none in older runs.
    """
    paths = [[part.split("/")[1:-1] for part in step.name.split(";")] for step in steps]
    if not known:
        # The last layer of a step comes first.
        outermost = [[_shorten(path[0]) for path in each if path] for each in paths]
        return [list(dict.fromkeys(names))[::-1] for names in outermost]
    exact = [{name for path in each for name in path} for each in paths]
    shortened = [set(map(_shorten, names)) for names in exact]
    hits = [len(set(known).intersection(*[set().union(*names)])) for names in (shortened, exact)]
    named = shortened if hits[0] >= hits[1] else exact
    return [[name for name in known if name in names] for names in named]


def _shorten(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _shape_of(record: LayerRecord) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", record.output_shape)))
