"""`mnistcli summary`, as typed."""

import json
from pathlib import Path

import pytest
from commands import run_in_process

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("columns", [60, 80])
def test_a_graph_shows_its_connections(tmp_path: Path, columns: int) -> None:
    arguments = ("summary", CONFIGS / "resnet.yaml")
    done = run_in_process(*arguments, folder=tmp_path, COLUMNS=str(columns))
    assert done.returncode == 0, done.stderr
    assert "parameters" in done.stdout
    assert "19,898" in done.stdout
    if columns >= 80:
        assert "stem, block1" in done.stdout
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= columns
    assert list(tmp_path.iterdir()) == []


def test_the_numbers_of_a_dense_network_with_an_override(tmp_path: Path) -> None:
    option = ("--set", "layers.1.Dense.units=7")
    done = run_in_process("summary", CONFIGS / "mlp.yaml", *option, "--json", folder=tmp_path)
    told = json.loads(done.stdout)
    assert told["parameters"] == 784 * 7 + 7 + 7 * 10 + 10
    (dense,) = [layer for layer in told["layers"] if layer["name"] == "dense"]
    # A multiplication and an addition for each weight, an addition for each bias.
    assert dense["flops"] == 2 * 784 * 7 + 7
    assert told["flops"] == sum(layer["flops"] for layer in told["layers"])
