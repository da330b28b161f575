"""What the page asks for, computed as `mnistcli predict` computes it."""

import base64
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.errors import ImageError, RunError, UsageError
from mnistcli.images import (
    Framing,
    Reading,
    decode_picture,
    draw_stage,
    frame_digit,
    make_digit,
)
from mnistcli.recognition import (
    Recognizer,
    open_lite_recognizer,
    predict_digits,
    read_framing,
    read_number,
    reader_to_json,
)
from mnistcli.recognition.layers import LayerReader
from mnistcli.recognition.occlusion import occlude
from mnistcli.recognition.units import explain_unit
from mnistcli.runs import RunDirectory, RunRecord, builtin_run, completed_runs
from mnistcli.web.layers import layers_to_json, signed_to_json, unit_to_json

MAX_RUNS = 50  # to choose from
PICTURE = "the picture"  # its name in errors


@dataclass(frozen=True)
class OpenRun:
    """A run whose network reads.

    Attributes:
        directory: the run.
        record: its run.json.
        recognizer: its network.
        framing: of its training images.
    """

    directory: RunDirectory
    record: RunRecord
    recognizer: Recognizer
    framing: Framing

    def check_class(self, number: int) -> None:
        """Raise `UsageError` unless the run has a class of a number."""
        if number >= self.record.dataset.num_classes:
            raise UsageError("there is no such digit", "expected one that the page shows")

    def predict(self, reading: Reading) -> dict[str, Any]:
        """Return the answer to a picture as plain values: what `predict --json` has of it."""
        digit = make_digit(PICTURE, reading)
        (prediction,) = predict_digits([digit], self.recognizer, self.framing)
        return prediction.to_json()


