"""A short form of `kills.py`."""

import random
from pathlib import Path

from kills import CNN, compare_killed_runs


def test_a_killed_run_resumed_is_the_same_run(tmp_path: Path) -> None:
    config = CNN.replace("epochs: 12", "epochs: 6")
    hits = compare_killed_runs(tmp_path, config, 2, random.Random(0))

    assert len(hits) == 2
