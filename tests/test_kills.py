"""Short forms of `kills.py` and `sweep_kills.py`."""

import random
from pathlib import Path

from kills import CNN, compare_killed_runs
from sweep_kills import SWEEP, compare_killed_sweeps


def test_a_killed_run_resumed_is_the_same_run(tmp_path: Path) -> None:
    """With the kernels that the command chooses; test_training_resume has the others, too."""
    config = CNN.replace("epochs: 12", "epochs: 2")
    hits = compare_killed_runs(tmp_path, config, 1, random.Random(5))  # after 62 % of its time

    assert len(hits) == 1


def test_a_killed_sweep_resumed_is_the_same_sweep(tmp_path: Path) -> None:
    sweep = SWEEP.replace("trials: 8", "trials: 2").partition("confirm:")[0]
    hits = compare_killed_sweeps(tmp_path, 1, 1, random.Random(0), sweep)

    assert len(hits) == 1
