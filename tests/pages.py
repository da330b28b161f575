"""The commands on the pages of this repository, run as they are printed.

    python tests/pages.py PAGE...

runs the commands in the ```console blocks of each page, one after another, in a new folder with a
link to configs/, and writes what they print under them. `$ cat FILE` of a file that is not there
writes it, from the text under it. A block that follows the comment `<!-- not run -->` is left alone.
MNIST must be on this machine.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "configs/tutorials/README.md", "mnistcli/README.md", "configs/README.md")
_BLOCK = re.compile(r"(?m)(?P<mark>^<!-- not run -->\n)?^```console\n(?P<text>(?s:.*?))^```$")


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


def run_step(step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in a folder, as a user without a terminal would."""
    if found := re.fullmatch(r"cat (\S+)", step.command):
        file = folder / found[1]
        if not file.exists():
            file.write_text(step.output, "utf-8")
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        ["bash", "-c", step.command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def rewrite(page: Path) -> None:
    """Run the commands of a page, and write what they print under them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "configs").symlink_to(ROOT / "configs")

        def run_block(found: re.Match[str]) -> str:
            if found["mark"]:
                return found[0]
            text = found["text"]
            for step in read_steps(text):
                print(f"$ {step.command}", flush=True)
                done = run_step(step, folder)
                lines = [line.rstrip() for line in done.stdout.splitlines()]
                output = "".join(f"{line}\n" for line in lines)
                text = text.replace(str(step), str(Step(step.command, output)))
            return f"```console\n{text}```"

        page.write_text(_BLOCK.sub(run_block, page.read_text("utf-8")), "utf-8")


def _blocks(text: str) -> list[str]:
    return [found["text"] for found in _BLOCK.finditer(text) if not found["mark"]]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument))
