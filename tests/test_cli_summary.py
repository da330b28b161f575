"""`mnistcli summary`, as typed."""

import json
import shutil
from pathlib import Path

import pytest
from commands import invoke, run_in_process

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


def test_a_run_is_summarized_as_it_was_trained(trained_run: Path, tmp_path: Path) -> None:
    done = run_in_process("summary", trained_run, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"mnistcli predict IMAGE --run {trained_run}" in " ".join(done.stdout.split())
    run = shutil.copytree(trained_run, tmp_path / "run")
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("units: 32", "units: 33"))

    error = invoke("summary", run)

    assert "was changed after the run was trained" in str(error)
    assert "--set does not go with a run" in str(invoke("summary", run, "--set", "seed=1"))


def test_the_built_in_run_is_summarized(tmp_path: Path) -> None:
    done = run_in_process("summary", "builtin", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["parameters"] > 100_000
