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
from mnistcli.recognition.classifier import Outputs
from mnistcli.runs import read_file

BATCH = 100
MAXIMUM_BYTES = 512 * 1024**2


def load_lite_model(path: Path, sha256: str | None = None) -> Outputs:
    """Return the network of a LiteRT file as a function.

    Args:
        sha256: of the file's contents: the format has no checksum, and would give wrong digits.
            None only for a file that this process has made.

    Raises:
        FileNotFoundError: there is no such file.
        RunError: the file is damaged, or takes other images than 28x28.
    """
    content = read_file(path, MAXIMUM_BYTES)
    # Before LiteRT, whose parser is C++, sees any of it.
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise RunError(
            f"{path} is damaged or of another run: its SHA-256 is not the one in run.json"
        )
    try:
        from ai_edge_litert.interpreter import Interpreter

        with _native_messages_hidden():
            interpreter = Interpreter(model_content=content)
            interpreter.allocate_tensors()
        source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        if source["shape"].tolist() != [1, 28, 28, 1] or target["shape"].size != 2:
            raise ValueError(f"it takes {source['shape']} and gives {target['shape']}")
    except (LookupError, ValueError, RuntimeError) as error:
        raise RunError(f"{path} is damaged: {_first_line(error)}") from None

    def outputs(images: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
        rows = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH, ..., np.newaxis].astype(np.float32)
            with _native_messages_hidden():
                interpreter.resize_tensor_input(source["index"], batch.shape)
                interpreter.allocate_tensors()
            interpreter.set_tensor(source["index"], batch)
            interpreter.invoke()
            rows.append(interpreter.get_tensor(target["index"]))
        return np.concatenate(rows)

    try:
        outputs(np.zeros((1, 28, 28), np.uint8))
    except (ValueError, RuntimeError) as error:
        # LiteRT loads what it cannot run: operations of TensorFlow that it does not have.
        raise RunError(f"LiteRT cannot run {path}: {_first_line(error)}") from None
    return outputs


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def _native_messages_hidden() -> Iterator[None]:
    """Keep from the terminal what LiteRT writes there about its delegate."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
