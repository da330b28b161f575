"""A run's model.tflite, run by LiteRT."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.recognition.classifier import ComputeOutputs
from mnistcli.runs import read_file

BATCH = 100  # images at a time
MAXIMUM_BYTES = 512 * 1024**2


def read_lite_file(path: Path, sha256: str | None) -> bytes:
    """Return the contents of a LiteRT file; the arguments and errors are those of the next."""
    content = read_file(path, MAXIMUM_BYTES)
    # LiteRT's parser is C++ and must not see a damaged file.
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise RunError(
            f"{path} is damaged or of another run: its SHA-256 is not the one in run.json"
        )
    return content


def load_lite_model(path: Path, sha256: str | None = None) -> ComputeOutputs:
    """Return the network of a LiteRT file as a function.

    Args:
        path: the file.
        sha256: the expected SHA-256 of the file. The format has no checksum, so a damaged file
            could give wrong digits. None only for a file that this process wrote.

    Raises:
        FileNotFoundError: there is no such file.
        RunError: the file is damaged, or its network takes no 28x28 images, or LiteRT cannot run
            it.
    """
    content = read_lite_file(path, sha256)
    try:
        from ai_edge_litert.interpreter import Interpreter

        with silent_stderr():
            interpreter = Interpreter(model_content=content)
            interpreter.allocate_tensors()
        input_details = interpreter.get_input_details()[0]
        output_details = interpreter.get_output_details()[0]
        input_shape, output_shape = input_details["shape"], output_details["shape"]
        if input_shape.tolist() != [1, 28, 28, 1] or output_shape.size != 2:
            raise ValueError(f"it takes {input_shape} and gives {output_shape}")
    except (LookupError, ValueError, RuntimeError) as error:
        raise RunError(f"{path} is damaged: {_first_line(error)}") from None

    def compute_outputs(images: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
        rows = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH, ..., np.newaxis].astype(np.float32)
            with silent_stderr():
                interpreter.resize_tensor_input(input_details["index"], batch.shape)
                interpreter.allocate_tensors()
            interpreter.set_tensor(input_details["index"], batch)
            interpreter.invoke()
            rows.append(interpreter.get_tensor(output_details["index"]))
        return np.concatenate(rows)

    try:
        compute_outputs(np.zeros((1, 28, 28), np.uint8))
    except (ValueError, RuntimeError) as error:
        # LiteRT also loads networks with operations that it does not have.
        raise RunError(f"LiteRT cannot run {path}: {_first_line(error)}") from None
    return compute_outputs


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard the messages of libraries whose C++ code writes to stderr, as LiteRT's does."""
    sys.stderr.flush()
    stderr = os.dup(2)
    null_device = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_device, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null_device)
