"""The images that the arguments of `mnistcli predict` name: pictures, and images of data sets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mnistcli.errors import DataError, ImageError
from mnistcli.images import (
    Digit,
    Framing,
    PictureFile,
    PictureSelection,
    draw_stages,
    find_framing,
    leads_to_file,
    read_digits,
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
    framing: Framing,
    labelled: bool,
    selection: PictureSelection,
) -> list[PictureFile | Digit]:
    """Find the pictures and load the images that the names stand for, in their order.

    Args:
        names: the arguments.
        selectors: of those names that stand for images of a data set.
        framing: of the network's training images.
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


def _load_split(selector: "ImageSelector", framing: Framing) -> "LabelledImages":
    from mnistcli.cli.console import progress
    from mnistcli.cli.data import show_notes
    from mnistcli.cli.download import DownloadDisplay
    from mnistcli.data import load_split

    with DownloadDisplay(progress(), quiet=False) as download:
        images = load_split(selector.dataset, selector.split, download)
    show_notes(images.notes)
    if find_framing(images.images).dark_background != framing.dark_background:
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
