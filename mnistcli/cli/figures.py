"""The PNG files that commands write."""

import io
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from mnistcli.errors import RunError, UsageError
from mnistcli.runs import RunDirectory, cannot_write, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnistcli.data import Dataset

SOFTWARE = "mnistcli"  # PNG's keyword for what made a picture


@dataclass(frozen=True)
class Answers:
    """A network's answers to labelled images.

    Attributes:
        images: (N, 28, 28) uint8.
        labels: (N,), the true classes.
        probabilities: (N, C).
        title: the names of the run and of the images.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]
    probabilities: NDArray[np.floating[Any]]
    title: str

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """Counts (C, C), true classes as rows and predicted classes as columns."""
        from mnistcli.scores import confusion_matrix

        predicted = self.probabilities.argmax(axis=1)
        return confusion_matrix(self.labels, predicted, self.probabilities.shape[1])


def write_run_figures(run: RunDirectory, answers: Answers, suffix: str = "") -> None:
    """Write the figures of a run: its training, its confusions and its mistakes.

    Args:
        run: the run.
        answers: of its network.
        suffix: of the names of the last two files; it says which answers they show.

    Raises:
        RunError: a file cannot be written.
    """
    from mnistcli.figures import draw_confusion, draw_mistakes, draw_training

    try:
        run.figures.mkdir(exist_ok=True)  # without parents: the run may be gone
    except OSError as error:
        raise cannot_write(run.figures, error) from None
    labels, probabilities = answers.labels, answers.probabilities
    rows = run.read_metrics()  # an ensemble has none
    figures = {"training": draw_training({run.name: rows})} if rows else {}
    figures |= {
        f"confusion{suffix}": draw_confusion(answers.confusion_matrix, answers.title),
        f"mistakes{suffix}": draw_mistakes(answers.images, labels, probabilities, answers.title),
    }
    for kind, figure in figures.items():
        write_figure(figure, run.figures / f"{kind}.png")


def write_new_figures(
    run: RunDirectory, dataset: "Dataset", probabilities: NDArray[np.floating[Any]]
) -> None:
    """Write the figures of a new run, from what it says of the test images, (N, C)."""
    title = f"{run.name} on its test images"
    write_run_figures(run, Answers(dataset.test_images, dataset.test_labels, probabilities, title))


def write_figure(figure: "Figure", path: Path) -> NDArray[np.uint8]:
    """Write a figure as `write_png` does, and return its pixels, (H, W, 3) uint8."""
    from mnistcli.figures import render_figure

    pixels = render_figure(figure)
    write_png(Image.fromarray(pixels), path)
    return pixels


def write_png(image: Image.Image, path: Path) -> None:
    """Write an image as a PNG file that names mnistcli as its software; make its folder.

    Raises:
        RunError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make the folder {path.parent}: {error.strerror}",
            "expected a folder that is there or can be made",
        ) from None
    software = PngImagePlugin.PngInfo()
    software.add_text("Software", SOFTWARE)
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=software)
    write_whole(path, stream.getvalue())


def check_png_path(path: Path) -> None:
    """Check the path of a PNG file to write, before any work is done.

    Only a PNG that `write_png` wrote may be overwritten: where the shell expands a pattern, one of
    the user's photos may become the value of an option.

    Raises:
        UsageError: the path has another suffix, is in no folder, or exists and is not such a PNG.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} is not the name of a PNG file", "expected one that ends in .png")
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        raise UsageError(f"cannot write {path}: {folder} is no folder", "expected another name")
    if (path.exists() or path.is_symlink()) and not _is_ours(path):
        raise UsageError(
            f"{path} exists and was not made by mnistcli, so it is not overwritten",
            "expected another name",
        )


def _is_ours(path: Path) -> bool:
    """Return whether a path is a PNG file that `write_png` wrote, and not a link."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=["PNG"]) as image:
                return image.info.get("Software") == SOFTWARE
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def has_display() -> bool:
    """Return whether a window can be opened."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
