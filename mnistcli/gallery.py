"""The configs that come with mnistcli, by name: quickstart, papers/lenet5, sweeps/mlp."""

import os
import re
import shlex
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from mnistcli.errors import printable

_PACKAGE = Path(__file__).parent
# What the head of a config says first.
_TITLE = re.compile(r".*?(?=[.?] [A-Z]| \(|: |[.?]?$)")
_MEASURED = re.compile(r"Measured: ([\d.]+)% ± ([\d.]+)( error)?.*?([\d,]+) s without the start")


@dataclass(frozen=True)
class ShippedConfig:
    """A config, or a sweep file, that comes with mnistcli.

    Attributes:
        name: such as "papers/lenet5".
        title: what its header says first.
        accuracy: the mean of its accuracies on the test images, in [0, 1]; None: not measured.
        deviation: that of the accuracies of its seeds.
        seconds: how long a run took.
    """

    name: str
    title: str
    accuracy: float | None = None
    deviation: float | None = None
    seconds: float | None = None


def gallery_folder() -> Path:
    """Return the folder of the configs: in the installed package, or else in the checkout."""
    folder = _PACKAGE / "configs"
    return folder if folder.is_dir() else _PACKAGE.parent / "configs"


def list_names() -> list[str]:
    """Return the names of all configs and sweep files; those in no folder come first."""
    folder = gallery_folder()
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")]
    return sorted(names, key=lambda name: ("/" in name, name))


def find_config(path: Path) -> Path:
    """Return the path of a config that a user names: the file, or else the shipped one."""
    if os.path.isfile(path) or path.as_posix() not in list_names():  # noqa: PTH113
        return path
    return gallery_folder() / f"{path}.yaml"


def describe_config(name: str) -> ShippedConfig:
    """Return what the header of a shipped config says."""
    lines = (gallery_folder() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    head = [line[2:].strip() for line in lines if line.startswith("# ")]
    words = [line for line in head if not line.startswith("yaml-language-server")]
    sentences = " ".join(takewhile(lambda line: not line.startswith("mnistcli "), words))
    title = "".join(_TITLE.findall(sentences)[:1])
    measured = _MEASURED.search(" ".join(words))
    if not measured:
        return ShippedConfig(name, title)
    percent, deviation, is_error, seconds = measured.groups()
    share = round(float(percent) / 100, 6)
    return ShippedConfig(
        name,
        title,
        accuracy=round(1 - share, 6) if is_error else share,
        deviation=round(float(deviation) / 100, 6),
        seconds=float(seconds.replace(",", "")),
    )


def copy_config(name: str, path: Path) -> str:
    """Return the text of a shipped config for another place.

    The line that names the schema is left out, because it names a file beside the original.

    Args:
        name: one of `list_names`.
        path: that of the copy, which its header then names.
    """
    text = (gallery_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^# yaml-language-server.*\n", "", text)
    file_name = printable(shlex.quote(str(path)))
    text = text.replace(f" configs/{name}.yaml\n", f" {file_name}\n", 1)
    # A sweep file names its config from its own folder.
    return re.sub(r"(?m)^config: \.\./(.+)\.yaml$", r"config: \1", text)
