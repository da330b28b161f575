"""The commands as functions, for notebooks and scripts.

They print nothing (TensorFlow writes some lines of its own). What a command would say beside its
result is a Python warning.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.config import Config, ConfigFile, load_config
from mnistcli.errors import ImageError, UsageError
from mnistcli.images import Digit, Framing, PictureFile, read_digits
from mnistcli.numbers import format_percent
from mnistcli.recognition import (
    ComputeOutputs,
    OutputKind,
    Prediction,
    Recognizer,
    open_recognizer,
    predict_digits,
    read_framing,
)
from mnistcli.runs import (
    RunDirectory,
    check_writable,
    choose_run,
    open_run_directory,
    open_to_read,
)

if TYPE_CHECKING:
    import keras

    from mnistcli.evaluation import Split
    from mnistcli.scores import Evaluation
    from mnistcli.training import TrainingObserver

# TensorFlow writes twenty lines for each training, unless the user or this says otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass(frozen=True)
class Run:
    """A run on disk; every command takes its `path`, too.

    Attributes:
        directory: its files.
    """

    directory: RunDirectory

    def __repr__(self) -> str:
        accuracy = self.test_accuracy
        result = self.status
        if accuracy is not None:
            result = f"test accuracy {format_percent(accuracy, decimals=2)}"
        return f"Run({str(self.path)!r}, {result})"

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @property
    def status(self) -> str:
        """One of "running", "completed", "failed" or "interrupted"."""
        return self.directory.read_record().status

    @property
    def config(self) -> Config:
        """The config that it was trained with, defaults included."""
        return self.directory.read_config().config

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """A row for each epoch, as `pandas.DataFrame` takes them; epoch 0 is untrained."""
        return self.directory.read_metrics()

    @property
    def test_accuracy(self) -> float | None:
        """The accuracy on the test images, in [0, 1]; None until the run is completed."""
        return (self.directory.read_record().metrics or {}).get("test_accuracy")

    @cached_property
    def model(self) -> keras.Model:
        """The best epoch's model: float32 pixels (N, 28, 28, 1) of 0 to 255 -> outputs (N, C).

        Raises:
            RunError: the run has no weights, or is damaged.
        """
        directory = open_run_directory(self.path)
        from mnistcli.artifacts import restore_network

        return restore_network(directory).model

    @cached_property
    def recognizer(self) -> Recognizer:
        """What reads pictures: the best epoch's model, by LiteRT or else by Keras.

        Raises:
            RunError: the run has no weights, or is damaged.
        """

        def open_with_keras(reason: str) -> tuple[ComputeOutputs, OutputKind]:
            from mnistcli.evaluation.run import open_keras_network

            _warn(f"{reason}; Keras reads instead")
            return open_keras_network(self.directory)

        return open_recognizer(self.directory, open_with_keras)


def load_run(path: Path | str) -> Run:
    """Open a run directory; "builtin" is the run that comes with mnistcli.

    Raises:
        RunError: there is none at the path, or it is damaged.
    """
    return _as_run(open_to_read(Path(path)))


def train(
    config: ConfigFile | Path | str,
    path: Path | str | None = None,
    observers: Sequence[TrainingObserver] = (),
) -> Run:
    """Train a config into a new run directory, as `mnistcli train` does, but for its pictures.

    It works in any thread, one training at a time. An interrupt ends it after the step, with a
    checkpoint. It seeds the random generators of Python, NumPy and TensorFlow with the config's
    seed, and sets TensorFlow's threads unless TensorFlow has computed something in this process.

    Args:
        config: of `load_config`, or the path of a YAML file.
        path: the run directory to make; None: one under `runs/` named after the config.
        observers: are told how it goes; see `mnistcli.training.TrainingObserver`.

    Raises:
        ConfigError: the config is wrong, or does not fit the data.
        DataError: the data cannot be loaded.
        RunError: the run directory cannot be made or written to, or the loss diverged.
        InterruptedTrainingError: it was interrupted; the message says how to go on.
    """
    from mnistcli.data import load_config_dataset
    from mnistcli.execution import preferred_kernels, request_kernels

    file = config if isinstance(config, ConfigFile) else load_config(config)
    run_path = None if path is None else Path(path)
    check_writable(run_path)
    dataset = load_config_dataset(file)
    if dataset.fallback_reason:
        _warn(f"using {dataset.name!r} instead: {dataset.fallback_reason}")
    for note in dataset.notes:
        _warn(note)
    request_kernels(preferred_kernels(file.config))
    from mnistcli.training import TrainingObserver, train_config  # loads TensorFlow

    class Warner(TrainingObserver):
        def noticed(self, notice: str) -> None:
            _warn(notice)

    result = train_config(file, dataset, [Warner(), *observers], run_path)
    if notice := result.evaluation.chance_notice:
        _warn(notice)
    return _as_run(result.run)


def evaluate(
    run: Run | Path | str, split: Split = "test", data: Path | str | None = None
) -> Evaluation:
    """Measure a run's best model on labelled images, and write nothing.

    Args:
        split: "train", "validation" or "test": which of the run's own images.
        data: the test images of another set instead: mnist, digits, a folder of IDX files, or an
            .npz file.

    Raises:
        UsageError: there is no such split, or both are given.
        RunError: the run has no weights or no such images, or its data has changed.
        DataError: the images cannot be loaded, or have a label that the model does not know.
    """
    from mnistcli.data import load_labelled_images, load_run_dataset
    from mnistcli.evaluation import select_images

    directory = open_run_directory(run.path if isinstance(run, Run) else Path(run))
    if data is not None and split != "test":
        raise UsageError("split does not go with data", "expected one of them")
    if data is None:
        images, _ = select_images(directory, load_run_dataset(directory), split)
    else:
        images = load_labelled_images(str(data))
        for note in images.notes:
            _warn(note)
    from mnistcli.evaluation.run import evaluate_run  # loads TensorFlow

    evaluation = evaluate_run(directory, images).evaluation
    if notice := evaluation.chance_notice:
        _warn(notice)
    return evaluation


def predict(
    picture: Path | str | NDArray[np.uint8], run: Run | Path | str | None = None
) -> Prediction:
    """Read the digit in a picture file, as `mnistcli predict` does, without TensorFlow.

    Args:
        picture: a file; or an image (28, 28) as the run was trained on, of 0 to 255, which goes to
            the model as it is.
        run: None: the latest completed run on MNIST under `runs/`, or else the built-in one. A
            `Run` keeps its model open for the next picture.

    Returns:
        The digit, the probabilities of all digits, and why the answer is uncertain, or None.

    Raises:
        ImageError: the picture cannot be read, or is blank.
        RunError: the run cannot be read.
    """
    if run is None:
        directory, note = choose_run()
        run = _as_run(directory)
        if note:
            _warn(f"{note}; to read with it, name it")
    elif not isinstance(run, Run):
        run = load_run(run)
    framing = read_framing(run.directory)
    if isinstance(picture, Path | str):
        digit = _read_digit(Path(picture), framing)
    else:
        digit = Digit("the image", _check_image(picture))
    (prediction,) = predict_digits([digit], run.recognizer, framing)
    return prediction


def read_picture(path: Path | str, run: Run | Path | str | None = None) -> NDArray[np.uint8]:
    """Return a picture's digit as a network sees it: (28, 28), 0 the background, 255 full ink.

    Args:
        path: a file of any format that `mnistcli predict` reads.
        run: whose training images it shall be like; None: MNIST's.

    Raises:
        ImageError: the picture cannot be read, or is blank.
        RunError: the run cannot be read.
    """
    framing = Framing()
    if run is not None:
        framing = read_framing((run if isinstance(run, Run) else load_run(run)).directory)
    return _read_digit(Path(path), framing).image


def _as_run(directory: RunDirectory) -> Run:
    """Return a run that stays the same where the working directory changes."""
    return Run(RunDirectory(directory.path.absolute()))


def _warn(message: str) -> None:
    """Warn at the caller's line of a function of this module."""
    warnings.warn(message, stacklevel=3)


def _read_digit(path: Path, framing: Framing) -> Digit:
    (digit,) = read_digits([PictureFile(path)], framing)
    if isinstance(digit, ImageError):
        raise digit
    return digit


def _check_image(image: Any) -> NDArray[np.uint8]:
    array = np.asarray(image)
    if array.shape != (28, 28) or array.dtype != np.uint8:
        raise ImageError(
            f"the image is an array of shape {array.shape} and type {array.dtype}",
            "expected (28, 28) and uint8, such as read_picture returns; a file is read as it is",
        )
    return array
