"""How right a run is on pictures as people make them, and how fast `predict` reads them.

    python tests/benchmarks/pictures.py RUN [--images N]

For each nuisance of `tests/pictures.py` and each canvas of `tests/scenes.py`, N test images of
MNIST (200 unless told) are drawn as such pictures and read by the run's model: the share that is
right, and of those, the share that `predict` calls uncertain. For each kind of row, N/2 pictures
of 2 to 5 digits are read with `--line`, and the share is told that plain `predict` calls
"several". Then whole `mnistcli predict` processes are timed, medians of 5. Prints Markdown tables.
MNIST must be on this machine.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictures import NUISANCES, draw, tiny
from scenes import CANVASES, ROWS

from mnistcli.cli.recognizer import open_recognizer
from mnistcli.data import load_dataset
from mnistcli.errors import ImageError
from mnistcli.images import Digit, frame_digit
from mnistcli.images.read import flatten_alpha
from mnistcli.recognition import Recognizer, predict_digits, read_number
from mnistcli.runs import RunDirectory, describe_environment

COMMAND = Path(sys.executable).parent / "mnistcli"
PICTURES = NUISANCES | CANVASES


def read_one(picture: NDArray[np.uint8]) -> Digit:
    """The digit of a picture, or a blank image."""
    try:
        reading = frame_digit(picture)
    except ImageError:
        return Digit("", np.zeros((28, 28), np.uint8))
    return Digit("", reading.image, is_alone=reading.is_alone, strokes=reading.strokes)


def measure_nuisance(
    name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], recognizer: Recognizer
) -> tuple[float, float]:
    """The shares that are right, and right but called uncertain."""
    random, framed = np.random.default_rng(0), []
    for image in images:
        picture = PICTURES[name](draw(image), random)
        if picture.shape[2] == 4:
            picture = flatten_alpha(picture[..., :3], picture[..., 3])
        framed.append(read_one(picture))
    found = predict_digits(framed, recognizer)
    right = [each.digit == label for each, label in zip(found, labels, strict=True)]
    doubted = [ok and each.uncertain is not None for ok, each in zip(right, found, strict=True)]
    return float(np.mean(right)), float(np.mean(doubted))


def measure_rows(
    name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], recognizer: Recognizer
) -> tuple[float, float]:
    """The shares that `--line` reads right, and that plain `predict` calls several."""
    random, right, framed = np.random.default_rng(0), [], []
    for _ in range(len(images) // 2):
        count = int(random.integers(2, 6))
        chosen = random.integers(0, len(images), count)
        picture = ROWS[name]([draw(images[i]) for i in chosen], random)
        digits = [str(labels[i]) for i in chosen]
        if name == "two lines":
            digits.insert(count // 2, "\n")
        try:
            right.append(read_number(picture, recognizer).number == "".join(digits))
        except ImageError:
            right.append(False)
        framed.append(read_one(picture))
    several = [each.uncertain == "several" for each in predict_digits(framed, recognizer)]
    return float(np.mean(right)), float(np.mean(several))


def time_predict(run: Path, images: Path) -> float:
    """The median seconds of whole processes."""
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [COMMAND, "predict", images, "--run", run], stdout=subprocess.DEVNULL, check=True
        )
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--images", type=int, default=200)
    options = parser.parse_args()
    run = RunDirectory(options.run)
    recognizer = open_recognizer(run)
    dataset = load_dataset("mnist")
    images, labels = dataset.test_images[: options.images], dataset.test_labels
    print("| the picture | right | right, but called uncertain |\n| --- | --- | --- |")
    for name in PICTURES:
        right, doubted = measure_nuisance(name, images, labels[: options.images], recognizer)
        print(f"| {name} | {right:.1%} | {doubted:.1%} |", flush=True)
    print("\n| the row | right with `--line` | plain `predict`: several |\n| --- | --- | --- |")
    for name in ROWS:
        right, several = measure_rows(name, images, labels, recognizer)
        print(f"| {name} | {right:.1%} | {several:.1%} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(dataset.test_images[:1000]):
            Image.fromarray(tiny(draw(image), 28, 0.1)).save(f"{folder}/{i}.png")
        one, thousand = (
            time_predict(run.path, Path(folder, "0.png")),
            time_predict(run.path, Path(folder)),
        )
    hardware = describe_environment().hardware
    print(
        f"\nOne image {one:.2f} s, 1,000 images {thousand:.2f} s, whole processes. Measured on "
        f"{hardware['processor']}, {hardware['cores']} cores, with "
        f"`python tests/benchmarks/pictures.py RUN`, {options.images} images each."
    )


if __name__ == "__main__":
    main()
