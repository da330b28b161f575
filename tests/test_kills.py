"""Short forms of `kills.py` and `sweep_kills.py`."""

import random
from pathlib import Path

import pytest
from kills import CNN, compare_killed_runs
from sweep_kills import SWEEP, compare_killed_sweeps

from mnistcli.execution import ONEDNN_SETTING


@pytest.mark.parametrize("setting", ["0", "1"], ids=["Eigen", "oneDNN"])
def test_a_killed_run_resumed_is_the_same_run(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONEDNN_SETTING, setting)
    config = CNN.replace("epochs: 12", "epochs: 6")
    hits = compare_killed_runs(tmp_path, config, 1, random.Random(0))

    assert len(hits) == 1


def test_a_killed_sweep_resumed_is_the_same_sweep(tmp_path: Path) -> None:
    sweep = SWEEP.replace("trials: 8", "trials: 3").partition("confirm:")[0]
    hits = compare_killed_sweeps(tmp_path, 1, 1, random.Random(0), sweep)

    assert len(hits) == 1
