"""What all commands of `mnistcli show` do with their figure: write it, open it, draw it here."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistcli.cli.options import check_figure
from mnistcli.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import RenderableType

MAX_INLINE_COLUMNS = 120  # wider pictures would be higher than most terminals


class FileFormat(StrEnum):
    """The kinds of files that figures are written as."""

    PNG = "png"
    SVG = "svg"


Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The file to write, .png or .svg; by default in the run's figures/ (data: here).",
        show_default=False,
        callback=check_figure,
    ),
]
Format = Annotated[
    FileFormat | None,
    typer.Option("--format", help="What to write; by default as --out ends, or png."),
]
Dark = Annotated[bool, typer.Option("--dark", help="Draw for a dark background.")]
Show = Annotated[bool, typer.Option("--show", help="Open the picture, where there is a display.")]
Inline = Annotated[
    bool,
    typer.Option(
        "--inline",
        help="Show it in the terminal, too: as a picture where the terminal can (Kitty, iTerm2, "
        "Sixel), else as text.",
    ),
]


@dataclass(frozen=True)
class Output:
    """What the user asked for.

    Attributes:
        out: the file to write; None for the one that belongs to the figure.
        file_format: None to take that of `out`.
        dark: whether it is for a dark background.
        show: whether to open the file.
        inline: whether to draw the figure in the terminal, too.
    """

    out: Path | None
    file_format: FileFormat | None
    dark: bool
    show: bool
    inline: bool

    def write(
        self,
        draw: "Callable[[], Figure]",
        path: Path,
        view: "Callable[[], RenderableType]",
    ) -> None:
        """Draw a figure and write it; open it or show it in the terminal if that was asked for.

        Args:
            draw: makes the figure.
            path: the file to write by default, without its suffix.
            view: makes the text for terminals without pictures.

        Raises:
            RunError: the file cannot be written.
            UsageError: `out` is of another format.
        """
        from mnistcli.cli.console import results
        from mnistcli.cli.figures import has_display, write_figure
        from mnistcli.figures import dark_figures

        path = self._choose_path(path)
        with dark_figures() if self.dark else nullcontext():
            figure = draw()
        write_figure(figure, path)
        if self.inline:
            _show_inline(figure, view)
        results().print(f"Written to {path}", soft_wrap=True)
        if self.show and has_display():
            typer.launch(str(path))
        elif self.show:
            hint = "" if self.inline else "; --inline draws it here"
            results().print(f"There is no display to show it on{hint}")

    def _choose_path(self, path: Path) -> Path:
        if self.out is None:
            return path.with_name(f"{path.name}.{self.file_format or FileFormat.PNG}")
        if self.file_format and self.out.suffix.lower() != f".{self.file_format}":
            raise UsageError(
                f"--format {self.file_format} does not go with {self.out}",
                f"expected a name that ends in .{self.file_format}",
            )
        return self.out


def check_default(out: Path | None, name: str, file_format: FileFormat | None) -> None:
    """Check that a figure in the working folder replaces nothing of the user's."""
    if out is None:
        check_figure(Path(f"{name}.{file_format or FileFormat.PNG}"))


def _show_inline(figure: "Figure", view: "Callable[[], RenderableType]") -> None:
    """Show a figure in the terminal, as pixels or as text."""
    import sys

    from mnistcli.cli.console import results
    from mnistcli.cli.graphics import find_encoder

    width = min(results().width, MAX_INLINE_COLUMNS)  # a pipe has no end
    if encode := find_encoder():
        from mnistcli.figures import render_figure

        text = encode(render_figure(figure), width)
        sys.stdout.write(text + "\n")  # the console would escape it
        sys.stdout.flush()
    else:
        results().print(view(), width=width)
