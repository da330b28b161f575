"""What run.json holds: what a run is, how it was made, and how it stands."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    computed_field,
    model_validator,
)

FORMAT: Literal[1] = 1

Status = Literal["running", "completed", "failed", "interrupted"]


def _check_range(value: int | float | None) -> int | float | None:
    """Refuse whole numbers that no float holds: JSON has 1 followed by 400 zeros."""
    if isinstance(value, int) and abs(value) > 2**63:
        raise ValueError("out of range")
    return value


Number = Annotated[int | float | None, AfterValidator(_check_range)]


class _Part(BaseModel):
    """Unknown keys are left out: a later version of the same format may have more."""

    model_config = ConfigDict(
        strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class DatasetRecord(_Part):
    """Which images a run was trained on, and how they become what the model sees."""

    name: str
    source: str
    fallback_reason: str | None = None
    """Why it is not the data set that was asked for"""
    sha256: dict[str, str]
    """Of each part: train_images, train_labels, test_images, test_labels"""
    num_classes: int = Field(ge=1, le=256)
    training_images: int = Field(ge=0)
    validation_images: int = Field(ge=0)
    test_images: int = Field(ge=0)
    pixel_scale: float
    """The factor of a pixel in the model's first layer"""
    pixel_offset: float
    """What that layer adds"""
    framing: Literal["mnist", "as_is"] = "mnist"
    """How a picture becomes 28x28 pixels: centred as MNIST's are, or scaled as it is"""
    dark_background: bool = True
    """Whether the background is 0 and the ink is bright"""


class Artifact(_Part):
    """A file that a run made of its network, or why there is none."""

    sha256: str | None = None
    problem: str | None = None


class Resumption(_Part):
    """A training that went on after it was cut short, or for more epochs."""

    at: str
    epoch: int
    step: int
    command: list[str]
    differences: list[str]
    """What of the environment differed from the run's first"""


class Environment(_Part):
    """The programs and the machine that make a run, as far as they can change its numbers."""

    command: list[str] = []
    versions: dict[str, str] = {}
    hardware: dict[str, str | int | None] = {}
    git_commit: str | None = None
    """The commit checked out, with '-dirty' if files differ; None outside a checkout"""
    threads: int | None = None
    device: str | None = None
    kernels: str | None = None


class RunRecord(Environment):
    """A whole run.json.

    Times are those of `utc_now`.
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
    """What the network puts out; None in older runs"""
    config: str | None = None
    """What config.yaml held when it was last trained; None in older runs"""
    metrics: dict[str, Number] | None = None
    """best_epoch, the monitored column there, and the test set's; None until it is completed"""
    artifacts: dict[str, Artifact] = {}
    """By the name of the file"""
    resumed: list[Resumption] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def config_sha256(self) -> str | None:
        """The SHA-256 of config.yaml."""
        return None if self.config is None else hashlib.sha256(self.config.encode()).hexdigest()

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, document: Any) -> Any:
        """Read a record of before there were formats."""
        if not isinstance(document, Mapping) or "format" in document:
            return document
        artifacts = {"model.tflite": document.get("lite_model")}
        return {
            **document,
            "artifacts": {name: each for name, each in artifacts.items() if each is not None},
            "resumed": document.get("resumed") or [],
        }

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Parse a run.json.

        Raises:
            NewerFormatError: a later version of mnistcli wrote it.
            ValueError: it is damaged; the message is one line.
        """
        try:
            document = json.loads(content)
        except RecursionError:
            raise ValueError("its brackets are too deep") from None
        if not isinstance(document, dict):
            raise ValueError("expected a mapping")
        found = document.get("format", FORMAT)
        if type(found) is int and found > FORMAT:
            raise NewerFormatError
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            # A key of the file may be long, or hold an escape code.
            key = repr(".".join(map(str, first["loc"]))[:80])
            raise ValueError(f"{key}: {first['msg']}") from None


class NewerFormatError(Exception):
    """A run.json of a later version."""


def utc_now() -> str:
    """Return the time in UTC, as ISO 8601 with microseconds, which sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
