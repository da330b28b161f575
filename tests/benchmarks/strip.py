"""Draws the picture at the head of README, from a run and the model that comes with mnistcli.

    python tests/benchmarks/strip.py RUN          such as a run of configs/quickstart.yaml

The digits are drawn by a program (`mnistcli.handwriting`), and stand in scenes of the tests. The
model that comes with mnistcli reads each of them; RUN shows what its first convolution makes of
one, and how it was trained.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictures import NUISANCES, draw
from scenes import CANVASES, ROWS

from mnistcli.figures.style import (
    HEADING_SIZE,
    TEXT_SIZE,
    remove_ticks,
    render_figure,
    simplify_axes,
    styled,
    theme,
    tile_images,
)
from mnistcli.handwriting import draw_digit
from mnistcli.handwriting.pen import draw_with
from mnistcli.images import frame_digit, make_digit
from mnistcli.recognition import open_lite_recognizer, predict_digits, read_number
from mnistcli.recognition.layers import LayerReader
from mnistcli.runs import RunDirectory, open_to_read

FILE = Path(__file__).parents[2] / "configs" / "strip.png"
WIDTH, HEIGHT = 10.0, 2.9  # inches
SCENES = (("a photo", 2), ("chalk on a board", 7), ("squared paper", 4))
SCREEN = ("a dark canvas with buttons", 5)
ROW = ("on ruled paper", (1, 9, 9, 8))
SEED = 4


def write(digit: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a digit written by a program, (28, 28)."""
    return draw_with(draw_digit(digit, random), 0.11)


@styled
def draw_strip(run: RunDirectory) -> Figure:
    """Draw pictures with what was read in them, the maps of a convolution, and a training."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=160, layout="constrained")
    parts = figure.subfigures(1, 3, squeeze=False, width_ratios=(1.5, 1, 1.15))
    left, middle, right = parts[0]
    random = np.random.default_rng(SEED)
    reader = open_lite_recognizer(open_to_read(Path("builtin")))
    scenes = [NUISANCES[name](draw(write(digit, random)), random) for name, digit in SCENES]
    scenes.append(CANVASES[SCREEN[0]](draw(write(SCREEN[1], random)), random))
    row = ROWS[ROW[0]]([draw(write(digit, random)) for digit in ROW[1]], random)
    digits = [make_digit("", frame_digit(scene)) for scene in scenes]
    answers = [f"{each.digit}" for each in predict_digits(digits, reader)]
    left.suptitle("reads your digits", fontsize=HEADING_SIZE)
    axes = left.subplot_mosaic([["0", "1", "2", "3"], ["row"] * 4])
    shown = dict(zip("0123", zip(scenes, answers, strict=True), strict=True))
    shown["row"] = (row, read_number(row, reader).number)
    for place, (scene, answer) in shown.items():
        axes[place].imshow(scene)
        axes[place].set_xlabel(answer, fontsize=HEADING_SIZE + 2, fontweight="bold")
        axes[place].xaxis.label.set_color(theme().ink)
        axes[place].set(xticks=[], yticks=[])
        axes[place].spines[:].set_color(theme().grid)

    network = LayerReader(run)
    network.set_image(digits[0].image)
    layer = next(each for each in network.layers if "Conv2D" in each.kinds)
    maps = np.moveaxis(network.values(layer.output), -1, 0)[:16]
    middle.suptitle("shows what the network sees", fontsize=HEADING_SIZE)
    sheet = tile_images(maps / maps.max((1, 2), keepdims=True).clip(1e-9), 4)
    colours = colormaps["gray"].with_extremes(bad=(1, 1, 1, 1))
    axis = middle.subplots()
    axis.imshow(colours(np.ma.masked_invalid(sheet)))
    remove_ticks(axis)

    rows = run.read_metrics()
    right.suptitle("and learns in a few seconds", fontsize=HEADING_SIZE)
    axis = right.subplots()
    simplify_axes(axis)
    epochs = [row["epoch"] for row in rows]
    curves = ("accuracy", "training", "-o"), ("val_accuracy", "validation", "--s")
    for (column, label, style), colour in zip(curves, theme().colours, strict=False):
        shares = [100 * row[column] for row in rows]
        axis.plot(epochs, shares, style, color=colour, ms=4, lw=1.6, label=label)
    axis.set(xlabel="epoch", ylabel="accuracy in %", xticks=epochs)
    axis.legend(loc="lower right", fontsize=TEXT_SIZE)
    return figure


if __name__ == "__main__":
    image = Image.fromarray(render_figure(draw_strip(open_to_read(Path(sys.argv[1])))))
    image.quantize(200).save(FILE, optimize=True)
    print(f"Written to {FILE}, {FILE.stat().st_size:,} bytes")
