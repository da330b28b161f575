"""The figures that commands write, and where they can be seen."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory, cannot_write, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Answers:
    """What a network says of labelled images.

    Attributes:
        images: (N, 28, 28).
        labels: (N,).
        probabilities: (N, C).
        title: whose they are, of which images.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]
    probabilities: NDArray[np.floating[Any]]
    title: str


def write_run_figures(run: RunDirectory, answers: Answers, suffix: str = "") -> None:
    """Write how a run was trained, its confusions and its mistakes.

    Args:
        suffix: behind the names of the last two, which says whose answers they are.
    """
    from mnistcli.figures import draw_confusion, draw_mistakes, draw_training

    try:
        run.figures.mkdir(exist_ok=True)  # and not its parents: the run may be gone
    except OSError as error:
        raise cannot_write(run.figures, error) from None
    labels, probabilities = answers.labels, answers.probabilities
    figures = {
        "training": draw_training({run.name: run.read_metrics()}),
        f"confusion{suffix}": draw_confusion(labels, probabilities, answers.title),
        f"mistakes{suffix}": draw_mistakes(answers.images, labels, probabilities, answers.title),
    }
    for kind, figure in figures.items():
        write_figure(figure, run.figures / f"{kind}.png")


def write_figure(figure: "Figure", path: Path) -> NDArray[np.uint8]:
    """Write a PNG file, and its folder if that is missing; return its pixels, (H, W, 3).

    Raises:
        RunError: it cannot be written.
    """
    from mnistcli.figures import draw_pixels, encode_png

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make the folder {path.parent}: {error.strerror}",
            "expected a folder that is there or can be made",
        ) from None
    pixels = draw_pixels(figure)
    write_whole(path, encode_png(pixels))
    return pixels


def has_display() -> bool:
    """Whether a window can be opened."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
