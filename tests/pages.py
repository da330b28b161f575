"""The commands on the pages of this repository, run as they are printed.

    python tests/pages.py PAGE...

runs the commands in the ```console blocks of each page, one after another, in a new folder with a
link to configs/, and writes what they print under them. `$ cat FILE` of a file that is not there
writes it, from the text under it. A block after the comment `<!-- not run -->` is left alone.
Pictures that the page shows, and that a command made, are put beside the page. The same page in
another language, such as README.ko.md, gets the same blocks. MNIST must be on this machine.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "configs/tutorials/README.md")
COLUMNS = "100"
PICTURE_COLOURS, PICTURE_WIDTH = 256, 1000
_BLOCK = re.compile(r"(?m)(?P<mark>^<!-- not run -->\n)?^```console\n(?P<text>(?s:.*?))^```$")
_PICTURE = re.compile(r'(?:!\[[^]]*\]\(|<img src=")([^/)"]+\.png)[)"]')


@dataclass(frozen=True)
class Step:
    """A command of a page, and the text under it."""

    command: str
    output: str

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.output}"


def read_steps(text: str) -> Iterator[Step]:
    """Return the commands of a block; a line that ends in a backslash goes on in the next."""
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        command, output = re.fullmatch(r"((?:.*\\\n)*.*\n)((?s:.*))", part).groups()  # type: ignore[union-attr]
        yield Step(command.rstrip("\n"), output)


def steps_of(page: Path) -> list[Step]:
    """Return all commands of a page that are run."""
    return [step for block in _blocks(page.read_text("utf-8")) for step in read_steps(block)]


def pictures_of(page: Path) -> list[str]:
    """Return the names of the pictures beside a page that it shows."""
    return _PICTURE.findall(page.read_text("utf-8"))


def twins_of(page: Path) -> list[Path]:
    """Return the same page in other languages."""
    return sorted(page.parent.glob(f"{page.stem}.??{page.suffix}"))


def prepare_folder(folder: Path) -> None:
    """Put into a folder what the commands of pages find there."""
    (folder / "configs").symlink_to(ROOT / "configs")


def write_file(step: Step, folder: Path) -> bool:
    """Write the file that a page shows by `cat`, unless it is there; tell whether it did."""
    found = re.fullmatch(r"cat (\S+)", step.command)
    if not found or (folder / found[1]).exists():
        return False
    (folder / found[1]).write_text(step.output, "utf-8")
    return True


def run_step(step: Step, folder: Path) -> str:
    """Run a command of a page, as a user without a terminal would, and return its output."""
    write_file(step, folder)
    environment = {**os.environ, "COLUMNS": COLUMNS, "NO_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", step.command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def rewrite(page: Path) -> None:
    """Run the commands of a page, and write what they print under them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_folder(folder)

        def run_block(found: re.Match[str]) -> str:
            if found["mark"]:
                return found[0]
            steps = []
            for step in read_steps(found["text"]):
                print(f"$ {step.command}", flush=True)
                lines = [line.rstrip() for line in run_step(step, folder).splitlines()]
                output = "\n".join(lines).strip("\n")
                output = re.sub(r"\n{3,}", "\n\n", f"{output}\n") if output else ""
                steps.append(Step(step.command, output))
            return "```console\n" + "\n".join(map(str, steps)) + "```"

        page.write_text(_BLOCK.sub(run_block, page.read_text("utf-8")), "utf-8")
        for picture in pictures_of(page):
            if (folder / picture).exists():
                _shrink(folder / picture, page.with_name(picture))
    for twin in twins_of(page):
        _copy_blocks(page, twin)


def _copy_blocks(page: Path, twin: Path) -> None:
    """Give a page the blocks of another, in their order."""
    blocks = [found[0] for found in _BLOCK.finditer(page.read_text("utf-8"))]
    text = twin.read_text("utf-8")
    if len(_BLOCK.findall(text)) != len(blocks):
        raise SystemExit(f"{twin} has other blocks than {page}: expected {len(blocks)}")
    rest = iter(blocks)
    twin.write_text(_BLOCK.sub(lambda _: next(rest), text), "utf-8")


def _shrink(source: Path, target: Path) -> None:
    """Write a picture as wide as a page shows it, with a palette: half the bytes."""
    with Image.open(source) as image:
        picture = image.convert("RGB")
    if picture.width > PICTURE_WIDTH:
        height = round(picture.height * PICTURE_WIDTH / picture.width)
        picture = picture.resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    picture.quantize(PICTURE_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def _blocks(text: str) -> list[str]:
    return [found["text"] for found in _BLOCK.finditer(text) if not found["mark"]]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument))
