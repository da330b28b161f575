"""What a kill leaves at any byte of any write, read by every command.

A real training writes its run directory. Before each file gets its name, and within each line
that is appended, the directory is copied as a kill would leave it there.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from PIL import Image
from trainings import assert_same_training, bare_runs

from mnistcli.data import Dataset
from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory

CONFIG = """\
layers:
  - Dropout: {rate: 0.2}
  - Flatten
  - Dense: {units: 10, activation: softmax}
epochs: 1
batch_size: 700
data: {dataset: digits, validation: 200}
checkpoint: {keep: 1, every_seconds: 1e-9}
"""
# How much of a write is on the disk when the process dies.
CUTS: dict[str, Callable[[int], int]] = {
    "none": lambda size: 0,
    "part": lambda size: size // 2,
    "all but one": lambda size: size - 1,
}


class Camera:
    """Copies a run directory at each write of this process into it."""

    def __init__(self, root: Path, copies: Path) -> None:
        self.root, self.copies = root, copies
        self.is_on = False
        self.taken: list[tuple[str, Path]] = []
        self.names: set[str] = set()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "os.rename" and self.root in Path(arguments[0]).parents:
            self.is_on = False  # copying renames nothing, but opens files
            source, target = Path(arguments[0]), Path(arguments[1])
            self.names.add(target.name)
            cuts = CUTS if source.is_file() else {}
            for name, cut in cuts.items():
                self._take(f"{target.name}, {name}", source, cut(source.stat().st_size))
            self._take(f"{target.name}, before its rename")
            self.is_on = True
        elif event == "open" and arguments[1] == "ab":
            self.is_on = False
            self._take(f"{Path(arguments[0]).name}, before a line")
            self.is_on = True

    def _take(self, name: str, cut: Path | None = None, size: int = 0) -> None:
        copy = self.copies / f"{len(self.taken):03d}"
        shutil.copytree(self.root, copy)
        if cut is not None:
            with (copy / cut.relative_to(self.root)).open("r+b") as file:
                file.truncate(size)
        self.taken.append((name, copy))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "runs").mkdir()
    (folder / "copies").mkdir()
    camera = Camera(folder / "runs", folder / "copies")
    sys.addaudithook(camera)
    camera.is_on = True
    error = invoke("train", folder / "config.yaml", "--run-dir", folder / "runs" / "run")
    camera.is_on = False
    assert error is None
    return camera


def test_every_file_of_a_run_is_written_whole(pictures: Camera) -> None:
    assert {"run", "run.json", "config.yaml", "model.keras", "evaluation.json", "best.npz"} <= (
        pictures.names
    )
    assert {"model.tflite", "calibration.npz", "mistakes.png"} <= pictures.names
    names = {name for name in pictures.names if name.startswith("epoch-")}
    assert {"epoch-0000.npz", "epoch-0001.npz"} < names  # and within the epoch


def test_every_command_reads_what_a_kill_leaves(
    pictures: Camera, digits: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mnistcli.cli.figures.write_run_figures", lambda *_: [])
    whole = RunDirectory(pictures.root / "run")
    picture = tmp_path / "digit.png"
    Image.fromarray(digits.test_images[0]).save(picture)
    resumed: dict[str, str] = {}
    for name, copy in [*pictures.taken, *torn_lines(pictures, tmp_path)]:
        monkeypatch.setenv("MNISTCLI_RUNS_DIR", str(copy))
        run = RunDirectory(copy / "run")
        if not run.path.exists():
            assert isinstance(invoke("evaluate", run.path), RunError)
            continue
        assert invoke("predict", picture) is None, name  # by the built-in run
        if run.read_record().status == "completed":  # the figures come last
            assert invoke("predict", picture, "--run", run.path) is None, name
        state = state_of(run)
        if state in resumed:
            continue
        resumed[state] = name
        has_best = run.best_checkpoint.exists()
        for command in (["evaluate", run.path], ["predict", picture, "--run", run.path]):
            error = invoke(*command)
            assert (error is None) if has_best else "has no checkpoint best.npz" in str(error), name
        with bare_runs():
            assert invoke("train", "--resume", run.path, "--quiet") is None, name
        assert_same_training(run, whole)
        left = [path for path in run.path.rglob(".writing-*") if path.parent != run.figures]
        assert all(path.name.startswith(".writing-evaluation-") for path in left), name
    assert len(resumed) >= 10, resumed


def torn_lines(pictures: Camera, folder: Path) -> Iterator[tuple[str, Path]]:
    """Each copy before a line is appended, with parts of the line."""
    lines = (pictures.root / "run" / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    for name, copy in pictures.taken:
        if name != "metrics.jsonl, before a line":
            continue
        metrics = copy / "run" / "metrics.jsonl"
        before = metrics.read_bytes() if metrics.exists() else b""
        line = lines[before.count(b"\n")]
        for cut_name, cut in CUTS.items():
            torn = folder / f"{copy.name}-{cut_name}"
            shutil.copytree(copy, torn)
            (torn / "run" / "metrics.jsonl").write_bytes(before + line[: cut(len(line))])
            yield f"metrics.jsonl, {cut_name}", torn


def state_of(run: RunDirectory) -> str:
    """What a command reads of a run, as text: no file still being written, and no figure."""
    written = {run.evaluation, *run.figures.glob("*")}
    files = sorted(p for p in run.path.rglob("[!.]*") if p.is_file() and p not in written)
    return json.dumps([(p.name, hash(p.read_bytes())) for p in files])
