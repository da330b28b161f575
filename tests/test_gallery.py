"""The configs of the gallery build, and two ways to write a network are one network."""

import re
from pathlib import Path

import pytest
from config_texts import Load, shipped_configs

from mnistcli.config import load_config
from mnistcli.data import Dataset
from mnistcli.model import build_network
from mnistcli.training import prepare, train

GALLERY = Path(__file__).parents[1] / "configs"
HEAD = "data: {dataset: digits}\nepochs: 2\nlayers:\n"
SPARSE = "  - Dense: {units: 10, activation: softmax}\n"


@pytest.mark.parametrize(
    "name",
    [str(path.relative_to(GALLERY)) for path in shipped_configs() if path.parent != GALLERY],
)
def test_a_config_builds_and_says_what_it_measured(name: str) -> None:
    path = GALLERY / name
    network = build_network(load_config(path), 10)
    assert network.model.output_shape == (None, 10)
    text = path.read_text(encoding="utf-8")
    assert f"# mnistcli train configs/{name}\n" in text
    source, published = (re.findall(f"# {key}: (.*)", text)[0] for key in ("Source", "Published"))
    measured = re.findall(r"# Measured: (.*) on the test images", text)[0]
    table = (GALLERY / "README.md").read_text(encoding="utf-8").splitlines()
    row = next(line for line in table if f"[{name}]({name})" in line)
    assert re.search(
        rf"\| {re.escape(source)} \| {re.escape(published)} \| "
        rf"{re.escape(measured)}( \(missed\)| \(beaten\))? \|",
        row,
    )
    assert measured.endswith("error") == name.startswith("papers/")


@pytest.mark.usefixtures("bare_runs")
@pytest.mark.parametrize(
    ("one_way", "other_way"),
    [
        (
            f"{HEAD}{SPARSE}loss: sparse_categorical_crossentropy\n",
            f"{HEAD}{SPARSE}loss: categorical_crossentropy\n",
        ),
        (
            f"{HEAD}  - Dense: {{units: 32, activation: relu}}\n{SPARSE}",
            f"{HEAD}  - Flatten: {{name: pixels}}\n"
            "  - Dense: {inputs: pixels, name: hidden, units: 32, activation: relu}\n"
            "  - Dense: {inputs: hidden, units: 10, activation: softmax}\n",
        ),
    ],
    ids=["one-hot labels", "a functional graph"],
)
def test_two_ways_to_write_a_network_give_the_same_numbers(
    one_way: str, other_way: str, load_text: Load, digits: Dataset, tmp_path: Path
) -> None:
    rows = []
    for i, text in enumerate((one_way, other_way)):
        result = train(prepare(load_text(text), digits), tmp_path / str(i))
        rows.append([(row["loss"], row["val_accuracy"]) for row in result.run.read_metrics()])
    for (loss, accuracy), (other_loss, other_accuracy) in zip(*rows, strict=True):
        assert loss == pytest.approx(other_loss, rel=1e-5)
        assert accuracy == other_accuracy
