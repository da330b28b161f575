"""The contents of run.json: what a run is, how it was made, and its status."""

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

# Pydantic, which reads configs, would add 0.06 s to a prediction of 0.2 s; msgspec adds 6 ms.
import msgspec
from msgspec import Meta

FORMAT: Literal[1] = 1

Status = Literal["running", "completed", "failed", "interrupted"]

Count = Annotated[int, Meta(ge=0)]
# JSON allows 1 followed by 400 zeros, which no float can hold.
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | None


class _Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of run.json. Unknown keys are ignored: a later version may have more of them."""


class ExtraRecord(_Section, frozen=True, kw_only=True):
    """Pictures that a run was trained on besides its data set."""

    source: str
    """The absolute path of their folder"""
    images: Count
    repeat: Annotated[int, Meta(ge=1)]
    """How often each of them is among the training images"""


class DatasetRecord(_Section, frozen=True, kw_only=True):
    """The images that a run was trained on, and how they become the input of the model."""

    name: str
    source: str
    fallback_reason: str | None = None
    """Why it is not the data set that was asked for"""
    sha256: dict[str, str]
    """Of each part: train_images, train_labels, test_images, test_labels, extra_0_images, …"""
    num_classes: Annotated[int, Meta(ge=1, le=256)]
    training_images: Count
    """Those of `extra` are counted as often as they are repeated"""
    validation_images: Count
    test_images: Count
    pixel_scale: float
    """The factor of a pixel in the model's first layer"""
    pixel_offset: float
    """What that layer adds to the product"""
    framing: Literal["mnist", "as_is"] = "mnist"
    """How a picture becomes 28x28 pixels: centred like MNIST's, or scaled as it is"""
    dark_background: bool = True
    """Whether the background is 0 and the ink is bright"""
    extra: list[ExtraRecord] = []


class Artifact(_Section, frozen=True, kw_only=True):
    """A file that a run made from its network, or the problem that prevented it."""

    sha256: str | None = None
    problem: str | None = None


class Resumption(_Section, frozen=True, kw_only=True):
    """A training that went on after it was cut short, or for more epochs."""

    at: str
    epoch: int
    step: int
    command: list[str]
    differences: list[str]
    """The differences from the environment in which the run began"""


class Environment(_Section, frozen=True, kw_only=True):
    """The programs and the machine that make a run."""

    command: list[str] = []
    versions: dict[str, str] = {}
    hardware: dict[str, str | int | None] = {}
    git_commit: str | None = None
    """The commit checked out, with '-dirty' if files differ; None outside a checkout"""
    threads: int | None = None
    kernel_threads: int | None = None
    """How many of them share a kernel; None in a run of an earlier version"""
    device: str | None = None
    kernels: str | None = None


class Member(_Section, frozen=True, kw_only=True):
    """A run whose network is a part of an ensemble."""

    run: str
    """Its absolute path when the ensemble was made"""
    sha256: str
    """Of its checkpoint of the best epoch, which holds its weights"""
    weight: Annotated[int, Meta(ge=1)] = 1
    """How often it counts in the average"""


class LayerRecord(_Section, frozen=True, kw_only=True):
    """A layer of a network."""

    name: str
    kind: str
    """Its class in Keras"""
    output_shape: str
    """Such as 28x28x32"""
    parameters: Count


class RunRecord(Environment, frozen=True, kw_only=True):
    """The contents of run.json.

    All times are texts of `utc_now`.
    """

    format: Literal[1] = FORMAT
    status: Status
    started: str
    finished: str | None = None
    error: str | None = None
    stop_reason: str | None = None
    """Why training ended before its last epoch"""
    seed: int | None = None
    dataset: DatasetRecord
    outputs: Literal["probabilities", "independent", "logits", "scores"] | None = None
    """What the outputs of the network mean; None in older runs"""
    config: str | None = None
    """The text of config.yaml at the last training; None in older runs"""
    metrics: dict[str, Number] | None = None
    """best_epoch, its monitored metric, and those of the test set; None until completed"""
    artifacts: dict[str, Artifact] = {}
    """By file name"""
    resumed: list[Resumption] = []
    layers: list[LayerRecord] = []
    """The layers of the network, that of its normalization included; empty in older runs"""
    parameters: Count | None = None
    """Of the whole network, a shared layer counted once; None in older runs"""
    members: list[Member] = []
    """The runs that an ensemble averages; empty for a run that was trained"""

    @property
    def config_sha256(self) -> str | None:
        """The SHA-256 of config.yaml."""
        return None if self.config is None else hashlib.sha256(self.config.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return the contents of run.json as plain values."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document | {"config_sha256": self.config_sha256}

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Parse a run.json.

        Raises:
            NewerFormatError: a later version of mnistcli wrote it.
            ValueError: the content is damaged; the message is one line.
        """
        try:
            # A file's name in `command` may be no UTF-8: msgspec.json would refuse such a text.
            document = json.loads(content, parse_float=_to_finite, parse_constant=_to_finite)
            if not isinstance(document, dict):
                raise ValueError("expected a mapping")
            file_format = document.get("format", FORMAT)
            if type(file_format) is int and file_format > FORMAT:
                raise NewerFormatError
            return msgspec.convert(_convert_older(document), cls)
        except RecursionError:
            raise ValueError("its brackets are too deep") from None
        except msgspec.ValidationError as error:
            # Such as "Invalid enum value 'done' - at `$.status`"; the value may be long.
            problem, _, place = str(error).rpartition(" - at ")
            raise ValueError(f"{place}: {problem[:80]}" if problem else place) from None


def _to_finite(number: str) -> float:
    """Refuse NaN and infinity, which JSON lacks, and 1e999, which Python reads as infinity."""
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number[:20]} is out of range")
    return value


def _convert_older(document: dict[str, Any]) -> dict[str, Any]:
    """Convert a record of the time before formats had numbers."""
    if "format" in document:
        return document
    lite_model = document.get("lite_model")
    return {
        **document,
        "artifacts": {} if lite_model is None else {"model.tflite": lite_model},
        "resumed": document.get("resumed") or [],
    }


class NewerFormatError(Exception):
    """A run.json of a later version."""


def utc_now() -> str:
    """Return the time in UTC, as ISO 8601 with microseconds, which sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
