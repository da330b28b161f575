"""`mnistcli show pixels`."""

from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.options import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELL = 4  # columns that a number takes, with the space before it


def show_pixels(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE",
            help="An image of a data set by number, such as mnist:train:0, or a picture file.",
            show_default=False,
        ),
    ],
    json: Json = False,
) -> None:
    """Show the 28x28 numbers that an image is, and its label as one-hot."""
    from mnistcli.cli.console import print_json, results
    from mnistcli.cli.predict_sources import read_image

    digit = read_image(image)
    one_hot = _one_hot(digit.label)
    if json:
        pixels = digit.image.tolist()
        document = {"image": digit.name, "label": digit.label, "one_hot": one_hot}
        print_json(document | {"pixels": pixels})
        return
    pixels, note = digit.image, ""
    console = results()
    if console.is_terminal:
        pixels, note = _fit(pixels, console.width)
    lines = ["".join(f"{level:{CELL}}" for level in row) for row in pixels.tolist()]
    low, high = digit.image.min(), digit.image.max()
    size = " x ".join(map(str, digit.image.shape))
    subject = digit.name if digit.label is not None else f"{digit.name}, as a network sees it"
    heading = f"{subject}: {size} pixels, {digit.image.dtype}, from {low} to {high}"
    console.print(heading, *lines, *filter(None, [note]), sep="\n", soft_wrap=True)
    if one_hot:
        text = " ".join(map(str, one_hot))
        console.print(f"label {digit.label}, one-hot: {text}", soft_wrap=True)


def _one_hot(label: int | None) -> list[int] | None:
    """Return a label as a row of zeros with a one in its place; digits have ten places."""
    if label is None:
        return None
    return [int(place == label) for place in range(max(10, label + 1))]


def _fit(pixels: "NDArray[np.uint8]", width: int) -> "tuple[NDArray[np.uint8], str]":
    """Return as many columns of an image (H, W), the middle ones, as a terminal has room for."""
    total = pixels.shape[1]
    count = min(total, width // CELL)
    if count == total:
        return pixels, ""
    first = (total - count) // 2
    note = f"columns {first} to {first + count - 1} of {total}; all need {total * CELL} columns"
    return pixels[:, first : first + count], note
