"""Many pictures, read by several processes."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import COMMAND, PATIENCE_SECONDS, command_environment, wait_until
from PIL import Image

from mnistcli.data import Dataset
from mnistcli.errors import ImageError
from mnistcli.images import Digit, PictureFile, read_digits


@pytest.fixture
def files(tmp_path: Path, digits: Dataset) -> list[PictureFile]:
    """160 pictures, of which every fifth is none."""
    files = []
    for i in range(160):
        path = tmp_path / f"{i}.png"
        Image.fromarray(255 - digits.test_images[i]).resize((112, 112)).save(path)
        if i % 5 == 0:
            path.write_bytes(b"no picture")
        files.append(PictureFile(path, label=i))
    return files


def children() -> set[multiprocessing.process.BaseProcess]:
    return set(multiprocessing.active_children())


def assert_same(found: list[Digit | ImageError], expected: list[Digit | ImageError]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, ImageError):
            assert str(one) == str(other)
        else:
            assert isinstance(one, Digit)
            assert (one.name, one.label) == (other.name, other.label)
            assert np.array_equal(one.image, other.image)


def start(
    files: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Digit | ImageError]:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    return read_digits(files)


@pytest.mark.parametrize("is_killed", [False, True])
def test_other_processes_read_the_same(
    is_killed: bool, files: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [digit for i in range(0, 160, 40) for digit in read_digits(files[i : i + 40])]
    many = start(files, monkeypatch)
    found = [next(many)]
    workers = children()
    assert len(workers) == 2
    if is_killed:
        for worker in workers:
            worker.kill()
    found += many
    assert_same(found, few)
    assert not children() & workers


def test_one_core_needs_no_other_process(
    files: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    before = children()
    many = read_digits(files)
    next(many)
    assert children() == before


def test_whoever_stops_early_leaves_no_process(
    files: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = start(files, monkeypatch)
    next(many)
    workers = children()
    assert isinstance(many, Generator)
    many.close()
    assert workers
    assert not children() & workers


def test_control_c_ends_all_processes_without_tracebacks(trained_run: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")  # a second or so for 16 of them
    process = subprocess.Popen(
        [COMMAND, "predict", *["noise.png"] * 2000, "--run", trained_run],
        cwd=tmp_path,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: listed.read_text().split(), process)
    workers = listed.read_text().split()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert not any(Path("/proc", worker).exists() for worker in workers)
