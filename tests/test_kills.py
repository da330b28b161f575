"""A short form of `kills.py`."""

import random
from pathlib import Path

from kills import CNN, compare_killed_runs


def test_a_killed_run_resumed_is_the_same_run(tmp_path: Path) -> None:
    """With the kernels that the command chooses; test_training_resume has the others, too."""
    config = CNN.replace("epochs: 12", "epochs: 3")
    hits = compare_killed_runs(tmp_path, config, 1, random.Random(5))  # after 62 % of its time

    assert len(hits) == 1
