"""The figures that commands write, as PNG or SVG."""

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
SUFFIXES = (".png", ".svg")
# Matplotlib writes it near the beginning of an SVG.
SVG_CREATOR = b"<dc:title>mnistcli</dc:title>"
SVG_HEAD_BYTES = 2000


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


def write_run_figures(run: RunDirectory, answers: Answers, suffix: str = "") -> list[Path]:
    """Write the figures of a run: its training, its confusions and its mistakes.

    Args:
        run: the run.
        answers: of its network.
        suffix: of the names of the last two files; it says which answers they show.

    Returns:
        The files.

    Raises:
        RunError: a file cannot be written.
    """
    from mnistcli.cli.curves import read_curves
    from mnistcli.figures import draw_confusion, draw_mistakes, draw_training

    try:
        run.figures.mkdir(exist_ok=True)  # without parents: the run may be gone
    except OSError as error:
        raise cannot_write(run.figures, error) from None
    labels, probabilities = answers.labels, answers.probabilities
    curves = read_curves(run)
    figures = {"training": draw_training([curves])} if curves.rows else {}  # an ensemble has none
    figures |= {
        f"confusion{suffix}": draw_confusion(answers.confusion_matrix, answers.title),
        f"mistakes{suffix}": draw_mistakes(answers.images, labels, probabilities, answers.title),
    }
    paths = [run.figures / f"{kind}.png" for kind in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        write_figure(figure, path)
    return paths


def write_new_figures(
    run: RunDirectory, dataset: "Dataset", probabilities: NDArray[np.floating[Any]]
) -> list[Path]:
    """Write the figures of a new run, from what it says of the test images, (N, C)."""
    title = f"{run.name} on its test images"
    return write_run_figures(
        run, Answers(dataset.test_images, dataset.test_labels, probabilities, title)
    )


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure, as an SVG file if its name ends so, else as `write_png` does.

    Raises:
        RunError: the file cannot be written.
    """
    from mnistcli.figures import render_figure, render_svg

    if path.suffix.lower() == ".svg":
        _make_folder(path.parent)
        write_whole(path, render_svg(figure))
    else:
        write_png(Image.fromarray(render_figure(figure)), path)


def write_png(image: Image.Image, path: Path) -> None:
    """Write an image as a PNG file that names mnistcli as its software; make its folder.

    Raises:
        RunError: the file cannot be written.
    """
    _make_folder(path.parent)
    software = PngImagePlugin.PngInfo()
    software.add_text("Software", SOFTWARE)
    stream = io.BytesIO()
    # Level 6, the default, takes 1.4 times as long for up to 10% fewer bytes.
    image.save(stream, "PNG", pnginfo=software, compress_level=3)
    write_whole(path, stream.getvalue())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make the folder {folder}: {error.strerror}",
            "expected a folder that exists or can be made",
        ) from None


def check_png_path(path: Path) -> None:
    """Check the path of a PNG file to write, as `check_figure_path` does."""
    _check_path(path, SUFFIXES[:1])


def check_figure_path(path: Path) -> None:
    """Check the path of a PNG or SVG file to write, before any work is done.

    Only a file that mnistcli wrote may be overwritten: where the shell expands a pattern, one of
    the user's photos may become the value of an option.

    Raises:
        UsageError: the path has another suffix, is in no folder, or exists and is not such a file.
    """
    _check_path(path, SUFFIXES)


def _check_path(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.suffix.lower() not in suffixes:
        kinds = " or ".join(suffix[1:].upper() for suffix in suffixes)
        raise UsageError(
            f"{path} is not the name of a {kinds} file",
            f"expected one that ends in {' or '.join(suffixes)}",
        )
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        raise UsageError(f"cannot write {path}: {folder} is no folder", "expected another name")
    if (path.exists() or path.is_symlink()) and not _is_ours(path):
        raise UsageError(
            f"{path} exists and was not made by mnistcli, so it is not overwritten",
            "expected another name",
        )


def _is_ours(path: Path) -> bool:
    """Return whether a path is a file that mnistcli drew, and not a link."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        if path.suffix.lower() == ".svg":
            with path.open("rb") as file:
                return SVG_CREATOR in file.read(SVG_HEAD_BYTES)
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
