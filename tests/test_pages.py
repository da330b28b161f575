"""The commands of the pages do what is printed under them."""

import os
import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from commands import run_in_process
from pages import (
    COLUMNS,
    PAGES,
    ROOT,
    Step,
    pictures_of,
    prepare_folder,
    run_step,
    steps_of,
    twins_of,
    write_file,
)

from mnistcli.data import MNIST_DATA_DIR, Dataset, ProgressCallback, find_mnist
from mnistcli.data.mnist import load_mnist


def mask(text: str) -> list[str]:
    """Return lines that are the same on every machine: without numbers, widths and their signs."""
    text = re.sub(r"[<>]?-?\d[\d,.]*", "0", text)
    text = re.sub(r"(?m)^(CPU|GPU|float32).*$", "the machine", text)
    text = re.sub(r"[✗*█▉▊▋▌▍▎▏?]|close call", "", text)
    lines = [re.sub(r"[\s─]+", " ", line).strip() for line in text.splitlines()]
    return [line for line in lines if line]


def output_of(step: Step, folder: Path) -> str:
    """Run a step in this process where no shell is needed: TensorFlow starts once."""
    if write_file(step, folder):
        return step.output
    command, *readers = step.command.replace("\\\n", " ").split(" | ")
    if not command.startswith("mnistcli ") or re.search(r"[;&<>*$]", step.command):
        return run_step(step, folder)
    done = run_in_process(*shlex.split(command)[1:], folder=folder, COLUMNS=COLUMNS, NO_COLOR="1")
    output = done.stdout
    for reader in readers:
        output = subprocess.check_output(shlex.split(reader), input=output, text=True)
    return done.stderr + output


def load_a_tenth(progress: ProgressCallback | None = None) -> Dataset:
    """The first images of MNIST: all of them would take most of a minute to train on."""
    mnist = load_mnist(progress)
    return replace(
        mnist,
        train_images=mnist.train_images[:7_000],
        train_labels=mnist.train_labels[:7_000],
        test_images=mnist.test_images[:1_000],
        test_labels=mnist.test_labels[:1_000],
    )


@pytest.mark.skipif(
    find_mnist() is None and MNIST_DATA_DIR not in os.environ, reason="the pages show MNIST"
)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_what_its_commands_print(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistcli.data.load.load_mnist", load_a_tenth)
    prepare_folder(tmp_path)
    page = ROOT / name
    steps = steps_of(page)
    assert steps
    for step in steps:
        assert mask(output_of(step, tmp_path)) == mask(step.output), step.command
    for picture in pictures_of(page):
        assert (tmp_path / picture).exists()
        assert page.with_name(picture).exists()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_in_other_languages(name: str) -> None:
    page = ROOT / name
    for twin in twins_of(page):
        assert steps_of(twin) == steps_of(page)
        assert pictures_of(twin) == pictures_of(page)
