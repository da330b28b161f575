"""`mnistcli show images`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mnistcli.cli.show_output import Dark, Format, Inline, Out, Output, Show, check_default
from mnistcli.errors import UsageError

MAX_IMAGES = 100


def show_images(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="Images of a data set by number, such as mnist:train:0-8, or picture files.",
            show_default=False,
        ),
    ],
    out: Out = None,
    file_format: Format = None,
    dark: Dark = False,
    show: Show = False,
    inline: Inline = False,
) -> None:
    """Draw images as a network sees them, each with its label or name."""
    from mnistcli.cli.figure_views import ImagesView
    from mnistcli.cli.predict_sources import (
        find_selectors,
        find_sources,
        read_sources,
        report_selection,
    )
    from mnistcli.figures import draw_images
    from mnistcli.images import MNIST_FRAMING, PictureSelection

    check_default(out, "images", file_format)
    selection = PictureSelection()
    sources = find_sources(images, find_selectors(images), None, False, selection)
    if len(sources) > MAX_IMAGES:
        raise UsageError(
            f"images draws at most {MAX_IMAGES} images, got {len(sources):,}",
            "expected fewer, such as mnist:train:0-8",
        )
    digits = read_sources(sources, MNIST_FRAMING, False, selection)
    if digits:
        captions = [
            digit.name if digit.label is None else f"{digit.name} is {digit.label}"
            for digit in digits
        ]
        pictures = [digit.image for digit in digits]
        output = Output(out, file_format, dark, show, inline)
        output.write(
            partial(draw_images, pictures, captions),
            Path("images"),
            partial(ImagesView, pictures, captions),
        )
    report_selection(selection)
