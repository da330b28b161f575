"""A record of a run, for tests that train nothing."""

from typing import Any

from msgspec.structs import replace

from mnistcli.runs import DatasetRecord, RunRecord


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