class PageReader:
    """The runs to choose from, and their answers. Only one thread may call its methods.

    LiteRT's interpreter serves one thread, and so does the redirection of descriptor 2 around it.

    Args:
        first: the run that reads where the page asks for no other.
    """

    def __init__(self, first: RunDirectory) -> None:
        self._runs = [first]  # the number of a run is its place, and stays
        self._open: dict[int, OpenRun] = {}
        self._layers: dict[int, LayerReader] = {}

    def list_runs(self) -> dict[str, Any]:
        """Return the first run and the latest others that LiteRT can read, with their numbers.

        Runs that were changed meanwhile are opened again.
        """
        self._open.clear()
        self._layers.clear()
        latest = [run for record, run in completed_runs() if _has_lite_model(record, run)]
        for run in [*latest[: -MAX_RUNS - 1 : -1], builtin_run()]:
            if run not in self._runs:
                self._runs.append(run)
        listed = []
        for number, run in enumerate(self._runs):
            try:
                listed.append({"number": number, **reader_to_json(run)})
            except RunError:  # it is gone
                continue
        return {"runs": listed}

    @property
    def num_runs(self) -> int:
        """The number of runs that were listed."""
        return len(self._runs)

    def open(self, number: int) -> OpenRun:
        """Return a run by its number.

        Raises:
            RunError: it cannot be opened.
        """
        if number not in self._open:
            directory = self._runs[number]
            recognizer = open_lite_recognizer(directory)
            framing, record = read_framing(directory), directory.read_record()
            self._open[number] = OpenRun(directory, record, recognizer, framing)
        return self._open[number]

    def read_digit(self, number: int, content: bytes) -> dict[str, Any]:
        """Return the answer to a picture, and the image that the network sees.

        Raises:
            ImageError: it is damaged, too large or blank.
            RunError: the run cannot be opened.
        """
        run = self.open(number)
        picture, _ = decode(content)
        reading = frame_digit(picture, run.framing)
        return {**run.predict(reading), "pixels": reading.image.ravel().tolist()}

    def read_to_save(self, number: int, content: bytes, label: int) -> NDArray[np.uint8]:
        """Return a picture that is to be saved, (H, W, 3): one that a training takes.

        Raises:
            ImageError: it is damaged, too large or blank, or holds more than one digit.
            RunError: the run cannot be opened.
            UsageError: there is no such label.
        """
        run = self.open(number)
        run.check_class(label)
        picture, _ = decode(content)
        if not frame_digit(picture, run.framing).is_alone:
            raise ImageError(
                "not saved: the picture holds something else as large as the digit",
                "expected one digit, as a training would leave the picture out",
            )
        return picture

    def read_lines(self, number: int, content: bytes) -> dict[str, Any]:
        """Return the numbers in a picture, as `predict --line --json` has them.

        Raises:
            ImageError: it is damaged, too large, blank, or has no lines of digits.
            RunError: the run cannot be opened.
            UsageError: the run was not trained on digits.
        """
        run = self.open(number)
        if run.framing.kind == "as_is":
            raise UsageError(
                "this run reads no lines: its training images are not in MNIST's frame",
                "expected a run trained on single digits as MNIST has them",
            )
        picture, size = decode(content)
        return read_number(picture, run.recognizer, run.framing, size).to_json()

    def read_layers(self, number: int, pixels: bytes) -> dict[str, Any]:
        """Return what each layer makes of an image of 28x28 pixels.

        Raises:
            RunError: the run cannot be opened.
        """
        reader = self._open_layers(number)
        reader.set_image(_to_image(pixels))
        return layers_to_json(reader)

    def read_unit(self, number: int, pixels: bytes, layer: int, unit: int) -> dict[str, Any]:
        """Return how a unit comes to its value for an image of 28x28 pixels.

        Args:
            number: of the run.
            pixels: the image.
            layer: the place of the layer in `read_layers`.
            unit: the place of its value among the layer's.

        Raises:
            RunError: the run cannot be opened.
            UsageError: there is no such layer or unit.
        """
        reader = self._open_layers(number)
        if layer >= len(reader.layers) or unit >= math.prod(reader.layers[layer].shape):
            raise UsageError("there is no such unit", "expected one that the page shows")
        reader.set_image(_to_image(pixels))
        chosen = reader.layers[layer]
        index = tuple(int(place) for place in np.unravel_index(unit, chosen.shape))
        return unit_to_json(explain_unit(reader, chosen, index), chosen)

    def read_reasons(self, number: int, pixels: bytes, digit: int) -> dict[str, Any]:
        """Return what in an image of 28x28 pixels speaks for a class, and what against it.

        Raises:
            RunError: the run cannot be opened.
            UsageError: there is no such class.
        """
        run = self.open(number)
        run.check_class(digit)
        image = _to_image(pixels)
        return signed_to_json(occlude(run.recognizer.classifier, image, digit, run.framing))

    def _open_layers(self, number: int) -> LayerReader:
        if number not in self._layers:
            self._layers[number] = LayerReader(self.open(number).directory)
        return self._layers[number]

    def draw_stages(self, number: int, content: bytes) -> dict[str, Any]:
        """Return the name and the drawing, a PNG in base64, of each stage of a picture's reading.

        Raises:
            ImageError: see `read_digit`.
            RunError: see `read_digit`.
        """
        picture, _ = decode(content)
        reading = frame_digit(picture, self.open(number).framing)
        return {
            "stages": [
                {"name": name, "png": _encode_png(draw_stage(stage))}
                for name, stage in reading.stages.items()
            ]
        }


def decode(content: bytes) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Decode a picture as `predict` decodes a file: (H, W, 3) uint8, RGB, and its own size."""
    return decode_picture(io.BytesIO(content), PICTURE)


def _encode_png(picture: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", compress_level=1)
    return base64.b64encode(stream.getvalue()).decode()


def _to_image(pixels: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(pixels, np.uint8).reshape(28, 28)


def _has_lite_model(record: RunRecord, run: RunDirectory) -> bool:
    artifact = record.artifacts.get(run.lite_model.name)
    return artifact is not None and artifact.sha256 is not None
