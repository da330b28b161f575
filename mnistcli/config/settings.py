"""The config language: what each key may hold, and its default."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from mnistcli.config.objects import KerasObject, make_object

MAXIMUM_SEED = 2**31 - 1
# Names become parts of folder names and tensor names.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_EXPECTED = "expected up to 64 of A-Z, a-z, 0-9, '.', '_' and '-', a letter or digit first"


def _check_name(value: Any) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise ValueError(NAME_EXPECTED)


def _check_validation(value: Any) -> int | float | str:
    if value == "test":
        return "test"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, float) and 0 < value < 1:
        return value
    raise ValueError("expected a number of images, a share between 0 and 1, or 'test'")


def _check_threads(value: Any) -> int | str:
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024:
        return value
    raise ValueError("expected 'auto' or a number from 1 to 1024")


Validation = Annotated[
    int | float | Literal["test"],
    BeforeValidator(_check_validation, json_schema_input_type=int | float | Literal["test"]),
]
Threads = Annotated[
    int | Literal["auto"],
    BeforeValidator(_check_threads, json_schema_input_type=int | Literal["auto"]),
]
Name = Annotated[str, BeforeValidator(_check_name, json_schema_input_type=str)]
Object = Annotated[KerasObject, PlainSerializer(KerasObject.to_plain)]


class _Section(BaseModel):
    """A section of the config: unknown keys are errors, and '10' is not 10."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )


class Extra(_Section):
    """A folder of pictures to train on besides the images of the data set."""

    path: str = Field(min_length=1)
    """The path of a folder with a folder for each digit, such as 3/a.png in it"""
    repeat: int = Field(default=1, ge=1, le=10_000)
    """How often each picture is among the training images"""


def _read_extra(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, Extra) or (isinstance(value, dict) and "path" in value):
        return value
    raise ValueError("expected a folder of pictures, or {path: FOLDER, repeat: 20}")


class Data(_Section):
    """Which images, and what is done to them before the model sees them."""

    dataset: str = Field(default="mnist", min_length=1)
    """mnist, digits (built in, offline), or the path of IDX files, an .npz, or labelled pictures"""
    fallback: str | None = Field(default=None, min_length=1)
    """Another data set, used and reported only if the first cannot be found or downloaded"""
    extra: list[
        Annotated[Extra, BeforeValidator(_read_extra, json_schema_input_type=str | Extra)]
    ] = []
    """Folders of pictures, such as mine/3/a.png, to train on as well; also {path, repeat}"""
    validation: Validation = 0.1
    """Images split off the training set (a number, also 0, or a share), or "test": the test set"""
    split_seed: int = Field(default=0, ge=0, le=MAXIMUM_SEED)
    """Fixes which images are split off; they are the same for every `seed`"""
    normalize: Literal["unit", "centered", "standard"] = "unit"
    """unit: [0, 1]; centered: [-1, 1]; standard: mean 0 and deviation 1 over the training set"""


class EarlyStopping(_Section):
    """Stop when a metric has not improved for some epochs."""

    monitor: str = "val_loss"
    """A metric of metrics.jsonl, such as val_loss or val_accuracy"""
    mode: Literal["min", "max"] | None = None
    """Whether lower or higher is better; by default, what Keras says of the metric"""
    patience: int = Field(default=3, ge=1, le=10_000)
    """Epochs without an improvement before training stops"""
    min_delta: float = Field(default=0.0, ge=0)
    """The smallest change that counts as an improvement"""


class Best(_Section):
    """The metric whose best epoch becomes model.keras."""

    monitor: str = "val_accuracy"
    """A metric of metrics.jsonl, such as val_loss or val_accuracy"""
    mode: Literal["min", "max"] | None = None
    """Whether lower or higher is better; by default, what Keras says of the metric"""

    def to_plain(self) -> Any:
        """Return its YAML form: the metric's name alone if it has no mode, else a mapping."""
        return {"monitor": self.monitor, "mode": self.mode} if self.mode else self.monitor


def _read_best(value: Any) -> Any:
    if isinstance(value, str):
        return {"monitor": value}
    if isinstance(value, dict | Best):
        return value
    raise ValueError("expected a metric's name, or {monitor: NAME, mode: min or max}")


class Checkpoint(_Section):
    """When checkpoints are written, and which of them are kept."""

    every_epochs: int = Field(default=1, ge=1, le=10_000)
    """Epochs between checkpoints; the last epoch always writes one"""
    every_seconds: float | None = Field(default=None, gt=0)
    """Seconds between checkpoints within an epoch; none by default"""
    keep: int = Field(default=2, ge=1, le=10_000)
    """The number of latest epochs whose checkpoints are kept, besides the best"""
    best: Annotated[
        Best,
        BeforeValidator(_read_best, json_schema_input_type=str | Best),
        PlainSerializer(Best.to_plain),
    ] = Best()
    """The metric whose best epoch becomes model.keras; also as {monitor: NAME, mode: min}"""


class Config(_Section):
    """A whole config: a model, how it is trained, and on what."""

    name: Name = "run"
    """Begins the name of the run directory; the file's name by default"""
    layers: list[Object] = Field(min_length=1)
    """Keras layers with Keras argument names, from input to output"""
    optimizer: Object = Field(default_factory=lambda: make_object("optimizers", "Adam"))
    """A class of keras.optimizers"""
    loss: Object = Field(
        default_factory=lambda: make_object("losses", "SparseCategoricalCrossentropy")
    )
    """A class of keras.losses"""
    metrics: list[Object | Literal["accuracy"]] = ["accuracy"]
    """Classes of keras.metrics; accuracy is always measured"""
    epochs: int = Field(default=5, ge=1, le=10_000)
    """Passes over the training images"""
    batch_size: int = Field(default=32, ge=1, le=60_000)
    """Images per training step"""
    seed: int = Field(default=0, ge=0, le=MAXIMUM_SEED)
    """Fixes the initial weights, the order of the images, dropout and augmentation"""
    data: Data = Field(default_factory=Data)
    augment: list[Object] = []
    """Keras preprocessing layers on pixels from 0 to 255; in training only"""
    early_stopping: EarlyStopping | None = None
    checkpoint: Checkpoint = Field(default_factory=Checkpoint)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Keras' dtype policy of the layers"""
    threads: Threads = "auto"
    """Processor threads that TensorFlow uses"""

    def metric_names(self) -> list[str]:
        """Return the metrics of each row of metrics.jsonl, in order, without the val_ columns."""
        names = [metric_name(metric) for metric in self.metrics]
        return ["loss", *dict.fromkeys(["accuracy", *names])]


def metric_name(metric: KerasObject | str) -> str:
    """Return a metric's column in metrics.jsonl: its `name`, or Keras' default from the class."""
    if isinstance(metric, str):
        return metric
    name = metric.arguments.get("name")
    if name and isinstance(name, str):
        return name
    # Keras' to_snake_case, for the few classes without a default name.
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric.name).lower()
