"""A run's network as a model file of another runtime, checked on the test images."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.artifacts import restore_network
from mnistcli.artifacts.formats import (
    MODEL_FORMATS,
    ExportError,
    Source,
    largest_difference,
    write_model,
)
from mnistcli.data import Dataset, LabelledImages, split_validation
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import RunError
from mnistcli.exports.formats import FORMATS, LITERT_INT8
from mnistcli.exports.readme import EXAMPLE, describe_model
from mnistcli.exports.result import MARK, Check, ModelExport, write_description
from mnistcli.recognition import ComputeOutputs, read_calibration
from mnistcli.runs import RunDirectory, new_folder

TOLERANCE = 1e-4  # of the largest output
INT8_POINTS = 0.1  # of accuracy that int8 may lose


@dataclass(frozen=True)
class Original:
    """A run's network in Keras, and its answers.

    Attributes:
        outputs: (N, C), for the test images.
        temperature: of the run's calibration.
    """

    source: Source
    test: LabelledImages
    outputs: NDArray[np.floating[Any]]
    temperature: float

    @property
    def run(self) -> RunDirectory:
        """The run."""
        return self.source.run


def open_original(run: RunDirectory, dataset: Dataset) -> Original:
    """Restore a run's network, in float32, and ask it about the test images.

    Raises:
        RunError: the run has no weights, or is damaged.
    """
    network = restore_network(run, in_float32=True)
    data = run.read_config().config.data
    train = split_validation(dataset, data.validation, data.split_seed).train
    return Original(
        Source.of(run, network, train),
        dataset.test,
        EvaluationLoop(network).predict(dataset.test_images),
        read_calibration(run).temperature,
    )


def export_model(original: Original, name: str, path: Path, replace: bool) -> ModelExport:
    """Make the folder of an export: the model, a README.md and an example.

    Args:
        replace: take the place of an earlier export.

    Raises:
        RunError: the format cannot hold the network, the check fails, or the folder exists or
            cannot be written. Nothing is kept.
    """
    export_format = FORMATS[name]
    with new_folder(path, replace, MARK) as folder:
        model_path = folder / export_format.file
        try:
            compute_outputs = write_model(MODEL_FORMATS[name], original.source, model_path)
        except ExportError as error:
            raise RunError(
                str(error), f"nothing was kept; another format may hold {original.run.path}"
            ) from None
        check = _check(original, compute_outputs, export_format.runtime)
        export = ModelExport(name, path, _measure_size(model_path), check)
        REQUIREMENTS.get(name, _require_equal)(original, export)
        notes = [export_format.note, *_describe_conversion(original, name, export.bytes)]
        kind, temperature = original.source.network.output_kind, original.temperature
        readme = describe_model(original.run, export_format, kind, temperature, export, notes)
        write_description(folder, export, readme)
        Image.fromarray(original.test.images[0]).save(folder / EXAMPLE)
    return export


def _check(original: Original, compute_outputs: ComputeOutputs, runtime: str) -> Check:
    outputs, labels = compute_outputs(original.test.images), original.test.labels
    return Check(
        f"{runtime} {version(runtime)}",
        len(labels),
        largest_difference(outputs, original.outputs),
        int((original.outputs.argmax(axis=1) != labels).sum()),
        int((outputs.argmax(axis=1) != labels).sum()),
    )


def _require_equal(_: Original, export: ModelExport) -> None:
    """Raise `RunError` if the outputs differ by more than arithmetic in another order explains."""
    if not export.check.largest_difference <= TOLERANCE:
        raise RunError(
            f"{export.format} gives other outputs than Keras: they differ by "
            f"{export.check.largest_difference:.2g}, more than {TOLERANCE:g}",
            "nothing was kept",
        )


def allowed_errors(images: int) -> int:
    """Return how many more of so many images int8 may get wrong: at least one."""
    return max(1, round(INT8_POINTS / 100 * images))


def _require_accuracy(original: Original, export: ModelExport) -> None:
    """Raise `RunError` if int8 loses too many answers, or saves nothing."""
    check, lite_model = export.check, original.run.lite_model
    if check.errors - check.keras_errors > allowed_errors(check.images):
        raise RunError(
            f"{export.format} loses {100 * check.accuracy_lost:.2f} points of accuracy, more than "
            f"{INT8_POINTS:g}: {check.errors:,} errors in {check.images:,} test images, where "
            f"Keras makes {check.keras_errors:,}",
            "nothing was kept; the format litert loses none",
        )
    # Recurrent layers are written out step by step, and in int8 each step has scales of its own.
    if lite_model.is_file() and export.bytes >= lite_model.stat().st_size:
        raise RunError(
            f"{export.format} takes {export.bytes:,} bytes, and the float {lite_model.name} only "
            f"{lite_model.stat().st_size:,}",
            "nothing was kept; use the format litert",
        )


# What is required of a format instead of equal outputs.
REQUIREMENTS: dict[str, Callable[[Original, ModelExport], None]] = {LITERT_INT8: _require_accuracy}


def _describe_conversion(original: Original, name: str, size: int) -> list[str]:
    """Return sentences about what the network became in this format."""
    notes = []
    run = original.run
    precision = run.read_config().config.precision
    if precision != "float32":
        notes.append(
            f"The network was trained in {precision}. Here it computes in float32, with the same "
            "weights, as does the Keras model that it is compared with."
        )
    if name == LITERT_INT8:
        if run.lite_model.is_file():
            share = size / run.lite_model.stat().st_size
            notes.append(
                f"It has {share:.0%} of the size of the float model.tflite. Weights take a quarter "
                "of their size there; biases, which have 32 bits, scales, and the list of layers "
                "do not become smaller."
            )
        notes.append(
            f"The range of each layer was measured on {len(original.source.images)} training "
            "images."
        )
    return notes


def _measure_size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
