"""How right a run is on pictures as people make them, and how fast `predict` reads them.

    python tests/benchmarks/pictures.py [RUN] [--images N] [--readme]

For each nuisance of `tests/pictures.py` and each canvas of `tests/scenes.py`, N test images of
MNIST (200 unless told) are drawn as such pictures and read by the run's model, the built-in one
unless told: the share that is right, and of those, the share that `predict` calls uncertain. The
other hands of `tests/hands.py` are made of N images of their digit. Of its letters, N in all, the
share is told that is called uncertain. For each kind of row, N/2 pictures of 2 to 5 digits are
read with `--line`, and the share is told that plain `predict` calls "several". Then whole `mnistcli
predict` processes are timed, medians of 5. Prints Markdown tables. MNIST must be on this machine.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readme import describe_machine, write_block
from hands import HANDS, LETTERS, Hand, draw_letter
from pictures import BLACK, NUISANCES, WHITE, Ink, Picture, Random, colour, draw, tiny
from scenes import CANVASES, ROWS

from mnistcli.cli.recognizer import open_recognizer
from mnistcli.data import load_dataset
from mnistcli.errors import ImageError
from mnistcli.images import Digit, frame_digit
from mnistcli.images.read import flatten_alpha
from mnistcli.recognition import Recognizer, predict_digits, read_number
from mnistcli.runs import open_to_read

COMMAND = Path(sys.executable).parent / "mnistcli"
PICTURES = NUISANCES | CANVASES


def read_one(picture: NDArray[np.uint8]) -> Digit:
    """The digit of a picture, or a blank image."""
    try:
        reading = frame_digit(picture)
    except ImageError:
        return Digit("", np.zeros((28, 28), np.uint8))
    return Digit("", reading.image, is_alone=reading.is_alone, strokes=reading.strokes)


def measure_pictures(
    make_picture: Callable[[Ink, Random], Picture],
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    recognizer: Recognizer,
) -> tuple[float, float]:
    """The shares that are right, and right but called uncertain."""
    random, framed = np.random.default_rng(0), []
    for image in images:
        picture = make_picture(draw(image), random)
        if picture.shape[2] == 4:
            picture = flatten_alpha(picture[..., :3], picture[..., 3])
        framed.append(read_one(picture))
    found = predict_digits(framed, recognizer)
    right = [each.digit == label for each, label in zip(found, labels, strict=True)]
    doubted = [ok and each.uncertain is not None for ok, each in zip(right, found, strict=True)]
    return float(np.mean(right)), float(np.mean(doubted))


def measure_letters(count: int, recognizer: Recognizer) -> float:
    """The share that is called uncertain."""
    random = np.random.default_rng(0)
    inks = [draw_letter(LETTERS[i % len(LETTERS)], random) for i in range(count)]
    framed = [read_one(colour(ink, WHITE, BLACK)) for ink in inks]
    return float(
        np.mean([each.uncertain is not None for each in predict_digits(framed, recognizer)])
    )


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
    return time_command([COMMAND, "predict", images, "--run", run])


def time_command(command: list[str | Path]) -> float:
    """The median seconds of five processes, after one to warm the cache of files."""
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def print_line(line: str, lines: list[str]) -> None:
    """Print a line of the tables at once, and keep it."""
    print(line, flush=True)
    lines.append(line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, nargs="?", default=Path("builtin"))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--readme", action="store_true", help="put the tables into tests/README.md")
    options = parser.parse_args()
    recognizer = open_recognizer(open_to_read(options.run))
    dataset = load_dataset("mnist")
    images, labels = dataset.test_images[: options.images], dataset.test_labels
    lines: list[str] = []
    print_line("| the picture | right | right, but called uncertain |\n| --- | --- | --- |", lines)
    for name, make_picture in PICTURES.items():
        found = measure_pictures(make_picture, images, labels[: options.images], recognizer)
        print_line(f"| {name} | {found[0]:.1%} | {found[1]:.1%} |", lines)
    for name, (digit, add_stroke) in HANDS.items():
        chosen = np.flatnonzero(labels == digit)[: options.images]

        def draw_hand(ink: Ink, random: Random, add: Hand = add_stroke) -> Picture:
            return colour(add(ink, random), WHITE, BLACK)

        chosen_images = dataset.test_images[chosen]
        found = measure_pictures(draw_hand, chosen_images, labels[chosen], recognizer)
        print_line(f"| {name} | {found[0]:.1%} | {found[1]:.1%} |", lines)
    caught = measure_letters(options.images, recognizer)
    print_line(f"\nOf letters of other scripts {caught:.1%} are called uncertain.", lines)
    head = "| the row | right with `--line` | plain `predict`: several |\n| --- | --- | --- |"
    print_line(f"\n{head}", lines)
    for name in ROWS:
        right, several = measure_rows(name, images, labels, recognizer)
        print_line(f"| {name} | {right:.1%} | {several:.1%} |", lines)
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(dataset.test_images[:1000]):
            Image.fromarray(tiny(draw(image), 28, 0.1)).save(f"{folder}/{i}.png")
        one, thousand = (
            time_predict(options.run, Path(folder, "0.png")),
            time_predict(options.run, Path(folder)),
        )
    imports = time_command([sys.executable, "-c", "import numpy, cv2"])
    print_line(
        f"\nOne image {one:.2f} s, where `python -c 'import numpy, cv2'` takes {imports:.2f} s; "
        f"1,000 images {thousand:.2f} s; whole processes. Measured on {describe_machine()}, with "
        f"`python tests/benchmarks/pictures.py`, {options.images} images each.",
        lines,
    )
    if options.readme:
        write_block("pictures", "\n".join(lines))


if __name__ == "__main__":
    main()
