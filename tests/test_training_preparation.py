"""What is checked and settled before a training begins."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from config_texts import Load
from trainings import (
    DENSE,
    IDLE,
    TEXT,
)

from mnistcli.data import Dataset, load_dataset
from mnistcli.errors import ConfigError
from mnistcli.training import (
    prepare,
    try_one_step,
)


def test_a_split_in_images_is_kept_for_a_fallback_of_one_s_own(load_text: Load) -> None:
    text = f"layers:\n{DENSE}data: {{dataset: ./nowhere, fallback: digits, validation: 100}}\n"
    dataset = load_dataset("./nowhere", "digits")

    preparation = prepare(load_text(text), dataset)

    assert preparation.file.config.data.validation == 100
    assert len(preparation.splits.validation) == 100


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("unit", lambda pixels, _: pixels / 255),
        ("centered", lambda pixels, _: pixels / 127.5 - 1),
        ("standard", lambda pixels, train: (pixels - train.mean()) / train.std()),
    ],
)
def test_pixels_are_normalized_by_the_training_images(
    load_text: Load,
    digits: Dataset,
    normalize: str,
    expected: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> None:
    text = f"layers:\n{DENSE}data: {{dataset: digits, normalize: {normalize}, validation: 700}}\n"
    preparation = prepare(load_text(text), digits)
    first = preparation.network.model.get_layer("normalize")

    train_images = preparation.splits.train.images[:].astype(np.float64)
    for images in (train_images, digits.test_images):
        got = np.asarray(first(images.astype(np.float32)))
        np.testing.assert_allclose(got, expected(images, train_images), rtol=1e-4, atol=1e-5)


def test_sizes_are_checked_against_the_data(load_text: Load, digits: Dataset) -> None:
    text = f"layers:\n{DENSE}batch_size: 1500\ndata:\n  dataset: ./own\n  validation: 1438\n"
    own = dataclasses.replace(digits, name="./own")

    with pytest.raises(ConfigError, match=r"small\.yaml:6:15: error: data\.validation: expected"):
        prepare(load_text(text), own)
    with pytest.raises(ConfigError, match=r"small\.yaml:3:13: error: batch_size: expected at m"):
        prepare(load_text(text, "data.validation=10"), own)
    assert len(prepare(load_text(text, "data.validation=1437", "batch_size=1"), own).splits.train)


def test_all_of_digits_but_one_can_be_held_out(load_text: Load, digits: Dataset) -> None:
    file = load_text(IDLE, "data.validation=1437", "batch_size=1")

    assert len(prepare(file, digits).splits.train) == 1


def test_a_dry_run_writes_nothing(
    load_text: Load, digits: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs_dir.parent)

    dry_run = try_one_step(prepare(load_text(TEXT), digits))

    assert dry_run.steps_per_epoch == 13
    assert 0 < 3 * dry_run.seconds_per_epoch == pytest.approx(dry_run.seconds_in_all)
    assert list(runs_dir.parent.iterdir()) == []
