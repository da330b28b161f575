"""Records of runs, for tests that train nothing, or change what was trained."""

import shutil
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mnistcli.config import dump_config, parse_config
from mnistcli.runs import DatasetRecord, RunDirectory, RunRecord


def make_record(**fields: Any) -> RunRecord:
    """Return the record of a run of `digits` that goes on, but for some fields."""
    dataset = DatasetRecord(
        name="digits",
        source="scikit-learn",
        sha256={"train_images": "0" * 64},
        num_classes=10,
        training_images=1238,
        validation_images=200,
        test_images=359,
        pixel_scale=1 / 255,
        pixel_offset=0.0,
    )
    values: dict[str, Any] = {
        "status": "running",
        "started": "2026-11-21T08:00:00",
        "dataset": dataset,
    }
    return RunRecord(**values | fields)


ON_MNIST = replace(make_record().dataset, name="mnist")


def alter(run: Path, target: Path, *overrides: str, **fields: Any) -> Path:
    """Copy a run, and change its config and its record as if it had been trained so."""
    copy = RunDirectory(shutil.copytree(run, target))
    record = copy.read_record()
    config = dump_config(parse_config(copy.config.read_text(), "altered", overrides).config)
    copy.config.write_text(config)
    copy.write_record(replace(record, config=config, **fields))
    return target


def alter_dataset(run: Path, target: Path, *overrides: str, **fields: Any) -> Path:
    """Do what `alter` does, with changes of the record's data."""
    dataset = RunDirectory(run).read_record().dataset
    return alter(run, target, *overrides, dataset=replace(dataset, **fields))


def without_file(run: Path, target: Path, name: str) -> Path:
    """Copy a run but for one file."""
    shutil.copytree(run, target)
    (target / name).unlink()
    return target
