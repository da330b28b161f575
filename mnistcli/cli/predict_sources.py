"""The images that arguments of `predict` and `show` name: pictures, and images of data sets."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mnistcli.errors import DataError, ImageError, UsageError
from mnistcli.images import (
    MNIST_FRAMING,
    Digit,
    Framing,
    PictureFile,
    PictureSelection,
    describe_omissions,
    draw_stages,
    find_framing,
    frame_digit,
    leads_to_file,
    name_error,
    picture_name,
    read_digits,
    read_picture,
)

if TYPE_CHECKING:
    from mnistcli.data import ImageSelector, LabelledImages


def find_selectors(names: Iterable[str]) -> "dict[str, ImageSelector]":
    """Return those of the names that stand for images of a data set, such as mnist:test:0-9.

    A file or a pattern that matches one is always a picture, whatever its name.

    Raises:
        UsageError: the split or the numbers of one of them have no meaning.
    """
    candidates = [name for name in names if ":" in name and not leads_to_file(name)]
    if not candidates:
        return {}
    from mnistcli.data import parse_selector  # takes 20 ms, which pictures do without

    selectors = {name: parse_selector(name) for name in candidates}
    return {name: selector for name, selector in selectors.items() if selector is not None}


def find_sources(
    names: Sequence[str],
    selectors: "Mapping[str, ImageSelector]",
    framing: Framing | None,
    labelled: bool,
    selection: PictureSelection,
) -> list[PictureFile | Digit]:
    """Find the pictures and load the images that the names stand for, in their order.

    Args:
        names: the arguments.
        selectors: of those names that stand for images of a data set.
        framing: of the network's training images; None without a network.
        labelled: whether folders are named after the classes of their pictures.
        selection: gets the pictures, and the error of each name that leads to no image.
    """
    sources: list[PictureFile | Digit] = []
    splits: dict[tuple[str, str], LabelledImages] = {}
    for name in names:
        if name not in selectors:
            sources += selection.add(name, labelled)
            continue
        selector = selectors[name]
        key = selector.dataset, selector.split
        try:
            if key not in splits:
                splits[key] = _load_split(selector, framing)
            sources += _select_digits(selector, splits[key])
        except DataError as error:
            selection.errors[name] = str(error)
    return sources


def read_sources(
    sources: Sequence[PictureFile | Digit],
    framing: Framing,
    explain: bool,
    selection: PictureSelection,
) -> list[Digit]:
    """Read each picture as the network sees it; images of data sets stay as they are.

    Args:
        sources: the pictures and images, in the order of the result.
        framing: of the network's training images.
        explain: whether to draw the stages of each reading.
        selection: gets the error of each picture that cannot be read.
    """
    files = [source for source in sources if isinstance(source, PictureFile)]
    readings = read_digits(files, framing, draw_stages if explain else None)
    digits = []
    for source in sources:
        digit = next(readings) if isinstance(source, PictureFile) else source
        if isinstance(digit, ImageError):
            selection.errors[source.name] = str(digit)
        else:
            digits.append(digit)
    return digits


def read_image(name: str, framing: Framing | None = None) -> Digit:
    """Read one picture as the network sees it, or load one image of a data set.

    Args:
        name: of a picture file, or such as mnist:test:0.
        framing: of the network's training images; None without a network.

    Raises:
        ImageError: the picture cannot be read.
        DataError: there is no such image.
        UsageError: these are several images.
    """
    if selector := find_selectors([name]).get(name):
        digits = _select_digits(selector, _load_split(selector, framing))
        if len(digits) != 1:
            raise UsageError(
                f"{name} names {len(digits):,} images", f"expected one, such as {digits[0].name}"
            )
        return digits[0]
    path = Path(name)
    try:
        reading = frame_digit(read_picture(path), framing or MNIST_FRAMING)
    except ImageError as error:
        raise name_error(path, error) from None
    return Digit(picture_name(path), reading.image)


def report_selection(selection: PictureSelection) -> None:
    """Print what is left out and what cannot be read; fail if a picture cannot be read.

    Raises:
        typer.Exit: there are errors.
    """
    from rich.text import Text

    from mnistcli.cli.console import progress

    if selection.omissions:
        progress().print(f"left out {describe_omissions(selection.omissions)}", soft_wrap=True)
    for message in selection.errors.values():
        progress().print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if selection.errors:
        raise typer.Exit(ImageError.exit_code)


def _load_split(selector: "ImageSelector", framing: Framing | None) -> "LabelledImages":
    from mnistcli.cli.console import progress
    from mnistcli.cli.data import show_notes
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import load_split

    with DownloadDisplay(progress(), quiet=False) as download:
        images = load_split(selector.dataset, selector.split, download)
    show_notes(images.notes)
    if framing and find_framing(images.images).dark_background != framing.dark_background:
        grounds = ("dark", "light") if framing.dark_background else ("light", "dark")
        progress().print(
            f"note: the run was trained on digits on {grounds[0]} ground, {selector.dataset} has "
            f"them on {grounds[1]}; they go to the network as they are",
            style="yellow",
            soft_wrap=True,
        )
    return images


def _select_digits(selector: "ImageSelector", images: "LabelledImages") -> list[Digit]:
    rows = selector.rows(images)
    selected = zip(rows.tolist(), images.images[rows], images.labels[rows].tolist(), strict=True)
    return [Digit(selector.name(row), image, label) for row, image, label in selected]
