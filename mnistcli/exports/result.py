"""What was exported, and what its check said."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnistcli.errors import RunError
from mnistcli.runs import dump_json

MARK = "export.json"
SCRIPT_MARK = "Written by `mnistcli export --format python` of"  # in its docstring


@dataclass(frozen=True)
class Check:
    """A model file, run by its own runtime on the test images and compared with Keras.

    Attributes:
        runtime: its name and version.
        images: how many.
        largest_difference: of an output, as a share of the largest output, or of 1 if that is more.
        keras_errors: the images that the Keras model gets wrong.
        errors: those that the export gets wrong.
    """

    runtime: str
    images: int
    largest_difference: float
    keras_errors: int
    errors: int

    @property
    def accuracy(self) -> float:
        """The accuracy of the export, in [0, 1]."""
        return 1 - self.errors / self.images

    @property
    def keras_accuracy(self) -> float:
        """The accuracy of the Keras model, in [0, 1]."""
        return 1 - self.keras_errors / self.images

    @property
    def accuracy_lost(self) -> float:
        """What the export is less accurate, in [-1, 1]; below 0 if it is more accurate."""
        return (self.errors - self.keras_errors) / self.images

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        accuracies = ("accuracy", "keras_accuracy", "accuracy_lost")
        return asdict(self) | {name: getattr(self, name) for name in accuracies}


@dataclass(frozen=True)
class Export:
    """A folder that `mnistcli export` made.

    Attributes:
        format: its name.
        path: the folder.
        bytes: the size of the model, or of the event files.
    """

    format: str
    path: Path
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return {"format": self.format, "path": str(self.path), "bytes": self.bytes}


@dataclass(frozen=True)
class ModelExport(Export):
    """One that holds a model, with its check."""

    check: Check

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""
        return super().to_json() | {"check": self.check.to_json()}


def check_script_path(path: Path, replace: bool) -> None:
    """Check that a script may be written to a path, before any work is done.

    Args:
        replace: take the place of an earlier script.

    Raises:
        RunError: something else is there, or the folder is missing.
    """
    if os.path.lexists(path):
        if not replace:
            raise RunError(
                f"{path} exists already", "name another with --out, or replace it with --force"
            )
        if path.is_symlink() or not path.is_file() or SCRIPT_MARK.encode() not in _begin(path):
            raise RunError(
                f"{path} is not replaced: it is no script that `mnistcli export` made",
                "expected such a script, or a new name with --out",
            )
    if not path.parent.is_dir():
        raise RunError(f"there is no folder {path.parent}", "name another file with --out")


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1000)
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from None


def write_description(folder: Path, export: Export, readme: str) -> None:
    """Write README.md and export.json, by which a folder is known as an export."""
    (folder / "README.md").write_text(readme, encoding="utf-8")
    document = export.to_json()
    del document["path"]  # the folder may be moved
    (folder / MARK).write_text(dump_json(document, indent=2), encoding="utf-8")
