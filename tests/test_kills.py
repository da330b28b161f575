"""A short form of `kills.py`."""

import random
from pathlib import Path

import pytest
from kills import CNN, compare_killed_runs

from mnistcli.execution import ONEDNN_SETTING


@pytest.mark.parametrize("setting", ["0", "1"], ids=["Eigen", "oneDNN"])
def test_a_killed_run_resumed_is_the_same_run(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONEDNN_SETTING, setting)
    config = CNN.replace("epochs: 12", "epochs: 6")
    hits = compare_killed_runs(tmp_path, config, 1, random.Random(0))

    assert len(hits) == 1
